"""When a part of the stack that died is started again, and when that is given up."""

FIRST_PAUSE_S = 0.5
GROWTH = 2.0
MAX_DEATHS_IN_A_ROW = 5
STABLE_AFTER_S = 60.0


class Restarts:
    """Back-off for one part: 0.5, 1, 2, 4 s, then no more; a minute of life wipes the slate."""

    def __init__(self) -> None:
        self._deaths = 0

    def pause_after(self, lived_s: float) -> float | None:
        """Seconds to wait before the next start, or None to give up.

        Args:
            lived_s: How long the part had lived when it died.
        """
        self._deaths = 1 if lived_s >= STABLE_AFTER_S else self._deaths + 1
        if self._deaths >= MAX_DEATHS_IN_A_ROW:
            return None
        return FIRST_PAUSE_S * GROWTH ** (self._deaths - 1)
