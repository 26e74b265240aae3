"""What a ``Prefer`` header asks for (RFC 7240)."""

import re
from typing import Final

LONGEST_WAIT_S: Final = 60
_WAIT = re.compile(r"(?:^|[,;])\s*wait\s*=\s*\"?([0-9]{1,9})")


def preferred_wait_s(prefer: str) -> int:
    """Seconds that a ``Prefer`` header asks to wait, 60 at most; 0 where it does not say."""
    found = _WAIT.search(prefer.lower())
    return min(int(found[1]), LONGEST_WAIT_S) if found else 0
