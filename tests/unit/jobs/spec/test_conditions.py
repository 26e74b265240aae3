import json

import pytest
from pydantic import ValidationError

from jobs.spec.conditions import Conditions
from tests.builders import conditions, conditions_of


def test_defaults_written_out_or_not_give_the_same_fingerprint() -> None:
    short = conditions_of()
    assert Conditions.model_validate(json.loads(short.model_dump_json())).fingerprint() == short.fingerprint()
    assert short.fingerprint().startswith("sha256:")


def test_an_integer_for_a_rate_gives_the_same_fingerprint() -> None:
    one, other = ({"name": "sgd", "momentum": 0.9, "weight_decay": decay} for decay in (0, 0.0))
    assert conditions_of(optimizer=one).fingerprint() == conditions_of(optimizer=other).fingerprint()


@pytest.mark.parametrize("change", [{"world_size": 1}, {"global_batch_size": 32}, {"precision": "bf16"}])
def test_any_change_gives_another_fingerprint(change: dict[str, object]) -> None:
    assert conditions_of(**change).fingerprint() != conditions_of().fingerprint()


def test_differences_are_named_by_json_pointer() -> None:
    other = conditions_of(optimizer={"name": "adamw"}, global_batch_size=32)
    differing = conditions_of().differences(other)
    assert "/conditions/global_batch_size" in differing
    assert "/conditions/optimizer/name" in differing


@pytest.mark.parametrize("path", ["/etc/passwd.npz", "../x.npz", "a/../../x.npz", "x.npy", "a\\b.npz", "", "a\0.npz"])
def test_a_dataset_path_cannot_leave_the_data_folder(path: str) -> None:
    with pytest.raises(ValidationError):
        Conditions.model_validate(conditions(dataset={"name": "npz", "options": {"path": path}}))


def test_momentum_cycles_only_where_there_is_one() -> None:
    assert conditions_of(optimizer={"name": "sgd", "momentum": 0.9}).optimizer.cycles_momentum
    assert not conditions_of(optimizer={"name": "sgd"}).optimizer.cycles_momentum
    assert conditions_of(optimizer={"name": "adam"}).optimizer.cycles_momentum


def test_options_that_came_later_leave_older_fingerprints_as_they_were() -> None:
    assert conditions_of().fingerprint() == "sha256:a283912a01b0b602282f7a31305b7546598cf9babebf94b2cd9aee72a5f14b09"
    resnet = conditions_of(model={"name": "resnet18"}, optimizer={"name": "adamw"})
    assert resnet.fingerprint() == "sha256:52af3c154111fb2a3d5d3672a839ee94990f14ee22c3fb9966516996943cede0"


LATER: list[dict[str, object]] = [
    {"channels_last": True}, {"compile": True}, {"accumulation_steps": 2}, {"batch_norm_group_size": 8},
    {"sync_batch_norm": True}, {"augmentation": "flip"}, {"nodes": 2},
    {"optimizer": {"name": "sgd", "momentum": 0.9, "fused": True}},
]  # fmt: skip


@pytest.mark.parametrize("change", LATER)
def test_options_that_change_numbers_change_the_fingerprint(change: dict[str, object]) -> None:
    assert conditions_of(**change).fingerprint() != conditions_of().fingerprint()


UNEVEN: list[tuple[dict[str, object], str]] = [
    ({"accumulation_steps": 3}, "must divide the rank's batch of 32, got 3"),
    ({"nodes": 3}, "must divide world_size = 2"),
    ({"batch_norm_group_size": 5}, "must divide 32, got 5"),
    ({"batch_norm_group_size": 16, "accumulation_steps": 4}, "must divide 8, got 16"),
    ({"batch_norm_group_size": 8, "sync_batch_norm": True}, "exclude each other"),
]


@pytest.mark.parametrize(("change", "message"), UNEVEN)
def test_parts_of_a_batch_are_equal(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        conditions_of(**change)


def test_a_model_of_ones_own_is_accepted_by_name_alone() -> None:
    model = {"name": "entry_point", "options": {"name": "ours", "options": {"width": 3}}}
    assert conditions_of(model=model).model_dump()["model"] == model
