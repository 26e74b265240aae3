"""The interface of a sink, which takes the curves of one attempt, in order."""

from collections.abc import Callable, Sequence
from typing import Protocol

from jobs.database.records import Claim, MetricPoint


class Sink(Protocol):
    """A sink of one attempt. If it raises an error, the job goes on without it."""

    def write(self, points: Sequence[MetricPoint], at: float) -> None:
        """Write points that are in SQL.

        Args:
            points: Points, in order of steps for each metric and replica.
            at: When they were written, in seconds since 1970.
        """

    def close(self, status: str) -> None:
        """Close the sink with ``succeeded``, ``failed``, ``cancelled``, or ``queued`` if another attempt follows."""


OpenSink = Callable[[Claim], Sink]


def tag(point: MetricPoint, *, many: bool) -> str:
    """Return the series name of a point; it includes the replica if there are several."""
    return f"{point.metric}/replica_{point.replica}" if many else point.metric
