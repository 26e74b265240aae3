import json
import pydoc
import sys
from typing import Any

import pytest

from clr_client import AsyncClient, Client
from clr_client.curves import Curves
from clr_client.errors import JobFailedError, MissingPackageError, ProblemError
from tests.unit.conftest import Answer, Server
from tests.unit.documents import JOB_ID, bounds, job

DONE = job(status="succeeded", is_terminal=True)
FAILED = job(status="failed", is_terminal=True, reason="diverged", error={"detail": "the loss became NaN"})
BUSY = Answer(429, {"title": "Too many", "code": "too_many_requests"}, headers={"Retry-After": "0"})


def test_a_job_is_a_mapping_with_names_for_what_is_asked_for_most(server: Server) -> None:
    server.answers = [Answer(200, job())]
    with Client(server.url) as client:
        found = client.job(JOB_ID)
    assert found == job()
    assert (found.id, found.kind, found.status, found.is_terminal) == (JOB_ID, "train", "running", False)
    assert repr(found) == f"<Job {JOB_ID}: train, running, 35 %>"


def test_waiting_brings_a_job_up_to_date_in_place(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    server.answers = [Answer(202, job(status="queued")), Answer(200, job()), Answer(200, DONE)]
    seen: list[str] = []
    with Client(server.url) as client:
        submitted = client.submit({})
        assert submitted.wait(5, on_update=lambda now: seen.append(now["status"]), progress=True) is submitted
    assert (submitted.status, seen) == ("succeeded", ["running", "succeeded"])
    assert "step 35/100" in capsys.readouterr().err
    assert submitted.raise_for_status() is submitted


def test_a_job_that_failed_raises_its_reason_when_asked_to(server: Server) -> None:
    server.answers = [Answer(200, FAILED)]
    with (
        Client(server.url) as client,
        pytest.raises(JobFailedError, match=r"diverged.*\nthe loss became NaN") as caught,
    ):
        client.wait(JOB_ID).raise_for_status()
    assert caught.value.job == FAILED


def test_bounds_have_names_and_are_none_where_there_are_none(server: Server) -> None:
    nothing = bounds(bounds=None, confidence={"grade": "none"}, use=None)
    server.answers = [Answer(200, job()), Answer(200, bounds(use={"kind": "train"})), Answer(200, nothing)]
    with Client(server.url) as client:
        handle = client.job(JOB_ID)
        found, none = handle.bounds(), handle.bounds()
    assert (found.base_lr, found.max_lr, found.grade, found.use) == (0.0041, 0.42, "high", {"kind": "train"})
    assert found.warnings == ["Three range tests say little about spread."]
    assert found["confidence"]["level"] == 0.9
    assert (none.max_lr, none.grade, none.use) == (None, "none", None)


def test_what_changes_a_job_changes_the_handle_and_a_clone_is_another(server: Server) -> None:
    other = job(id="job_" + "1" * 32)
    server.answers = [Answer(200, job()), Answer(202, job(status="cancelling")), Answer(202, job(status="queued"))]
    server.answers += [Answer(202, other), Answer(204, "")]
    with Client(server.url) as client:
        handle = client.job(JOB_ID)
        assert handle.cancel("kill").status == "cancelling"
        assert handle.resume().status == "queued"
        assert handle.clone({"name": "again"}).id == other["id"]
        handle.delete()
    assert handle.id == JOB_ID
    assert [request.method for request in server.requests] == ["GET", "POST", "POST", "POST", "DELETE"]
    assert json.loads(server.requests[1].body) == {"mode": "kill"}


@pytest.mark.parametrize("package", ["pandas", "plotly.graph_objects"])
def test_what_is_not_installed_is_said_with_the_way_to_install_it(
    server: Server, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    server.answers = [Answer(200, job()), Answer(200, '{"data": [], "layout": {}}')]
    with Client(server.url) as client:
        handle = client.job(JOB_ID)
        asked = Curves.of({"job_id": JOB_ID, "x": "lr", "series": []}).to_pandas if package == "pandas" else handle.plot
        with pytest.raises(MissingPackageError, match=r"pip install 'clr-client\[notebook\]'"):
            asked()


def test_a_busy_server_is_asked_again_when_it_says_and_three_times_at_most(server: Server) -> None:
    server.answers = [BUSY, BUSY, Answer(200, job())]
    with Client(server.url) as client:
        assert client.job(JOB_ID).id == JOB_ID
        server.answers = [BUSY]
        with pytest.raises(ProblemError) as caught:
            client.job(JOB_ID)
    assert (caught.value.retry_after_s, len(server.requests)) == (0.0, 6)


def test_a_server_that_is_busy_for_long_is_not_waited_for(server: Server) -> None:
    server.answers = [Answer(429, {"title": "Too many"}, headers={"Retry-After": "3600"})]
    with Client(server.url) as client, pytest.raises(ProblemError) as caught:
        client.submit({})
    assert (caught.value.retry_after_s, len(server.requests)) == (3600.0, 1)


@pytest.mark.parametrize("name", [name for name in dir(Client) if not name.startswith("_")])
def test_both_clients_have_the_same_methods_with_documentation(name: str) -> None:
    one: Any = getattr(Client, name)
    other: Any = getattr(AsyncClient, name)
    assert one.__doc__
    assert other.__doc__


def test_help_lists_the_methods_with_their_arguments() -> None:
    text = pydoc.plain(pydoc.render_doc(AsyncClient))
    (submit,) = [line for line in text.splitlines() if line.startswith(" |  submit(self, spec: ")]
    assert "idempotency_key: " in submit
    assert "bounds(job_id: str)" in text
