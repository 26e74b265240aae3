"""The probes of a range test: the ones to run next, and the bounds that follow. Everything is read from SQL."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from sqlalchemy.orm import Session

from clr_core.bounds.suggest import MAX_OVER_BASE
from clr_core.successive_halving import FINAL_RUNS, RATIO, Rung, Verdict, judge, ladder, reach, rungs, survivors
from jobs.database import queries
from jobs.database.tables.jobs import Job
from jobs.spec.range_test import Probe
from jobs.spec.runnable import ProbeRun

Document = dict[str, Any]

GAIN = 0.05  # fraction of the objective at the start: a smaller gain is not learning
_HIGH, _MEDIUM = 0.5, 1.0  # decades: widths of the intervals, by grade
_MEASURED = ("train_loss", "start_val_loss", "val_loss", "start_val_accuracy", "val_accuracy")
_MESSAGES = {
    "probes_failed": "At no rate of the last rung was the end 5 % better than the start: more steps or rates.",
    "probe_at_highest": "The highest rate of the ladder was the best: higher ones may be better, beyond the edge.",
    "probe_at_lowest": "The lowest rate of the ladder was the best: lower ones may be better; take more rates.",
}


@dataclass(frozen=True, slots=True)
class LadderProgress:
    """The progress of the probes on the ladder of rates.

    Attributes:
        rates: The ladder.
        done: Ended runs with their measurements.
        due: Runs of the next rung; empty at the end of the ladder.
        verdict: The result; None if runs are due, or if no finalist ended finite and better than it began.
    """

    rates: tuple[float, ...]
    done: tuple[tuple[ProbeRun, Document], ...]
    due: tuple[ProbeRun, ...]
    verdict: Verdict | None


def climb(session: Session, job: Job, plain: Document) -> LadderProgress:
    """Climb the ladder as far as runs have ended.

    Args:
        session: The session to read curves with.
        job: The range test; its sweeps have ended.
        plain: The ``lr_bounds`` document of its sweeps.
    """
    asked = Probe.model_validate(job.spec["probe"])
    rates = ladder_rates(plain, asked.rates)
    going_on, plan = rates, rungs(asked.rates, asked.steps)
    done: list[tuple[ProbeRun, Document]] = []
    scores: dict[float, list[float]] = {}
    for number, rung in enumerate(plan):
        runs = _runs(going_on, rung, number, first=len(done))
        found = [(run, measured) for run in runs if (measured := _measured(session, job.id, run))]
        if len(found) < len(runs):
            return LadderProgress(rates, tuple(done), runs, None)
        done += found
        scores = {lr: [score_of(job, measured) for run, measured in found if run.lr == lr] for lr in going_on}
        if number + 1 < len(plan):
            going_on = survivors(scores, plan[number + 1].rates)
    verdict = judge(rates, scores)
    if verdict is not None and not _has_gained(job, [found for run, found in done if run.lr == verdict.max_lr]):
        verdict = None
    return LadderProgress(rates, tuple(done), (), verdict)


def ladder_rates(plain: Document, count: int) -> tuple[float, ...]:
    """Return the ladder: halve from the edge, or from the largest rate tried, and go further if the bounds are lower.

    If the curves show nothing, it covers all rates tried.
    """
    evidence, bounds = plain["evidence"], plain["bounds"]
    smallest, largest = evidence["lr_range"]
    highest = evidence["diverged_at"] or largest
    lowest = highest / reach(count)
    if bounds is not None:
        lowest = min(lowest, bounds["max_lr"] / RATIO)
    elif evidence["diverged_at"] is None:
        lowest = min(lowest, smallest)
    return ladder(lowest, highest, count)


def objective_of(job: Job) -> str:
    """Return the metric that probes are judged by: the range test's measure on held-back data, or ``val_loss``."""
    measure = str(job.spec["range_test"]["measure"])
    return "val_loss" if measure == "train_loss" else measure


