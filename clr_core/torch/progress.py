"""A line of progress on a terminal."""

import sys
import time
from types import TracebackType
from typing import Final, Self

_WIDTH: Final = 30
_INTERVAL_S: Final = 0.1


class Progress:
    """A bar on standard error, drawn anew a few times a second and wiped at the end.

    Args:
        shown: Whether to draw at all; None draws on a terminal only.
    """

    def __init__(self, shown: bool | None) -> None:
        self._shown = sys.stderr.isatty() if shown is None else shown
        self._drawn = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wipe the line."""
        if self._shown and self._drawn:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def at(self, sweep: int, sweeps: int, fraction: float, text: str) -> None:
        """Draw that sweep number ``sweep`` (from zero) of ``sweeps`` has come so far, unless it was drawn just now."""
        now = time.monotonic()
        if not self._shown or now - self._drawn < _INTERVAL_S:
            return
        self._drawn = now
        bar = ("#" * round(fraction * _WIDTH)).ljust(_WIDTH, ".")
        sys.stderr.write(f"\r\x1b[Ksweep {sweep + 1}/{sweeps} [{bar}] {text}")
        sys.stderr.flush()
