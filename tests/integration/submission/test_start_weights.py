"""Range tests that start from the weights of a training: which are refused, and which checkpoint is pinned."""

from typing import Any

import pytest

from jobs.database import queries
from jobs.database.records import Batch
from jobs.database.session import Database
from jobs.errors import UnusableStartError
from jobs.files.artifacts import StoredFile
from jobs.lifecycle import claims, finish
from jobs.spec.job import LrFindSpec
from jobs.spec.resolved import Checkpoint
from jobs.submission import submit
from tests.builders import conditions, lr_find, train_spec


def trained(database: Database, *, checkpoint: bool = True, ended: bool = True) -> str:
    job_id = submit.submit(database, train_spec()).job_id
    claim = claims.claim_next(database, worker="w", slots=2, free=2, lease_s=30)
    assert claim is not None
    if checkpoint:
        stored = StoredFile(f"{job_id}/checkpoints/1-20", 1, "a" * 64)
        claims.record(database, claim, Batch(checkpoint=stored, checkpoint_step=20))
    if ended:
        finish.succeed(database, claim, {"final": {}})
    return job_id


def starting_from(job_id: str, **changes: Any) -> LrFindSpec:
    spec = lr_find(**changes)
    return LrFindSpec.model_validate(spec | {"range_test": spec["range_test"] | {"start_from": {"from_job": job_id}}})


def test_the_last_checkpoint_is_pinned_and_handed_to_the_worker(database: Database) -> None:
    source = trained(database)
    job_id = submit.submit(database, starting_from(source)).job_id
    with database.read() as session:
        resolved = queries.get_job(session, job_id).resolved
    assert resolved["start_from"] == {"key": f"{source}/checkpoints/1-20", "sha256": "a" * 64, "step": 20}
    claim = claims.claim_next(database, worker="w", slots=2, free=2, lease_s=30)
    assert claim is not None
    assert claim.start == Checkpoint(key=f"{source}/checkpoints/1-20", sha256="a" * 64, step=20)


@pytest.mark.parametrize(
    ("options", "changes", "why"),
    [
        ({"checkpoint": False}, {}, "no checkpoint"),
        ({"ended": False}, {}, "is running"),
        ({}, {"conditions": conditions(model={"name": "resnet8"})}, "/conditions/model"),
        ({}, {"conditions": conditions(dataset={"name": "mnist"})}, "/conditions/dataset"),
    ],
)
def test_weights_that_do_not_fit_are_refused(
    database: Database, options: dict[str, bool], changes: dict[str, Any], why: str
) -> None:
    source = trained(database, **options)
    with pytest.raises(UnusableStartError, match=why):
        submit.submit(database, starting_from(source, **changes))


def test_another_optimizer_or_batch_may_start_from_the_same_weights(database: Database) -> None:
    source = trained(database)
    submit.submit(database, starting_from(source, conditions=conditions(global_batch_size=128)))


def test_only_trainings_have_weights(database: Database) -> None:
    source = submit.submit(database, LrFindSpec.model_validate(lr_find())).job_id
    with pytest.raises(UnusableStartError, match="only trainings"):
        submit.submit(database, starting_from(source))
