"""When steps were done, from the lines of a report: see `jobs.curves.elapsed_time`."""

from collections.abc import Iterator
from typing import Any

from jobs.curves.elapsed_time import METRIC
from jobs.database.records import MetricPoint


class Clock:
    """Makes a point of the time at the last step of a line, and for the first line of a replica at its first step.

    Args:
        base_s: Seconds that earlier attempts have trained up to where this one goes on.
    """

    def __init__(self, base_s: float) -> None:
        self._base_s = base_s
        self._last: dict[int, int] = {}

    def points(self, line: dict[str, Any]) -> Iterator[MetricPoint]:
        """Points of a ``points`` line; none where it tells more of steps that are known already."""
        steps, replica, (since_s, until_s) = line["steps"], line.get("replica", 0), line["clock"]
        if steps[-1] <= self._last.get(replica, -1):
            return
        if replica not in self._last and len(steps) > 1:
            first_s = since_s + (until_s - since_s) / len(steps)
            yield MetricPoint(METRIC, replica, steps[0], self._base_s + first_s)
        self._last[replica] = steps[-1]
        yield MetricPoint(METRIC, replica, steps[-1], self._base_s + until_s)
