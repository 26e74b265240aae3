"""The result of a ``compare`` job so far: each run, medians over seeds, and ratios of updates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from clr_core.comparison import spread, steps_to
from jobs.curves.elapsed_time import METRIC, times_of
from jobs.curves.series import Source
from jobs.database import queries
from jobs.database.tables.jobs import Job
from jobs.errors import NoComparisonError, NoTimesError
from jobs.spec.comparison import Target
from jobs.spec.job import CompareSpec, job_spec
from jobs.spec.resolved import ResolvedArm, ResolvedComparison, ResolvedTraining
from jobs.status import TERMINAL, Status

SECONDS_ARE = (
    "of training up to that update, by rank 0's clock, with the evaluations and checkpoints before it; "
    "waiting, starting processes, and the work of a lost attempt after its last checkpoint are left out"
)

Document = dict[str, Any]
Evaluations = Sequence[tuple[int, float]]


@dataclass(frozen=True, slots=True)
class Run:
    """One arm with one seed: its job, and its evaluations of the compared metric."""

    arm: str
    seed: int
    job: Job
    evaluations: Evaluations = field(default=())

    @property
    def has_ended(self) -> bool:
        """Whether it takes no more steps."""
        return self.job.status in TERMINAL

    @property
    def finals(self) -> dict[str, float]:
        """Metrics of the last evaluation, if the run succeeded; else empty."""
        found = (self.job.result or {}).get("final", {}) if self.job.status == Status.SUCCEEDED else {}
        return {name: value for name, value in found.items() if value is not None}

    def steps_to(self, target: float, metric: str) -> int | None:
        """Return the updates until the metric reached a target; None if it has not."""
        return steps_to(target, self.evaluations, higher_is_better=metric == "val_accuracy")


@dataclass(frozen=True, slots=True)
class Measured:
    """All runs, and the target and metric that they are measured by."""

    session: Session
    runs: Sequence[Run]
    target: Target
    reference: str

    def of(self, arm: str) -> list[Run]:
        """Return the runs of an arm."""
        return [run for run in self.runs if run.arm == arm]

    def final(self, arm: str, seed: int) -> float | None:
        """Return the final metric of an arm with a seed; None if it has not ended or was lost."""
        found = (run.finals.get(self.target.metric) for run in self.of(arm) if run.seed == seed)
        return next(found, None)

    def target_of(self, run: Run) -> float | None:
        """Return the target of a run; None if it is not known yet."""
        if self.target.final_of is None:
            return self.target.value
        return self.final(self.target.final_of, run.seed)

    def ratio(self, run: Run) -> tuple[bool, float | None]:
        """Return the updates of the reference to its final value over those of a run, and whether that is final."""
        value = self.final(self.reference, run.seed)
        own = next(other for other in self.of(self.reference) if other.seed == run.seed)
        needed = None if value is None else own.steps_to(value, self.target.metric)
        if value is None or needed is None:
            return False, None
        steps = run.steps_to(value, self.target.metric)
        return run.has_ended or steps is not None, None if steps is None else needed / steps


def comparison(session: Session, job: Job) -> Document:
    """Return the ``comparison`` document. It lists runs that have not ended, or were lost, with their status.

    Raises:
        NoComparisonError: The job is of another kind.
    """
    if job.kind != "compare":
        raise NoComparisonError(job.id, job.kind)
    spec = job_spec.validate_python(job.spec)
    assert isinstance(spec, CompareSpec)  # noqa: S101 - of this kind
    resolved = ResolvedComparison.model_validate(job.resolved)
    reference, shortest, arms = resolved.reference, resolved.shortest, resolved.arms
    target = spec.target or Target(final_of=reference)
    children = {child.id: child for child in session.scalars(select(Job).where(Job.parent_id == job.id))}
    evaluations = queries.evaluations_of_all(session, [*children], target.metric)
    runs = [
        Run(arm.name, run.seed, children[run.job_id], evaluations.get(run.job_id, ()))
        for arm in arms
        for run in arm.runs
    ]
    measured = Measured(session, runs, target, reference)
    return {
        "object": "comparison", "job_id": job.id, "is_final": job.status in TERMINAL, "target": target.model_dump(),
        "reference": reference, "arms": [_arm(measured, arm) for arm in arms],
        "equal_budget": {"arm": shortest, "differences": _differences(measured, arms, shortest)},
        "range_tests": [_range_test(children[each]) for each in resolved.range_tests],
        "seconds_are": SECONDS_ARE,
    }  # fmt: skip


def _arm(measured: Measured, arm: ResolvedArm) -> Document:
    runs = measured.of(arm.name)
    rates = [resolved for run in runs if (resolved := ResolvedTraining.read(run.job.resolved))]
    shown = [_run(measured, run) for run in runs]
    decided = [each for each in shown if each["is_reached"] is not None]
    finals = [run.finals for run in runs if run.has_ended]
    ratios = [ratio for is_decided, ratio in map(measured.ratio, runs) if is_decided]
    conditions = runs[0].job.spec["conditions"]
    return {
        "name": arm.name, "is_added": arm.is_added, "schedule": arm.schedule, "epochs": arm.epochs, "steps": arm.steps,
        "global_batch_size": conditions["global_batch_size"], "world_size": conditions["world_size"],
        "max_lr": rates[0].max_lr if rates else None,
        "runs": shown,
        "final": {name: spread([final.get(name) for final in finals]).to_dict() for name in _names(finals)},
        "steps_to_target": spread([each["steps_to_target"] for each in decided], "highest").to_dict(),
        "seconds_to_target": spread([each["seconds_to_target"] for each in decided], "highest").to_dict(),
        "update_ratio": spread(ratios, "lowest").to_dict(),
    }  # fmt: skip


def _names(finals: Sequence[Mapping[str, float]]) -> list[str]:
    return sorted({name for final in finals for name in final})


def _run(measured: Measured, run: Run) -> Document:
    job, target = run.job, measured.target_of(run)
    steps = None if target is None else run.steps_to(target, measured.target.metric)
    undecided = steps is None and (target is None or not run.has_ended)
    return {
        "seed": run.seed, "job_id": job.id, "status": job.status, "reason": job.reason, "error": job.error,
        "step": job.step, "total_steps": job.total_steps, "final": run.finals,
        "latest": run.evaluations[-1][1] if run.evaluations else None,
        "target": target, "is_reached": None if undecided else steps is not None, "steps_to_target": steps,
        "seconds_to_target": _seconds(measured.session, job, steps),
        "seconds": _seconds(measured.session, job, job.step),
    }  # fmt: skip


def _seconds(session: Session, job: Job, steps: int | None) -> float | None:
    """Return the seconds of training that a number of updates took; None if there are no updates or no times."""
    if not steps:
        return None
    try:
        found = times_of(Source(session, job.id, METRIC, 0), [steps - 1])
    except NoTimesError:
        return None
    return round(found[steps - 1], 3)


def _differences(measured: Measured, arms: Sequence[ResolvedArm], shortest: str) -> list[Document]:
    """Return the lead of the shortest arm over each arm of an equal budget in the compared metric, seed by seed."""
    short = next(arm for arm in arms if arm.name == shortest)
    others = [arm for arm in arms if arm.name != shortest and arm.budget == short.budget]
    documents = []
    for other in others:
        pairs = [
            (measured.final(shortest, run.seed), measured.final(other.name, run.seed))
            for run in measured.of(other.name)
            if run.has_ended
        ]
        found = [None if one is None or two is None else one - two for one, two in pairs]
        documents.append({"arm": other.name, "difference": spread(found).to_dict()})
    return documents


def _range_test(job: Job) -> Document:
    return {
        "job_id": job.id, "status": job.status, "reason": job.reason, "error": job.error,
        "bounds": (job.result or {}).get("bounds"),
    }  # fmt: skip
