"""Rate limits: one token bucket per client, in the memory of this process."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

MOST_BUCKETS = 10_000


class Buckets:
    """Token buckets by name. Each process of the API counts for itself.

    Args:
        rate_per_s: Tokens added per second.
        burst: Tokens in a full bucket.
        clock: Monotonic time in seconds.
    """

    def __init__(self, rate_per_s: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate_per_s, self._burst, self._clock = rate_per_s, burst, clock
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()  # tokens, and the time of that count
        self._lock = threading.Lock()

    def take(self, name: str) -> float:
        """Take a token.

        Returns:
            0 if a token was taken, otherwise the seconds until one is available.
        """
        with self._lock:
            tokens, now = self._level(name)
            missing = max(0.0, 1 - tokens)
            self._put(name, tokens if missing else tokens - 1, now)
            return missing / self._rate_per_s

    def _level(self, name: str) -> tuple[float, float]:
        now = self._clock()
        tokens, then = self._levels.get(name, (float(self._burst), now))
        return min(float(self._burst), tokens + (now - then) * self._rate_per_s), now

    def _put(self, name: str, tokens: float, now: float) -> None:
        self._levels[name] = (tokens, now)
        self._levels.move_to_end(name)
        if len(self._levels) > MOST_BUCKETS:  # the least recently used buckets are full again, or nearly
            self._levels.popitem(last=False)
