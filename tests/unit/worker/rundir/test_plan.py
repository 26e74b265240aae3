"""Plans: ranks read what the supervisor wrote, and do not judge a request again."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from jobs.config.settings import Settings
from jobs.database.records import Claim
from jobs.spec.job import TrainSpec
from jobs.spec.resolved import Checkpoint, ResolvedRangeTest
from jobs.spec.runnable import AnyRunnableJob, ProbeRun, RangeTestJob
from tests.builders import lr_find_spec, train_spec, training_job
from worker.rundir.directory import Share, write_plan
from worker.rundir.plan import FILE, LrFindPlan, Resume, TrainingPlan, read_plan

CHECKPOINT = Checkpoint(key="job_1/step-8.pt", sha256="a" * 64, step=8)


def written(folder: Path, job: AnyRunnableJob, resume: Checkpoint | None = None, **changes: Any) -> None:
    settings = Settings(data_dir=folder, hang_floor_s=float("inf"))
    write_plan(folder, Claim("job_1", 1, 2, job, resume), settings, folder.joinpath, **changes)


def test_a_training_is_read_as_it_was_claimed(tmp_path: Path) -> None:
    job = training_job(schedule={"name": "triangular", "max_lr": 0.1, "base_lr": 0.01, "step_size": 5})
    written(tmp_path, job, CHECKPOINT)
    plan = read_plan(tmp_path)
    assert isinstance(plan, TrainingPlan)
    assert (plan.spec, plan.resolved, plan.conditions) == (job.spec, job.resolved, job.conditions)
    assert plan.resume == Resume(path=tmp_path / CHECKPOINT.key, sha256=CHECKPOINT.sha256, step=8)
    assert plan.collective_timeout_s == float("inf")


def test_a_range_test_is_read_with_the_share_of_its_group(tmp_path: Path) -> None:
    spec, probe = lr_find_spec(), ProbeRun(3, 1, 0, 0.5, 40)
    job = RangeTestJob(spec=spec, resolved=ResolvedRangeTest(rank_batch_size=32, start_from=CHECKPOINT))
    written(tmp_path, job, share=Share(tmp_path / "pieces", 2, [probe]))
    plan = read_plan(tmp_path)
    assert isinstance(plan, LrFindPlan)
    assert (plan.spec, plan.pieces_dir, plan.first_piece, plan.probes) == (spec, tmp_path / "pieces", 2, (probe,))
    assert plan.start == Resume(path=tmp_path / CHECKPOINT.key, sha256=CHECKPOINT.sha256, step=8)


def test_rules_of_requests_are_not_applied_again_and_the_form_of_the_document_is(tmp_path: Path) -> None:
    written(tmp_path, training_job())
    document = json.loads((tmp_path / FILE).read_text())
    document["spec"]["epochs"] = 3.0  # beside its steps
    document["spec"]["conditions"]["global_batch_size"] = 63  # on two ranks
    with pytest.raises(ValidationError):
        TrainSpec.model_validate(document["spec"])
    (tmp_path / FILE).write_text(json.dumps(document))
    assert read_plan(tmp_path).conditions.global_batch_size == 63
    document["spec"]["of_tomorrow"] = 1
    (tmp_path / FILE).write_text(json.dumps(document))
    with pytest.raises(ValidationError, match="of_tomorrow"):
        read_plan(tmp_path)


def test_a_request_is_judged_by_all_rules() -> None:
    with pytest.raises(ValidationError, match="exactly one of epochs and steps"):
        train_spec(epochs=1.0)
