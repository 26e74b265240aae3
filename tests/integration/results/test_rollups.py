"""Long curves: roll-ups are what the points say, whatever was written, taken back and written again."""

import math
import random

import pytest
from sqlalchemy import select

from jobs.curves import rollups
from jobs.curves.documents import CurveSelection, curves
from jobs.curves.series import Source
from jobs.database import queries
from jobs.database.records import Batch, Claim, MetricPoint
from jobs.database.session import Database
from jobs.database.tables.jobs import Bucket, Job, Point
from jobs.errors import NoEpochsError
from jobs.lifecycle import claims
from jobs.spec.resolved import TrainingFacts
from jobs.submission import submit
from tests.builders import train_spec

COLUMNS = (Bucket.metric, Bucket.replica, Bucket.level, Bucket.number, Bucket.finite, Bucket.nonfinite,
           Bucket.min_step, Bucket.min_value, Bucket.max_step, Bucket.max_value)  # fmt: skip


def claimed(database: Database) -> Claim:
    submit.submit(database, train_spec())
    claim = claims.claim_next(database, worker="w", slots=2, free=2, lease_s=30)
    assert claim is not None
    return claim


def write(database: Database, claim: Claim, values: dict[int, float], metric: str = "train_loss") -> None:
    points = [MetricPoint(metric, 0, step, value) for step, value in values.items()]
    claims.record(database, claim, Batch(points=points))


def buckets(database: Database) -> list[tuple[object, ...]]:
    with database.read() as session:
        return [tuple(row) for row in session.execute(select(*COLUMNS).order_by(*COLUMNS[:4]))]


