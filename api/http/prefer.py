"""Parses the ``Prefer`` header (RFC 7240)."""

import re
from typing import Final

LONGEST_WAIT_S: Final = 60
_WAIT = re.compile(r"(?:^|[,;])\s*wait\s*=\s*\"?([0-9]{1,9})")


def preferred_wait_s(prefer: str) -> int:
    """The ``wait`` seconds of a ``Prefer`` header, at most 60; 0 if it has none."""
    found = _WAIT.search(prefer.lower())
    return min(int(found[1]), LONGEST_WAIT_S) if found else 0