def score_of(job: Job, measured: Document, when: str = "") -> float:
    """Return the objective of a run: lower is better, infinite if it diverged. ``when`` may be ``start_``."""
    value = measured.get(when + objective_of(job))
    if value is None:
        return math.inf
    return 1.0 - value if objective_of(job) == "val_accuracy" else float(value)


def refine(session: Session, job: Job, plain: Document, level: float) -> Document:
    """Put the bounds of the probes into the ``lr_bounds`` document; the bounds of the curves are kept beside them."""
    found = climb(session, job, plain)
    codes = _codes(found.verdict)
    report = {
        "objective": objective_of(job), "budget": job.spec["probe"]["steps"],
        "steps_taken": sum(measured["steps_taken"] for _, measured in found.done), "ladder": list(found.rates),
        "runs": [asdict(run) | measured for run, measured in found.done],
        "range_test": {name: plain[name] for name in ("bounds", "confidence", "method", "warnings")},
    }  # fmt: skip
    curves = [] if plain["bounds"] is None else [{"method": plain["method"], "lr": plain["bounds"]["max_lr"]}]
    return plain | {
        "bounds": _bounds(found.verdict), "method": "none" if found.verdict is None else "probe",
        "confidence": _confidence(found.verdict, codes, plain["confidence"]["replicas"], level),
        "alternatives": [*curves, *plain["alternatives"]],
        "warnings": [{"code": code, "message": _MESSAGES[code]} for code in codes], "probe": report,
    }  # fmt: skip


def _has_gained(job: Job, measured: Sequence[Document]) -> bool:
    """Return whether the last rung's runs of a rate ended better than they began, by their median."""
    last = measured[-FINAL_RUNS:]
    start = median(score_of(job, each, "start_") for each in last)
    return median(score_of(job, each) for each in last) <= (1.0 - GAIN) * start


def _runs(rates: Sequence[float], rung: Rung, number: int, first: int) -> tuple[ProbeRun, ...]:
    pairs = [(lr, run) for lr in rates for run in range(rung.runs)]
    return tuple(ProbeRun(first + place, number, run, lr, rung.steps) for place, (lr, run) in enumerate(pairs))


def _measured(session: Session, job_id: str, run: ProbeRun) -> Document | None:
    """Return the measurements of an ended run, numbers or null; None if it has not ended."""
    last = {name: _last(session, job_id, f"probe_{name}", run) for name in _MEASURED}
    if last["val_loss"] is None:
        return None
    document: Document = {name: point[1] for name, point in last.items() if point is not None}
    return document | {"steps_taken": last["val_loss"][0] + 1}


def _last(session: Session, job_id: str, metric: str, run: ProbeRun) -> tuple[int, float | None] | None:
    points = queries.series(session, job_id, metric, run.number)
    return points[-1][:2] if points else None


def _codes(verdict: Verdict | None) -> list[str]:
    if verdict is None:
        return ["probes_failed"]
    ends = (("probe_at_highest", verdict.is_highest), ("probe_at_lowest", verdict.is_lowest))
    return [code for code, holds in ends if holds]


def _bounds(verdict: Verdict | None) -> Document | None:
    return None if verdict is None else {"base_lr": verdict.max_lr / MAX_OVER_BASE, "max_lr": verdict.max_lr}


def _confidence(verdict: Verdict | None, codes: Sequence[str], replicas: int, level: float) -> Document:
    document: Document = {"grade": "none", "level": level, "replicas": replicas, "base_lr": None, "max_lr": None}
    if verdict is None:
        return document
    width = math.log10(verdict.high / verdict.low)
    grade = "low" if codes or width > _MEDIUM else "medium" if width > _HIGH else "high"
    foot = {"low": verdict.low / MAX_OVER_BASE, "high": verdict.high / MAX_OVER_BASE}
    return document | {"grade": grade, "base_lr": foot, "max_lr": {"low": verdict.low, "high": verdict.high}}
