"""Bounds of a range test that is refined by probes, from the curves that its ranks would report."""

from collections.abc import Sequence
from typing import Any

import pytest

from jobs.database import queries
from jobs.database.records import Batch, Claim, MetricPoint
from jobs.database.session import Database
from jobs.lifecycle import claims
from jobs.results import lr_bounds
from jobs.spec.runnable import ProbeRun
from jobs.submission import submit
from tests.attempts import claim
from tests.builders import lr_find_spec

STEPS, EDGE = 60, 1.0
START, DIVERGED = 2.3, float("nan")


def probed(database: Database, **changes: Any) -> Claim:
    """A claimed range test whose only sweep falls from 1e-5 on and diverges at ``EDGE``."""
    test = {"start_lr": 1e-5, "end_lr": 10, "steps": STEPS, "replicas": 1}
    submit.submit(database, lr_find_spec(range_test=test, refine="probe", probe={"rates": 4, "steps": 240}, **changes))
    mine = claim(database)
    points = []
    for step in range(STEPS):
        lr = 1e-5 * 10 ** (6 * step / (STEPS - 1))
        loss = START / (1 + (lr / 0.02) ** 0.8) if lr < EDGE else 100.0
        points += [MetricPoint("lr", 0, step, lr), MetricPoint("train_loss", 0, step, loss)]
    claims.record(database, mine, Batch(points=points))
    return mine


def due(database: Database, mine: Claim) -> Sequence[ProbeRun]:
    with database.read() as session:
        return lr_bounds.due_probes(session, queries.get_job(session, mine.job_id))


def document(database: Database, mine: Claim) -> dict[str, Any]:
    with database.read() as session:
        return lr_bounds.measure(session, queries.get_job(session, mine.job_id))


def end(database: Database, mine: Claim, run: ProbeRun, val_loss: float) -> None:
    """Report a probe from its start to its end."""
    values = {"start_val_loss": START, "val_loss": val_loss}
    points = [MetricPoint(f"probe_{name}", run.number, run.steps - 1, value) for name, value in values.items()]
    claims.record(database, mine, Batch(points=points))


def climbed(database: Database, mine: Claim, best: float) -> list[Sequence[ProbeRun]]:
    """Run what is due until nothing is; the loss is least at one rate, and the highest rate diverges."""
    rungs: list[Sequence[ProbeRun]] = []
    while runs := due(database, mine):
        highest = max(run.lr for run in rungs[0]) if rungs else max(run.lr for run in runs)
        for run in runs:
            loss = DIVERGED if run.lr == highest else 0.5 + abs(run.lr - best) + run.run / 1000
            end(database, mine, run, loss)
        rungs.append(runs)
    return rungs


def test_the_better_half_of_a_rung_goes_on_and_the_best_rate_is_the_bound(database: Database) -> None:
    mine = probed(database)
    ladder = sorted({run.lr for run in due(database, mine)})
    first, last = climbed(database, mine, best=ladder[1])
    assert sorted({run.lr for run in first}) == ladder
    assert len(ladder) == 4
    assert {run.lr for run in last} >= {ladder[1]}
    assert len({run.lr for run in last}) == 2
    assert ladder[-1] not in {run.lr for run in last}, "it diverged"
    found = document(database, mine)
    assert (found["method"], found["bounds"]["max_lr"]) == ("probe", ladder[1])
    assert found["use"]["schedule"]["max_lr"] == {"from_job": mine.job_id}
    interval = found["confidence"]["max_lr"]
    assert interval["low"] < ladder[1] < interval["high"]
    runs = found["probe"]["runs"]
    assert [run["number"] for run in runs] == list(range(len(first) + len(last)))
    assert [run["val_loss"] for run in runs if run["lr"] == ladder[-1]] == [None]
    assert found["probe"]["steps_taken"] == sum(run["steps"] for run in runs) <= 240
    plain = found["probe"]["range_test"]
    assert found["alternatives"][0] == {"method": plain["method"], "lr": plain["bounds"]["max_lr"]}


def test_a_rung_waits_for_the_last_of_its_runs(database: Database) -> None:
    mine = probed(database)
    runs = due(database, mine)
    for run in runs[:-1]:
        end(database, mine, run, 1.0)
    assert due(database, mine) == runs
    end(database, mine, runs[-1], 1.0)
    assert {run.rung for run in due(database, mine)} == {1}


def test_the_lowest_rate_is_warned_of_and_graded_low(database: Database) -> None:
    mine = probed(database)
    lowest = min(run.lr for run in due(database, mine))
    climbed(database, mine, best=lowest)
    found = document(database, mine)
    assert found["bounds"]["max_lr"] == lowest
    assert [warning["code"] for warning in found["warnings"]] == ["probe_at_lowest"]
    assert found["confidence"]["grade"] == "low"


@pytest.mark.parametrize("end_loss", [START, DIVERGED])
def test_probes_that_learn_nothing_leave_no_bounds(database: Database, end_loss: float) -> None:
    mine = probed(database)
    while runs := due(database, mine):
        for run in runs:
            end(database, mine, run, end_loss)
    found = document(database, mine)
    assert (found["bounds"], found["use"], found["method"]) == (None, None, "none")
    assert [warning["code"] for warning in found["warnings"]] == ["probes_failed"]
    assert found["confidence"]["grade"] == "none"


def test_a_range_test_without_probes_has_none_due(database: Database) -> None:
    submit.submit(database, lr_find_spec())
    assert due(database, claim(database)) == ()
