"""Clones, on SQLite and on PostgreSQL."""

from typing import Any

from jobs.database.session import Database
from jobs.spec.job import job_spec
from jobs.submission import clone as cloning
from jobs.submission import submit
from tests.attempts import events, job
from tests.builders import lr_find_spec, one_cycle, sweep_spec, train_spec


def test_a_clone_is_the_same_but_for_what_is_patched(database: Database) -> None:
    spec = train_spec(labels={"project": "a", "who": "b"})
    job_id = submit.submit(database, spec).job_id
    patch: dict[str, Any] = {"seed": 7, "labels": {"who": None}, "conditions": {"optimizer": {"weight_decay": 0.01}}}
    patched = job_spec.validate_python(cloning.patched_spec(database, job_id, patch))
    clone = cloning.submit_clone(database, job_id, patched, key="k", body=b"1")
    assert cloning.submit_clone(database, job_id, patched, key="k", body=b"1").job_id == clone.job_id
    old, new = job(database, job_id).spec, job(database, clone.job_id).spec
    assert new["seed"] == 7
    assert new["labels"] == {"project": "a"}
    assert new["conditions"]["optimizer"] == old["conditions"]["optimizer"] | {"weight_decay": 0.01}
    assert events(database, clone.job_id) == ["submitted", "cloned"]


def test_every_kind_of_job_can_be_cloned_as_it_is(database: Database) -> None:
    for spec in (train_spec(), train_spec(schedule=one_cycle("auto")), lr_find_spec(), sweep_spec()):
        job_id = submit.submit(database, spec).job_id
        again = job_spec.validate_python(cloning.patched_spec(database, job_id, {}))
        cloned = cloning.submit_clone(database, job_id, again, key=None, body=b"").job_id
        assert job(database, cloned).spec == job(database, job_id).spec
