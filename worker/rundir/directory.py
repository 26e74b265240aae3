"""The run directory of an attempt: the files of the supervisor for the ranks, and the reports of the ranks."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from jobs.config.settings import Settings
from jobs.database.records import Claim, FailureDocument
from jobs.spec.resolved import Checkpoint
from jobs.spec.runnable import ProbeRun, TrainingJob
from worker.rundir import control_files
from worker.rundir.activity import FILE as ACTIVITY_FILE
from worker.rundir.activity import collective_timeout_s
from worker.rundir.control_files import STOP_FILE
from worker.rundir.plan import FILE as PLAN_FILE
from worker.rundir.plan import Host, LrFindPlan, Resume, TrainingPlan


def of(runs_dir: Path, claim: Claim) -> Path:
    """Where an attempt works; nodes that do not lead have folders of their own, since hosts may share theirs."""
    name = f"attempt-{claim.attempt}"
    if claim.node is not None and claim.node.number:
        name += f"-node-{claim.node.number}"
    return runs_dir / claim.job_id / name


@dataclass(frozen=True, slots=True)
class Share:
    """What a group of ranks does of what several do at the same time.

    Attributes:
        pieces_dir: Where all groups note what they have taken.
        piece: What this one begins with.
        probes: The pieces, where they are no replicas.
    """

    pieces_dir: Path
    piece: int
    probes: Sequence[ProbeRun] = ()

    @classmethod
    def first(cls, folder: Path, probes: Sequence[ProbeRun] = ()) -> Self:
        """The share of the first group."""
        pieces_dir = folder / control_files.PIECES_FOLDER
        pieces_dir.mkdir(parents=True, exist_ok=True)
        control_files.take_piece(pieces_dir, 1)
        return cls(pieces_dir, 0, probes)


def write_plan(
    folder: Path, claim: Claim, settings: Settings, path_of: Callable[[str], Path], *, share: Share | None = None
) -> None:
    """Write ``plan.json``: the job, where data lies, where to go on. No secrets: ranks need none.

    Args:
        folder: Of the group of ranks that is to read it.
        claim: The job.
        settings: Of this worker.
        path_of: Where the file of an artifact is, by its key.
        share: Of several groups; left out for one that does the whole job.
    """
    folder.mkdir(parents=True, exist_ok=True)

    def local(checkpoint: Checkpoint | None) -> Resume | None:
        if checkpoint is None:
            return None
        return Resume(path=path_of(checkpoint.key), sha256=checkpoint.sha256, step=checkpoint.step)

    host = Host(
        job_id=claim.job_id, datasets_dir=settings.datasets_dir, allow_downloads=settings.allow_downloads,
        resident_bytes=settings.resident_bytes, stream_workers=settings.stream_workers,
        image_limits=settings.image_limits, checkpoint_interval_s=settings.checkpoint_interval_s,
        collective_timeout_s=collective_timeout_s(settings.hang_floor_s), resume=local(claim.resume),
    )  # fmt: skip
    if isinstance(claim.job, TrainingJob):
        TrainingPlan(**dict(claim.job), **dict(host)).write(folder)
        return
    share = share or Share.first(folder)
    LrFindPlan(
        **dict(claim.job), **dict(host), pieces_dir=share.pieces_dir, first_piece=share.piece,
        probes=tuple(share.probes), start=local(claim.start),
    ).write(folder)  # fmt: skip


def failures(run_dir: Path) -> list[FailureDocument]:
    """What ranks and agents of any group wrote about failures, the first one first."""
    paths = sorted(run_dir.glob("**/failure-*.json"), key=lambda path: path.stat().st_mtime_ns)
    return [json.loads(path.read_text()) for path in paths]


def tidy(run_dir: Path) -> None:
    """Remove what is stored elsewhere by now; the logs stay."""
    for path in _unneeded(run_dir):
        path.unlink(missing_ok=True)


def is_tidy(run_dir: Path) -> bool:
    """Whether nothing is left but logs."""
    return not _unneeded(run_dir)


def _unneeded(run_dir: Path) -> list[Path]:
    names = ("report.jsonl", PLAN_FILE, ACTIVITY_FILE, STOP_FILE)
    left = [path for name in names for path in run_dir.glob(f"**/{name}")]
    taken = run_dir.glob(f"**/{control_files.PIECES_FOLDER}/*")
    reserved = run_dir.glob("**/failure-*.json.part")
    return [*left, *taken, *reserved, *run_dir.glob("model.*"), *run_dir.glob("checkpoints/*")]
