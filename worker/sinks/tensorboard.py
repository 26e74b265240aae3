"""TensorBoard event files: one folder for each job, one file for each attempt."""

from collections.abc import Sequence
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from jobs.database.records import Claim, MetricPoint
from worker.sinks.sink import OpenSink, tag


class TensorBoardSink:
    """Writes scalars, without TensorFlow and without torch.

    Args:
        folder: Folder of the job; created if missing.
        from_step: Step at which the attempt begins. TensorBoard drops points of earlier attempts from this step on.
        many: Whether names include the replica.
    """

    def __init__(self, folder: Path, from_step: int, *, many: bool) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._writer, self._many = EventFileWriter(str(folder)), many
        self._writer.add_event(Event(step=from_step, session_log=SessionLog(status=SessionLog.START)))

    def write(self, points: Sequence[MetricPoint], at: float) -> None:
        """Add one event per point. NaN and infinities are kept."""
        for point in points:
            value = Summary.Value(tag=tag(point, many=self._many), simple_value=point.raw)
            self._writer.add_event(Event(wall_time=at, step=point.step, summary=Summary(value=[value])))
        self._writer.flush()

    def close(self, status: str) -> None:
        """Close the file."""
        del status
        self._writer.close()


def opener(where: str) -> OpenSink:
    """Return an opener of sinks under the folder ``where``."""

    def open_one(claim: Claim) -> TensorBoardSink:
        return TensorBoardSink(Path(where) / claim.job_id, claim.resume_step, many=claim.kind == "lr_find")

    return open_one