def buckets_of(values: dict[int, float], metric: str = "train_loss") -> list[tuple[object, ...]]:
    """The roll-ups by their definition."""
    rows: list[tuple[object, ...]] = []
    for level, span in enumerate(rollups.SPANS):
        for number in sorted({step // span for step in values}):
            inside = {step: value for step, value in sorted(values.items()) if step // span == number}
            finite = {step: value for step, value in inside.items() if math.isfinite(value)}
            low = min(finite, key=finite.__getitem__, default=None)
            high = max(finite, key=finite.__getitem__, default=None)
            extremes = [low, None if low is None else finite[low], high, None if high is None else finite[high]]
            rows.append((metric, 0, level, number, len(finite), len(inside) - len(finite), *extremes))
    return rows


def document(
    database: Database, job_id: str, selection: CurveSelection, metric: str = "train_loss"
) -> dict[str, object]:
    with database.read() as session:
        (series, *_) = curves(session, queries.get_job(session, job_id), [metric], selection)["series"]
        return dict(series)


@pytest.mark.parametrize("seed", range(6))
def test_roll_ups_are_what_the_points_say_after_writing_and_taking_back(database: Database, seed: int) -> None:
    chance = random.Random(seed)
    claim = claimed(database)
    values: dict[int, float] = {}
    step = 0
    for _ in range(12):
        new = {}
        for _ in range(chance.choice([1, 3, 40, 300])):
            new[step] = chance.choice([chance.gauss(0, 1), round(chance.gauss(0, 1)), math.nan, math.inf, 1e308])
            step += chance.choice([1, 1, 1, 7])
        write(database, claim, new)
        values |= new
        if chance.random() < 0.4:
            step = chance.randint(0, step)
            with database.write() as session:
                session.query(Point).where(Point.step >= step).delete()
                rollups.rewind(session, claim.job_id, step)
            values = {place: value for place, value in values.items() if place < step}
    assert buckets(database) == buckets_of(values)


def test_a_long_curve_is_served_in_few_points_and_no_spike_is_lost(database: Database) -> None:
    claim = claimed(database)
    values = {step: math.sin(step / 500) for step in range(40_000)}
    values |= {12_345: 9.0, 23_456: -9.0, 30_000: math.nan}
    write(database, claim, values)
    for max_points in (4, 100, 1000):
        series = document(database, claim.job_id, CurveSelection(max_points=max_points))
        xs, ys = series["x"], series["y"]
        assert isinstance(xs, list)
        assert isinstance(ys, list)
        assert len(xs) <= max_points + 1  # the value that is not finite comes on top
        assert xs == sorted(set(xs))
        assert (xs[0], xs[-1]) == (0, 39_999)
        assert all(values[x] == y for x, y in zip(xs, ys, strict=True) if y is not None)
        if max_points > 4:
            assert {9.0, -9.0} <= set(ys)
        assert series["nonfinite"] == [{"step": 30_000, "value": "nan"}]
        assert series["min"] == {"step": 23_456, "value": -9.0}
        assert document(database, claim.job_id, CurveSelection(max_points=max_points)) == series


def test_a_range_shows_finer_points(database: Database) -> None:
    claim = claimed(database)
    write(database, claim, {step: float(step % 97) for step in range(20_000)})
    whole = document(database, claim.job_id, CurveSelection(max_points=500))
    part = document(database, claim.job_id, CurveSelection(max_points=500, start_step=1001, end_step=1400))
    assert isinstance(whole["x"], list)
    assert len([x for x in whole["x"] if 1001 <= x <= 1400]) < 50
    assert part["x"] == list(range(1001, 1401))
    assert part["last"] == {"step": 1400, "value": 1400 % 97}
    middle = document(database, claim.job_id, CurveSelection(max_points=300, start_step=777, end_step=9_999))
    assert isinstance(middle["x"], list)
    assert isinstance(middle["y"], list)
    assert (middle["x"][0], middle["x"][-1]) == (777, 9_999)
    assert {0.0, 96.0} <= set(middle["y"])
    assert document(database, claim.job_id, CurveSelection(start_step=50_000))["x"] == []


def test_a_sparse_series_is_shown_whole(database: Database) -> None:
    claim = claimed(database)
    write(database, claim, {step: 1.0 / (step + 1) for step in range(999, 200_000, 1000)}, "val_loss")
    series = document(database, claim.job_id, CurveSelection(max_points=300), "val_loss")
    assert series["x"] == list(range(999, 200_000, 1000))


def test_a_smooth_series_comes_from_all_points_and_lags_behind_nothing(database: Database) -> None:
    claim = claimed(database)
    write(database, claim, {step: step + (-1.0) ** step for step in range(5000)})
    with database.read() as session:
        job = queries.get_job(session, claim.job_id)
        plain, smooth = curves(session, job, ["train_loss"], CurveSelection(max_points=200, smoothing=0.9))["series"]
    assert (plain["smoothing"], smooth["smoothing"]) == (None, 0.9)
    inner = [(x, y) for x, y in zip(smooth["x"], smooth["y"], strict=True) if 200 < x < 4800]
    assert all(abs(y - x) < 0.2 for x, y in inner)


def test_of_a_long_series_points_evenly_apart_are_smoothed(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.curves.documents.MOST_SMOOTHED", 400)
    claim = claimed(database)
    write(database, claim, {step: step + (-1.0) ** step for step in range(5000)} | {160: math.nan})
    with database.read() as session:
        job = queries.get_job(session, claim.job_id)
        _, smooth = curves(session, job, ["train_loss"], CurveSelection(max_points=2000, smoothing=0.9))["series"]
        sampled = Source(session, job.id, "train_loss", 0).sampled(400)
        assert len(Source(session, job.id, "train_loss", 0, 900, 1100).sampled(400)) == 201
    assert [step for step, _ in sampled] == list(range(0, 5000, 16))
    assert sampled[10] == (160, None)
    assert smooth["x"] == [step for step, _ in sampled]
    # The sampled points lie on the line step + 1, but at both ends a mean has neighbours on one side only.
    finite = [(place, value) for place, (_, value) in enumerate(sampled) if value is not None]
    for place, smoothed in enumerate(smooth["y"]):
        weights = [0.9 ** abs(other - place) for other, _ in finite]
        mean = sum(weight * value for weight, (_, value) in zip(weights, finite, strict=True)) / sum(weights)
        assert smoothed == pytest.approx(mean, rel=1e-6)


def test_epochs_lie_along_x_where_the_job_has_them(database: Database) -> None:
    claim = claimed(database)
    write(database, claim, dict.fromkeys(range(20), 1.0))
    with pytest.raises(NoEpochsError):
        document(database, claim.job_id, CurveSelection(x="epoch"))
    claims.record(database, claim, Batch(facts=TrainingFacts(steps_per_epoch=8.0)))
    assert document(database, claim.job_id, CurveSelection(x="epoch"))["x"] == [(step + 1) / 8 for step in range(20)]


def test_a_deleted_job_takes_its_roll_ups_along(database: Database) -> None:
    claim = claimed(database)
    write(database, claim, dict.fromkeys(range(20), 1.0))
    with database.write() as session:
        session.delete(queries.get_job(session, claim.job_id))
    assert buckets(database) == []
    with database.read() as session:
        assert session.query(Job).count() == 0
