from typing import Any

import pytest

from clr_cli.input.spec_from_flags import (
    ConditionFlags,
    LabelFlags,
    RangeTestFlags,
    TrainFlags,
    lr_find_spec,
    sweep_spec,
    train_spec,
)
from clr_client.errors import UsageError
from jobs.spec.job import job_spec
from tests.unit.documents import JOB_ID


def test_nothing_typed_gives_a_spec_that_the_server_takes() -> None:
    spec = lr_find_spec(ConditionFlags(), RangeTestFlags(), LabelFlags())
    assert spec["conditions"]["optimizer"] == {"name": "sgd", "momentum": 0.9, "weight_decay": 5e-4}
    assert "range_test" not in spec
    job_spec.validate_python(spec)


def test_everything_typed_gives_a_spec_that_the_server_takes() -> None:
    conditions = ConditionFlags("resnet8", "cifar10", "adamw", 0.8, 0.1, 64, 2, "bf16")
    sweep = RangeTestFlags(1e-5, 1.0, 50, "linear", 2)
    spec = lr_find_spec(conditions, sweep, LabelFlags(7, "n", ["a=b", "c=d=e"]))
    assert spec["conditions"]["optimizer"]["betas"] == [0.8, 0.999]
    assert spec["labels"] == {"a": "b", "c": "d=e"}
    job_spec.validate_python(spec)


def test_a_dataset_that_ends_in_npz_is_a_file_on_the_server() -> None:
    spec = lr_find_spec(ConditionFlags(dataset="mine/cats.npz"), RangeTestFlags(), LabelFlags())
    assert spec["conditions"]["dataset"] == {"name": "npz", "options": {"path": "mine/cats.npz"}}
    job_spec.validate_python(spec)


def test_a_training_from_a_job_has_no_conditions_of_its_own() -> None:
    spec = train_spec(ConditionFlags(), TrainFlags(from_job=JOB_ID, epochs=12), LabelFlags())
    assert spec == {
        "kind": "train",
        "schedule": {"name": "one_cycle", "max_lr": {"from_job": JOB_ID}},
        "epochs": 12,
    }
    job_spec.validate_python(spec)


@pytest.mark.parametrize(("typed", "peak"), [("auto", "auto"), ("0.4", 0.4), ("1e-3", 1e-3)])
def test_a_peak_is_a_number_or_auto(typed: str, peak: object) -> None:
    spec = train_spec(ConditionFlags(), TrainFlags(max_lr=typed, steps=100), LabelFlags())
    assert spec["schedule"]["max_lr"] == peak
    job_spec.validate_python(spec)


def test_a_triangular_training_has_its_foot_and_its_half_cycle() -> None:
    training = TrainFlags(max_lr="0.4", schedule="triangular", base_lr=0.01, step_size_epochs=2.0, epochs=8.0)
    spec = train_spec(ConditionFlags(), training, LabelFlags())
    assert spec["schedule"] == {
        "name": "triangular",
        "max_lr": 0.4,
        "base_lr": 0.01,
        "step_size_epochs": 2.0,
    }
    job_spec.validate_python(spec)


@pytest.mark.parametrize(
    ("conditions", "training", "complaint"),
    [
        (ConditionFlags(), TrainFlags(epochs=1), "either --from-job ID, or --max-lr"),
        (
            ConditionFlags(),
            TrainFlags(from_job="j", max_lr="auto", epochs=1),
            "either --from-job ID, or --max-lr",
        ),
        (ConditionFlags(), TrainFlags(max_lr="auto"), "either --epochs or --steps"),
        (ConditionFlags(), TrainFlags(max_lr="auto", epochs=1, steps=1), "either --epochs or --steps"),
        (ConditionFlags(), TrainFlags(max_lr="high", epochs=1), "must be a number or auto"),
        (
            ConditionFlags(model="mlp", batch_size=1),
            TrainFlags(from_job="j", epochs=1),
            "--model, --batch-size",
        ),
    ],
)
def test_what_only_the_command_line_can_see_is_refused_here(
    conditions: ConditionFlags, training: TrainFlags, complaint: str
) -> None:
    with pytest.raises(UsageError, match=complaint):
        train_spec(conditions, training, LabelFlags())


@pytest.mark.parametrize("label", ["nothing", "=value", ""])
def test_a_label_that_is_no_pair_is_refused(label: str) -> None:
    with pytest.raises(UsageError, match="key=value"):
        LabelFlags(labels=[label]).document()


def spec(*over: str) -> dict[str, Any]:
    return sweep_spec(ConditionFlags(), over, RangeTestFlags(steps=50), LabelFlags(name="x"))


def test_typed_values_become_a_grid_that_the_server_takes() -> None:
    sent = spec("optimizer.weight_decay=1e-3,0", "global_batch_size=64,128", "precision=fp32,bf16")
    assert sent["over"] == {
        "optimizer.weight_decay": [1e-3, 0], "global_batch_size": [64, 128], "precision": ["fp32", "bf16"],
    }  # fmt: skip
    job_spec.validate_python(sent)


@pytest.mark.parametrize("over", [(), ("world_size",), ("=1",), ("world_size=",), ("world_size=1", "world_size=2")])
def test_what_is_no_grid_is_a_usage_error(over: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match=r"--over|Give"):
        spec(*over)
