import json

import pytest
from pydantic import ValidationError

from jobs.conditions import Conditions
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
