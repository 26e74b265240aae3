"""What a comparison compares: arms, those that are added, and what is refused."""

from typing import Any

import pytest
from pydantic import ValidationError

from jobs.spec.job import job_spec
from tests.builders import compare, compare_spec, conditions, one_cycle

FLAT = {"name": "flat", "schedule": {"name": "constant", "lr": 0.1}, "steps": 20}
PRESET = {"name": "super_convergence", "steps": 60}


def added(**changes: Any) -> dict[str, Any]:
    return {arm.name.partition(" (")[0]: arm for arm in compare_spec(**changes).all_arms[2:]}


def test_the_standard_policy_a_constant_and_two_decays_are_added_over_the_shortest_budget() -> None:
    arms = added()
    assert set(arms) == {"standard", "constant", "linear", "cosine"}
    assert {arm.steps for arm in arms.values()} == {20}
    assert [arms[name].schedule.peak for name in ("standard", "constant", "linear", "cosine")] == [0.05, 0.05, 0.1, 0.1]
    assert arms["standard"].schedule.milestones_of(20) == [15]


def test_nothing_is_added_where_that_is_refused_or_there_already() -> None:
    assert [arm.name for arm in compare_spec(equal_budget_arms=False).all_arms] == ["fast", "slow"]
    fast = compare()["arms"][0]
    names = [arm.name for arm in compare_spec(arms=[fast, FLAT]).all_arms]
    assert names == ["fast", "flat", "standard (equal budget)", "linear (equal budget)", "cosine (equal budget)"]


def test_a_reference_of_another_batch_lends_its_rate_to_nobody() -> None:
    fast, slow = compare()["arms"]
    arms = added(arms=[fast, slow | {"global_batch_size": 128}])
    assert {arm.schedule.peak for arm in arms.values()} == {0.1}


def test_budgets_in_epochs_get_milestones_by_fraction() -> None:
    arms = [{"name": "fast", "schedule": one_cycle("auto"), "epochs": 3.0}, {**FLAT, "name": "slow", "epochs": 24.0}]
    del arms[1]["steps"]
    standard = added(arms=arms)["standard"]
    assert (standard.epochs, standard.steps) == (3.0, None)
    assert standard.schedule.milestones_of(800) == [500, 700]


def test_the_preset_is_one_cycle_against_eight_times_as_many_updates_of_the_standard_policy() -> None:
    spec = compare_spec(arms=None, preset=PRESET)
    one, standard, *others = spec.all_arms
    assert (one.name, one.steps, one.schedule.peak) == ("1cycle", 60, "auto")
    assert (standard.name, standard.steps, standard.schedule.peak) == ("standard", 480, 0.1)
    assert len(others) == 4
    assert spec.training(one, spec.conditions, 0).observe.evaluate_every == 3


def test_a_spec_is_read_back_as_it_was_written() -> None:
    for spec in (compare_spec(), compare_spec(arms=None, preset=PRESET)):
        assert job_spec.validate_python(spec.model_dump(mode="json")) == spec


@pytest.mark.parametrize(
    ("changes", "code", "pointer"),
    [
        ({"arms": []}, "too_short", None),
        ({"arms": None}, "arms", None),
        ({"preset": PRESET}, "arms", None),
        ({"arms": [FLAT, FLAT]}, "duplicate_name", "/arms/1/name"),
        ({"arms": [FLAT], "equal_budget_arms": False}, "too_few_arms", "/arms"),
        ({"arms": [FLAT, {"name": "b", "schedule": one_cycle(), "epochs": 2}]}, "mixed_budgets", "/arms/1"),
        ({"arms": [FLAT, {"name": "b", "schedule": one_cycle()}]}, "mixed_budgets", "/arms/1"),
        ({"arms": [FLAT, {"name": "b", "schedule": one_cycle(), "steps": 2}]}, "schedule_does_not_fit", "/arms/1"),
        ({"arms": [FLAT | {"world_size": 3}]}, "not_divisible", "/arms/0"),
        ({"arms": [FLAT | {"global_batch_size": 10_000}]}, "batch_larger_than_dataset", "/arms/0"),
        ({"seeds": []}, "too_short", None),
        ({"seeds": [1, 1]}, "duplicate_seed", "/seeds/1"),
        ({"seeds": list(range(11))}, "too_many_children", "/arms"),
        ({"target": {"final_of": "nobody"}}, "unknown_arm", "/target/final_of"),
        ({"reference": "nobody"}, "unknown_arm", "/reference"),
        ({"target": {}}, "target", None),
        ({"target": {"value": 0.5, "final_of": "slow"}}, "target", None),
        ({"target": {"value": 1.5}}, "target_out_of_range", None),
        ({"range_test": {"steps": 50}}, "range_test_unused", None),
    ],
)
def test_a_comparison_that_makes_no_sense_is_refused_by_the_field_at_fault(
    changes: dict[str, Any], code: str, pointer: str | None
) -> None:
    with pytest.raises(ValidationError) as refused:
        job_spec.validate_python(compare(**changes))
    first = refused.value.errors()[0]
    assert first.get("ctx", {}).get("code", first["type"]) == code
    assert first.get("ctx", {}).get("pointer") == pointer


def test_milestones_are_steps_or_fractions_and_not_both() -> None:
    for schedule in ({"milestones": [5], "milestone_fractions": [0.5]}, {}):
        with pytest.raises(ValidationError, match="exactly one of milestones and milestone_fractions"):
            job_spec.validate_python(
                {"kind": "train", "conditions": conditions(), "steps": 20}
                | {"schedule": {"name": "piecewise", "lr": 0.1, **schedule}}
            )
