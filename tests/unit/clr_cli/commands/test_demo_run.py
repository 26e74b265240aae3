from pathlib import Path

import pytest

from clr_cli.commands import demo_run
from clr_cli.commands.demo_run import Demo, DemoError
from clr_client.client import Client
from local_stack.stack import Stack
from tests.unit.conftest import Answer, Server
from tests.unit.documents import JOB_ID, bounds, job

QUEUED = Answer(202, job(status="queued"))


def _train(server: Server, folder: Path, **changes: object) -> Demo:
    server.answers = [QUEUED, Answer(200, job(is_terminal=True, **changes))]
    demo = Demo(jobs={"lr_find": JOB_ID})
    with Client(server.url) as client:
        demo_run._train(demo, client, Stack(folder), lambda _line: None)
    return demo


def test_a_training_that_learned_is_taken(server: Server, tmp_path: Path) -> None:
    demo = _train(server, tmp_path, status="succeeded", latest={"val_accuracy": 0.97})
    assert demo.val_accuracy == 0.97
    assert list(demo.took_s) == ["train"]


@pytest.mark.parametrize("accuracy", [0.89, None])
def test_a_training_that_did_not_learn_is_a_failure(server: Server, tmp_path: Path, accuracy: float | None) -> None:
    with pytest.raises(DemoError, match="accuracy"):
        _train(server, tmp_path, status="succeeded", latest={"val_accuracy": accuracy})


def test_a_job_that_fails_gives_its_reason_and_detail(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DemoError, match=r"failed \(invalid_data\)(.|\n)*no such file"):
        _train(server, tmp_path, status="failed", reason="invalid_data", error={"detail": "no such file"})


def test_no_bounds_are_a_failure(server: Server, tmp_path: Path) -> None:
    done = job(kind="lr_find", status="succeeded", is_terminal=True)
    server.answers = [QUEUED, Answer(200, done), Answer(200, bounds(bounds=None))]
    with Client(server.url) as client, pytest.raises(DemoError, match="no bounds"):
        demo_run._find_bounds(Demo(), client, Stack(tmp_path), lambda _line: None)
