"""What `clr compare` sends, and how its table reads."""

from typing import Any

import pytest

from clr_cli.input.comparison_from_flags import CompareFlags, compare_spec
from clr_cli.input.spec_from_flags import ConditionFlags, LabelFlags, RangeTestFlags
from clr_cli.output.comparison_table import comparison_table
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


def spread(*values: float | None, runs: int = 3) -> dict[str, Any]:
    middle, low, high = values
    known = sum(value is not None for value in values)
    return {"median": middle, "low": low, "high": high, "runs": runs, "known": known}


def run(seed: int, **changes: Any) -> dict[str, Any]:
    return {
        "seed": seed, "job_id": f"job_{seed:032x}", "status": "succeeded", "reason": None, "error": None, "step": 60,
        "total_steps": 60,
    } | changes  # fmt: skip


def arm(name: str, **changes: Any) -> dict[str, Any]:
    return {
        "name": name, "steps": 60, "epochs": None, "max_lr": 0.4, "runs": [run(0), run(1), run(2)],
        "final": {"val_accuracy": spread(0.8, 0.7, 0.9)}, "steps_to_target": spread(50, 40, 60),
        "seconds_to_target": spread(5.0, 4.0, 6.0), "update_ratio": spread(8.1, 6.0, 9.0),
    } | changes  # fmt: skip


def test_the_table_shows_medians_the_arms_that_never_arrive_and_the_runs_that_were_lost() -> None:
    error = {"code": "diverged", "message": "the training loss became nan"}
    never = arm(
        "linear (equal budget)", steps_to_target=spread(None, None, None), update_ratio=spread(None, None, 2.0),
        runs=[run(0), run(1), run(2, status="failed", reason="diverged", error=error)],
    )  # fmt: skip
    difference = {"arm": "linear (equal budget)", "difference": spread(0.012, -0.01, 0.02)}
    text = comparison_table(
        {
            "job_id": "job_1", "is_final": False, "reference": "slow", "arms": [arm("fast"), never],
            "target": {"metric": "val_accuracy", "value": None, "final_of": "slow"}, "seconds_are": "of training",
            "equal_budget": {"arm": "fast", "differences": [difference]},
        }
    )  # fmt: skip
    flat = " ".join(text.split())
    for words in (
        "so far", "8.1 (6 to 9)", "0.8 (0.7 to 0.9)", "never", "- (- to 2, 1 of 3)", "2 of 3",
        "fast minus linear (equal budget): 0.012 (-0.01 to 0.02)", "seed 2", "failed (diverged)",
        "the training loss became nan", "where slow ends", "Seconds: of training.",
    ):  # fmt: skip
        assert words in flat, words
