import pytest

from clr_cli.input.settings import merged, patch_of, with_settings
from clr_client.errors import UsageError


def test_paths_become_a_merge_patch() -> None:
    typed = ["conditions.optimizer.weight_decay=1e-4", "conditions.world_size=1", "name=again", "early_stop=null"]
    assert patch_of(typed) == {
        "conditions": {"optimizer": {"weight_decay": 1e-4}, "world_size": 1}, "name": "again", "early_stop": None,
    }  # fmt: skip


@pytest.mark.parametrize("typed", [["a"], ["=1"], ["a..b=1"], ["a=1", "a.b=2"], ["a.b=2", "a=1"], [".=1"]], ids=str)
def test_what_is_no_path_or_contradicts_another_is_refused(typed: list[str]) -> None:
    with pytest.raises(UsageError):
        patch_of(typed)


def test_a_merge_patch_does_what_its_rfc_says() -> None:
    # RFC 7396, section 3
    assert merged({"title": "Goodbye!", "author": {"a": 1, "b": 2}}, {"title": "Hi", "author": {"b": None}}) == {
        "title": "Hi",
        "author": {"a": 1},
    }
    assert merged({"a": [1]}, {"a": {"b": 1, "c": None}}) == {"a": {"b": 1}}


def test_a_null_takes_a_field_out_and_text_stays_text() -> None:
    spec = {"seed": 3, "conditions": {"precision": "bf16", "world_size": 1}}
    changed = with_settings(spec, ["seed=null", "conditions.precision=fp32", "name=1e-4 or so"])
    assert changed == {"conditions": {"precision": "fp32", "world_size": 1}, "name": "1e-4 or so"}
