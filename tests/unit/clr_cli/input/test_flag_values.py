import pytest

from clr_cli.input import flag_values
from clr_client.errors import UsageError


@pytest.mark.parametrize(
    ("typed", "options"),
    [("digits", {}), ("mine/cats.npz", {"conditions.dataset.options.path": "mine/cats.npz"}),
     ("ds_1", {"conditions.dataset.options.id": "ds_1"})],
)  # fmt: skip
def test_a_dataset_is_a_name_or_a_file_or_an_upload(typed: str, options: dict[str, str]) -> None:
    name = {"digits": "digits", "ds_1": "uploaded"}.get(typed, "npz")
    assert flag_values.dataset(typed) == {"conditions.dataset.name": name} | options


@pytest.mark.parametrize(("typed", "peak"), [("auto", "auto"), ("0.4", 0.4), ("1e-3", 1e-3)])
def test_a_peak_is_a_number_or_auto(typed: str, peak: object) -> None:
    assert flag_values.peak(typed) == {"schedule.max_lr": peak}


def test_values_of_a_grid_are_numbers_where_they_read_as_finite_ones() -> None:
    typed = ["optimizer.weight_decay=1e-3,0", "global_batch_size=64,128", "precision=fp32,nan"]
    assert flag_values.over(typed) == {
        "over": {"optimizer.weight_decay": [1e-3, 0], "global_batch_size": [64, 128], "precision": ["fp32", "nan"]}
    }


def test_an_arm_has_its_budget_beside_its_schedule() -> None:
    assert flag_values.arms(["fast=one_cycle max_lr=auto anneal=cos steps=60 world_size=2"]) == {
        "arms": [
            {"name": "fast", "schedule": {"name": "one_cycle", "max_lr": "auto", "anneal": "cos"}, "steps": 60,
             "world_size": 2}
        ]
    }  # fmt: skip


def test_a_target_is_a_value_or_an_arm() -> None:
    assert flag_values.target("0.9") == {"target.value": 0.9}
    assert flag_values.target("slow") == {"target.final_of": "slow"}


@pytest.mark.parametrize("over", [["world_size"], ["=1"], ["world_size="], ["world_size=1", "world_size=2"]], ids=str)
def test_what_is_no_grid_is_refused(over: list[str]) -> None:
    with pytest.raises(UsageError, match="--over"):
        flag_values.over(over)


@pytest.mark.parametrize("arm", ["constant lr=0.1", "a=", "=constant", "a=constant lr"])
def test_what_is_no_arm_is_refused(arm: str) -> None:
    with pytest.raises(UsageError, match=r"--arm must be|field=value"):
        flag_values.arms([arm])


def test_seeds_are_whole_numbers() -> None:
    assert flag_values.seeds("0,3") == {"seeds": [0, 3]}
    with pytest.raises(UsageError, match="--seeds must be whole numbers"):
        flag_values.seeds("one")
