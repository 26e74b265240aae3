from typing import Any

import pytest

from clr_cli.input.spec_from_flags import spec_of
from clr_client.errors import UsageError
from jobs.spec.job import CompareSpec, job_spec
from tests.unit.documents import JOB_ID

ARMS = ["fast=one_cycle max_lr=auto anneal=cos steps=60", "slow=piecewise lr=0.1 milestones=[300] steps=480"]


def made(kind: str, *settings: str, **typed: Any) -> dict[str, Any]:
    """A spec that the server takes."""
    spec = spec_of(kind, typed, settings)
    job_spec.validate_python(spec)
    return spec


def test_nothing_typed_gives_a_spec_that_the_server_takes() -> None:
    spec = made("lr_find")
    assert spec["conditions"]["optimizer"] == {"name": "sgd", "momentum": 0.9, "weight_decay": 5e-4}
    assert "range_test" not in spec


def test_every_flag_of_a_range_test_sets_its_field() -> None:
    typed = {
        "model": "resnet8", "dataset": "cifar10", "optimizer": "adamw", "weight_decay": 0.1, "batch_size": 64,
        "world_size": 2, "start_lr": 1e-5, "end_lr": 1.0, "steps": 50, "replicas": 2, "name": "n",
    }  # fmt: skip
    assert made("lr_find", **typed) == {
        "kind": "lr_find", "name": "n",
        "conditions": {
            "model": {"name": "resnet8"}, "dataset": {"name": "cifar10"},
            "optimizer": {"name": "adamw", "weight_decay": 0.1}, "global_batch_size": 64, "world_size": 2,
        },
        "range_test": {"start_lr": 1e-5, "end_lr": 1.0, "steps": 50, "replicas": 2},
    }  # fmt: skip


def test_whatever_has_no_flag_is_set_by_its_path_and_null_takes_it_out() -> None:
    settings = [
        "conditions.precision=bf16", "conditions.optimizer.momentum=null", "range_test.bisect=true",
        f"range_test.start_from.from_job={JOB_ID}", "labels.project=demo", "seed=3",
    ]  # fmt: skip
    spec = made("lr_find", *settings)
    assert spec["conditions"]["precision"] == "bf16"
    assert spec["conditions"]["optimizer"] == {"name": "sgd", "weight_decay": 5e-4}
    assert spec["range_test"] == {"bisect": True, "start_from": {"from_job": JOB_ID}}
    assert (spec["labels"], spec["seed"]) == ({"project": "demo"}, 3)


@pytest.mark.parametrize("by_flag", [True, False])
@pytest.mark.parametrize("name", ["adam", "adamw", "schedulefree_sgd", "schedulefree_adamw", "prodigy"])
def test_another_optimizer_has_no_default_that_it_lacks(name: str, by_flag: bool) -> None:
    spec = made("lr_find", optimizer=name) if by_flag else made("lr_find", f"conditions.optimizer.name={name}")
    momentum = {"momentum": 0.9} if name == "schedulefree_sgd" else {}
    assert spec["conditions"]["optimizer"] == {"name": name, "weight_decay": 5e-4} | momentum


def test_an_upload_is_resized_by_a_field_beside_the_flag() -> None:
    dataset = "ds_" + "0" * 32
    spec = made("lr_find", "conditions.dataset.options.image_size=32", dataset=dataset)
    assert spec["conditions"]["dataset"] == {"name": "uploaded", "options": {"id": dataset, "image_size": 32}}


def test_a_training_from_a_job_has_no_conditions_of_its_own() -> None:
    expected = {"kind": "train", "schedule": {"name": "one_cycle", "max_lr": {"from_job": JOB_ID}}, "epochs": 12}
    assert made("train", from_job=JOB_ID, epochs=12) == expected
    assert made("train", f"schedule.max_lr.from_job={JOB_ID}", "epochs=12") == expected


def test_the_peak_goes_where_the_schedule_has_it() -> None:
    assert made("train", max_lr="0.4", steps=9)["schedule"] == {"name": "one_cycle", "max_lr": 0.4}
    assert made("train", max_lr="0.4", steps=9, schedule="cosine")["schedule"] == {"name": "cosine", "lr": 0.4}
    assert made("train", "schedule.name=linear", max_lr="auto", steps=9)["schedule"] == {"name": "linear", "lr": "auto"}


