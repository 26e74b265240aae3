"""The plan of a group of ranks, ``plan.json``: the supervisor writes it, and each rank reads it."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from jobs.spec.base import ACCEPTED
from jobs.spec.image_limits import ImageLimits
from jobs.spec.runnable import ProbeRun, RangeTestJob, TrainingJob

FILE = "plan.json"


class Resume(BaseModel):
    """The checkpoint to go on from: its file, its SHA-256 and the number of steps done by then."""

    model_config = ConfigDict(frozen=True)

    path: Path
    sha256: str
    step: int


class Host(BaseModel):
    """Where things lie on a host, and what is allowed there: the part of a plan that jobs of all kinds have.

    Attributes:
        job_id: Id of the job.
        datasets_dir: Where dataset files are.
        allow_downloads: Whether missing ones may be downloaded.
        resident_bytes: A larger dataset is streamed to the device.
        stream_workers: Threads that do so.
        image_limits: Of the pixels of an uploaded dataset.
        checkpoint_interval_s: Time between two checkpoints.
        collective_timeout_s: How long ranks may wait for each other.
        resume: The checkpoint to go on from.
    """

    model_config = ConfigDict(frozen=True, ser_json_inf_nan="constants")

    job_id: str = ""
    datasets_dir: Path = Path()
    allow_downloads: bool = False
    resident_bytes: int
    stream_workers: int = 0
    image_limits: ImageLimits | None = None
    checkpoint_interval_s: float
    collective_timeout_s: float
    resume: Resume | None = None

    def write(self, folder: Path) -> None:
        """Write the plan into the folder of its group of ranks."""
        (folder / FILE).write_text(self.model_dump_json())


class TrainingPlan(Host, TrainingJob):
    """The plan of a training."""


class LrFindPlan(Host, RangeTestJob):
    """The plan of a range test, of which several groups of ranks may each do some pieces.

    Attributes:
        pieces_dir: Where groups note the pieces that they have taken; see `worker.rundir.control_files`.
        first_piece: The one that this group begins with.
        probes: The pieces, where they are no replicas.
        start: A checkpoint of another job, whose weights the range test starts from.
    """

    pieces_dir: Path = Path()
    first_piece: int = 0
    probes: tuple[ProbeRun, ...] = ()
    start: Resume | None = None


Plan = TrainingPlan | LrFindPlan
_PLAN: TypeAdapter[Plan] = TypeAdapter(Annotated[Plan, Field(discriminator="kind")])


def read_plan(folder: Path) -> Plan:
    """Read the plan of a group of ranks; the rules of requests are not applied again."""
    return _PLAN.validate_json((folder / FILE).read_text(), context=ACCEPTED)
