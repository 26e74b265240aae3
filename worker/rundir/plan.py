"""The plan of a rank: ``plan.json``, written by the supervisor."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from jobs.spec.conditions import Conditions
from jobs.spec.image_limits import ImageLimits
from jobs.spec.job import LrFindSpec, TrainSpec, job_spec


@dataclass(frozen=True, slots=True)
class Resume:
    """The checkpoint to go on from: its file, its SHA-256 and the number of steps done by then."""

    path: Path
    sha256: str
    step: int


@dataclass(frozen=True, slots=True)
class Probe:
    """A short 1cycle run with one peak rate: its number, its rung, which run of its rate it is, rate and steps."""

    number: int
    rung: int
    run: int
    lr: float
    steps: int


@dataclass(frozen=True, slots=True)
class Plan:
    """The spec, and where things lie on this host."""

    spec: LrFindSpec | TrainSpec
    conditions: Conditions
    resolved: dict[str, Any]
    datasets_dir: Path
    allow_downloads: bool
    checkpoint_interval_s: float
    collective_timeout_s: float
    resume: Resume | None
    start: Resume | None  # a checkpoint of another job, whose weights a range test starts from
    resident_bytes: int
    stream_workers: int
    pieces_dir: Path  # what groups of ranks have taken of the job; see `worker.rundir.control_files`
    first_piece: int  # that which this group begins with
    probes: tuple[Probe, ...] = ()  # the pieces, where they are no replicas
    job_id: str = ""
    image_limits: ImageLimits | None = None  # of the pixels of an uploaded dataset

    @property
    def kind(self) -> str:
        """Which kind of job this is."""
        return self.spec.kind

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a plan that the supervisor has written."""
        document = json.loads(path.read_text())
        resume, start = document["resume"], document.get("start")
        spec = job_spec.validate_python(document["spec"])
        assert isinstance(spec, LrFindSpec | TrainSpec)  # noqa: S101 - no worker claims others
        return cls(
            spec=spec,
            conditions=Conditions.model_validate(document["spec"]["conditions"]),
            resolved=document["resolved"],
            datasets_dir=Path(document["datasets_dir"]),
            allow_downloads=document["allow_downloads"],
            checkpoint_interval_s=document["checkpoint_interval_s"],
            collective_timeout_s=document["collective_timeout_s"],
            start=start and Resume(Path(start["path"]), start["sha256"], start["step"]),
            job_id=document["job_id"],
            resume=resume and Resume(Path(resume["path"]), resume["sha256"], resume["step"]),
            resident_bytes=document["resident_bytes"],
            stream_workers=document["stream_workers"],
            pieces_dir=Path(document["pieces_dir"]),
            first_piece=document["first_piece"],
            probes=tuple(Probe(**probe) for probe in document["probes"]),
            image_limits=ImageLimits(**document["image_limits"]),
        )