def test_fields_of_a_schedule_are_set_from_the_root() -> None:
    settings = ["schedule.base_lr=0.01", "schedule.step_size_epochs=2"]
    spec = made("train", *settings, max_lr="0.4", schedule="triangular", epochs=8.0)
    assert spec["schedule"] == {"name": "triangular", "max_lr": 0.4, "base_lr": 0.01, "step_size_epochs": 2}


def test_a_sequence_needs_no_peak_of_its_own() -> None:
    parts = '[{"steps": 5, "schedule": {"name": "constant", "lr": 0.1}}]'
    spec = made("train", f"schedule.parts={parts}", schedule="sequence", steps=5)
    assert spec["schedule"]["name"] == "sequence"


def test_a_grid_is_sent_as_typed() -> None:
    spec = made("sweep", "range_test.measure=val_loss", over=["global_batch_size=64,128"], steps=50)
    assert spec["over"] == {"global_batch_size": [64, 128]}
    assert spec["range_test"] == {"steps": 50, "measure": "val_loss"}


def test_typed_arms_become_a_comparison_that_the_server_takes() -> None:
    settings = ["equal_budget_arms=false", "observe.evaluate_every=5", "target.metric=val_loss", "reference=slow"]
    sent = made("compare", *settings, arm=ARMS, seeds="0,3", target="slow")
    taken = job_spec.validate_python(sent)
    assert isinstance(taken, CompareSpec)
    assert (taken.seeds, taken.observe.evaluate_every, len(taken.all_arms)) == ([0, 3], 5, 2)
    assert sent["target"] == {"final_of": "slow", "metric": "val_loss"}


def test_the_preset_takes_its_steps_by_a_flag_and_all_else_by_its_path() -> None:
    sent = made("compare", "preset.ratio=4", "preset.max_lr=0.5", preset="super_convergence", steps=60)
    assert sent["preset"] == {"name": "super_convergence", "steps": 60, "ratio": 4, "max_lr": 0.5}


@pytest.mark.parametrize(
    ("kind", "typed", "settings", "complaint"),
    [
        ("train", {"epochs": 1}, [], "either --from-job ID, or --max-lr"),
        ("train", {"epochs": 1, "schedule": "cosine"}, ["schedule.max_lr=0.1"], "either --from-job ID, or --max-lr"),
        ("train", {"epochs": 1, "from_job": "j", "max_lr": "auto"}, [], "--from-job and --max-lr set the same"),
        ("train", {"max_lr": "auto"}, [], "either --epochs or --steps"),
        ("train", {"max_lr": "auto", "epochs": 1, "steps": 1}, [], "either --epochs or --steps"),
        ("train", {"max_lr": "auto", "epochs": 1}, ["steps=1"], "either --epochs or --steps"),
        ("train", {"max_lr": "high", "epochs": 1}, [], "--max-lr must be a number or auto, not 'high'"),
        ("train", {"from_job": "j", "epochs": 1, "model": "mlp"}, ["conditions.nodes=1"], "--model, --set cond"),
        ("train", {"epochs": 1, "max_lr": "auto"}, ["schedule=5"], "given twice"),
        ("lr_find", {"batch_size": 8}, ["conditions.global_batch_size=4"], "--batch-size: --set conditions.g"),
        ("lr_find", {"model": "mlp"}, ["conditions.model=mlp"], "--set conditions.model"),
        ("lr_find", {}, ["labels"], "field=value"),
        ("sweep", {}, [], "--over"),
        ("compare", {}, [], "Give what is compared"),
        ("compare", {"arm": ARMS, "preset": "super_convergence"}, [], "Give what is compared"),
        ("compare", {"arm": ARMS, "steps": 9}, ["preset.ratio=2"], "--steps, --set preset.ratio: goes with --preset"),
    ],
)  # fmt: skip
def test_what_only_the_command_line_can_see_is_refused_here(
    kind: str, typed: dict[str, Any], settings: list[str], complaint: str
) -> None:
    with pytest.raises(UsageError, match=complaint):
        spec_of(kind, typed, settings)
