import pytest

from jobs.errors import UnusableBoundsError
from jobs.spec.resolved import Bounds, ResolvedTraining, resolve
from jobs.spec.schedules.builder import Length, build_schedule
from tests.builders import train_spec

FOUND = Bounds(base_lr=0.02, max_lr=0.3)
CYCLES = {"name": "triangular", "max_lr": 0.1, "base_lr": 0.01, "step_size": 5}


def test_the_linear_scaling_rule_multiplies_peak_and_foot() -> None:
    assert resolve(train_spec(lr_reference_batch=16)).max_lr == pytest.approx(0.4)
    resolved = resolve(train_spec(lr_reference_batch=128, schedule=CYCLES))
    assert resolved.numbers == {"max_lr": pytest.approx(0.05), "base_lr": pytest.approx(0.005)}


def test_the_column_has_no_name_without_a_value() -> None:
    assert resolve(train_spec()).document() == {"rank_batch_size": 32, "max_lr": 0.1, "div_factor": 10.0}
    waiting = {"name": "triangular", "max_lr": "auto", "step_size": 5}
    document = resolve(train_spec(schedule=waiting), FOUND).document()
    assert document == {"rank_batch_size": 32, "max_lr": 0.3, "base_lr": 0.02}


def test_one_cycle_starts_at_the_lower_bound() -> None:
    resolved = resolve(train_spec(schedule={"name": "one_cycle", "max_lr": "auto"}), FOUND)
    assert resolved.div_factor == pytest.approx(15.0)


def test_a_foot_above_the_peak_of_the_bounds_is_refused() -> None:
    with pytest.raises(UnusableBoundsError, match="below the max_lr"):
        resolve(train_spec(schedule=CYCLES | {"max_lr": "auto", "base_lr": 0.4}), FOUND)


def test_a_training_has_no_rates_while_it_waits_for_bounds() -> None:
    assert ResolvedTraining.read({"rank_batch_size": 32}) is None


def test_what_a_newer_version_has_stored_is_passed_over() -> None:
    resolved = resolve(train_spec())
    assert ResolvedTraining.read(resolved.document() | {"of_tomorrow": [1]}) == resolved


@pytest.mark.parametrize(
    ("schedule", "first", "highest"),
    [
        ({"name": "constant", "lr": "auto"}, 0.3, 0.3),
        ({"name": "one_cycle", "max_lr": "auto"}, 0.02, 0.3),
        ({"name": "one_cycle", "max_lr": "auto", "div_factor": 3}, 0.1, 0.3),
        ({"name": "triangular", "max_lr": "auto", "step_size": 5}, 0.02, 0.3),
        ({"name": "sequence", "parts": [{"steps": 20, "schedule": CYCLES}]}, 0.01, 0.1),
    ],
)
def test_a_training_follows_the_rates_that_were_resolved(schedule: object, first: float, highest: float) -> None:
    spec = train_spec(schedule=schedule)
    built = build_schedule(
        spec.schedule, resolve(spec, FOUND), Length(20, 20.0), cycles_momentum=False
    )  # fmt: skip
    rates = [built.lr_at(step) for step in range(20)]
    assert [rates[0], max(rates)] == pytest.approx([first, highest])


def test_a_restart_divides_peak_and_foot_and_keeps_their_ratio() -> None:
    one_cycle, cycles = resolve(train_spec()), resolve(train_spec(schedule=CYCLES))
    assert one_cycle.lowered(4).numbers == {"max_lr": 0.025, "div_factor": 10.0}
    assert cycles.lowered(4).peak_and_foot == {"max_lr": 0.025, "base_lr": 0.0025}
