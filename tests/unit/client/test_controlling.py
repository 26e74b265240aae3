import pytest

from clr_cli.input.spec_files import patch_of
from clr_cli.output.tables import workers_table
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


def test_the_table_of_workers_shows_draining_quarantine_and_what_runs() -> None:
    worker = {
        "name": "gpu-a", "host": "h", "slots": 4, "free_slots": 1, "quarantined_slots": [3], "state": "draining",
        "heartbeat_age_s": 0.52, "versions": {"torch": "2.13.0"}, "jobs": [{"job_id": "job_1"}],
    }  # fmt: skip
    line = workers_table([worker]).splitlines()[1]
    for part in ("gpu-a", "draining, quarantine: 3", "0.5 s ago", "2.13.0", "job_1"):
        assert part in line
    assert workers_table([]) == "No worker is alive."
