"""The back-off before a dead service of the stack is restarted, and when to give up."""

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
GROWTH = 2.0
MAX_DEATHS_IN_A_ROW = 5
STABLE_AFTER_S = 60.0


class RestartBackoff:
    """Back-off for one service: 0.5, 1, 2, 4 s and so on. It is reset after the service has run for a minute.

    Args:
        gives_up: Whether to give up after five deaths in a row. If not, the service is restarted at least every 30 s.
    """

    def __init__(self, *, gives_up: bool) -> None:
        self._gives_up = gives_up
        self._deaths = 0

    def pause_after(self, lived_s: float) -> float | None:
        """Return the seconds to wait before the next start, or None to give up.

        Args:
            lived_s: How long the service had run when it died.
        """
        self._deaths = 1 if lived_s >= STABLE_AFTER_S else self._deaths + 1
        if self._gives_up and self._deaths >= MAX_DEATHS_IN_A_ROW:
            return None
        return min(FIRST_PAUSE_S * GROWTH ** min(self._deaths - 1, 100), LONGEST_PAUSE_S)
