"""The restart policy for services of the stack that died: the back-off, and when to give up."""

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
GROWTH = 2.0
MAX_DEATHS_IN_A_ROW = 5
STABLE_AFTER_S = 60.0


class RestartBackoff:
    """Back-off for one service: 0.5, 1, 2, 4 s and so on; it starts anew after a minute of life.

    Args:
        gives_up: Whether five deaths in a row are enough; without, it is tried again every 30 s at least.
    """

    def __init__(self, *, gives_up: bool) -> None:
        self._gives_up = gives_up
        self._deaths = 0

    def pause_after(self, lived_s: float) -> float | None:
        """Seconds to wait before the next start, or None to give up.

        Args:
            lived_s: How long the part had lived when it died.
        """
        self._deaths = 1 if lived_s >= STABLE_AFTER_S else self._deaths + 1
        if self._gives_up and self._deaths >= MAX_DEATHS_IN_A_ROW:
            return None
        return min(FIRST_PAUSE_S * GROWTH ** min(self._deaths - 1, 100), LONGEST_PAUSE_S)
