"""The interface of a sink, which takes the curves of one attempt, in order."""

from collections.abc import Callable, Sequence
from typing import Protocol

from jobs.database.records import Claim, MetricPoint


class Sink(Protocol):
    """Takes what one attempt reports. Whatever it raises, the job goes on without it."""

    def write(self, points: Sequence[MetricPoint], at: float) -> None:
        """Take points that stand in SQL by now.

        Args:
            points: In order of steps for each metric and replica.
            at: Seconds since 1970 at which they were written.
        """

    def close(self, status: str) -> None:
        """The attempt is over: ``succeeded``, ``failed``, ``cancelled``, or ``queued`` for another one."""


OpenSink = Callable[[Claim], Sink]


def tag(point: MetricPoint, *, many: bool) -> str:
    """Name of the series that a point belongs to; replicas are told apart where there are several."""
    return f"{point.metric}/replica_{point.replica}" if many else point.metric
