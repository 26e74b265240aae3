"""What `clr compare` sends."""

from typing import Any

import pytest

from clr_cli.input.comparison_from_flags import CompareFlags, compare_spec
from clr_cli.input.spec_from_flags import ConditionFlags, LabelFlags, RangeTestFlags
from clr_client.errors import UsageError
from jobs.spec.job import CompareSpec, job_spec


def spec(**flags: Any) -> dict[str, Any]:
    return compare_spec(ConditionFlags(), CompareFlags(**flags), RangeTestFlags(), LabelFlags(name="x"))


def test_typed_arms_become_a_comparison_that_the_server_takes() -> None:
    sent = spec(
        arms=["fast=one_cycle max_lr=auto anneal=cos steps=60", "slow=piecewise lr=0.1 milestones=[300] steps=480"],
        seeds="0,3", target="slow", equal_budget=False, evaluate_every=5,
    )  # fmt: skip
    assert sent["arms"] == [
        {"name": "fast", "schedule": {"name": "one_cycle", "max_lr": "auto", "anneal": "cos"}, "steps": 60},
        {"name": "slow", "schedule": {"name": "piecewise", "lr": 0.1, "milestones": [300]}, "steps": 480},
    ]
    taken = job_spec.validate_python(sent)
    assert isinstance(taken, CompareSpec)
    assert (taken.seeds, taken.observe.evaluate_every, len(taken.all_arms)) == ([0, 3], 5, 2)
    assert taken.target is not None
    assert taken.target.final_of == "slow"


def test_the_preset_takes_its_own_options() -> None:
    sent = spec(preset="super_convergence", steps=60, ratio=4, max_lr="0.5", target="0.9", metric="val_accuracy")
    assert sent["preset"] == {"name": "super_convergence", "steps": 60, "ratio": 4, "max_lr": 0.5}
    assert sent["target"] == {"metric": "val_accuracy", "value": 0.9}
    job_spec.validate_python(sent)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ({}, "Give what is compared"),
        ({"arms": ["a=constant lr=0.1 steps=9"], "preset": "super_convergence"}, "Give what is compared"),
        ({"arms": ["a=constant lr=0.1"], "steps": 9}, "--steps: goes with --preset"),
        ({"arms": ["constant lr=0.1"]}, "--arm must be"),
        ({"arms": ["a="]}, "--arm must be"),
        ({"arms": ["a=constant lr"]}, "field=value"),
        ({"preset": "super_convergence", "seeds": "one"}, "--seeds must be whole numbers"),
        ({"preset": "super_convergence", "metric": "val_loss"}, "--metric goes with --target"),
        ({"preset": "super_convergence", "max_lr": "high"}, "must be a number or auto"),
    ],
)
def test_what_is_no_comparison_is_a_usage_error(flags: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        spec(**flags)
