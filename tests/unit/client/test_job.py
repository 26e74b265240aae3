import asyncio
import json
import pydoc
import sys
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from clr_client import AsyncClient, Client
from clr_client.curves import Curves
from clr_client.display.notebook_progress import picture_of
from clr_client.errors import JobFailedError, MissingPackageError, ProblemError, ServerUnreachableError
from tests.unit.client.conftest import DROP, Answer, Server
from tests.unit.client.documents import JOB_ID, bounds, job, training_curves

DONE = job(status="succeeded", is_terminal=True)
FAILED = job(status="failed", is_terminal=True, reason="diverged", error={"detail": "the loss became NaN"})
BUSY = Answer(429, {"title": "Too many", "code": "too_many_requests"}, headers={"Retry-After": "0"})


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clr_client.endpoints.following.FIRST_POLL_S", 0.01)
    monkeypatch.setattr("clr_client.endpoints.following.LONGEST_POLL_S", 0.02)
    monkeypatch.setattr("clr_client.transport.retry.FIRST_RETRY_S", 0.01)


def happening(number: int, name: str = "checkpoint") -> str:
    event = {"seq": number, "job_id": JOB_ID, "at": "2026-01-02T03:04:05Z", "type": name, "data": {"step": number}}
    return f"event: {name}\nid: {number}\ndata: {json.dumps(event)}\n\n"


def stream(*messages: str) -> Answer:
    return Answer(200, "".join(["retry: 1000\n\n", *messages]), "text/event-stream")


SNAPSHOT = f"event: job\ndata: {json.dumps(DONE)}\n\n"
END = "event: end\ndata: {}\n\n"


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


def test_curves_are_arrays_with_what_was_not_finite_in_its_place() -> None:
    series = {"metric": "train_loss", "replica": 0, "smoothing": None, "x": [0, 1, 2, 3], "y": [2.5, None, None, 1.0]}
    special = [{"step": 1, "value": "inf"}, {"step": 2, "value": "nan"}]
    curves = Curves.of({"job_id": JOB_ID, "x": "step", "series": [series | {"nonfinite": special}]})
    np.testing.assert_array_equal(curves["train_loss"].y, [2.5, np.inf, np.nan, 1.0])
    assert curves["train_loss"].x.dtype == np.float64
    assert (curves.metrics, len(curves), len(curves["train_loss"])) == (["train_loss"], 1, 4)
    with pytest.raises(KeyError, match="train_loss"):
        curves["val_loss"]


def test_curves_become_tables_of_pandas() -> None:
    pytest.importorskip("pandas")
    document = training_curves(24)
    for series in document["series"]:
        series |= {"replica": 0}
    curves = Curves.of(document)
    table = curves.to_pandas()
    assert list(table.columns) == ["metric", "replica", "smoothing", "step", "value"]
    assert len(table) == sum(map(len, curves))
    assert table.groupby("metric")["value"].max()["lr"] == max(document["series"][1]["y"])
    one = curves["lr"].to_pandas()
    assert (one.name, one.index.name, len(one)) == ("lr", "step", 24)
    assert Curves.of({"job_id": JOB_ID, "x": "lr", "series": []}).to_pandas().empty


@pytest.mark.parametrize("package", ["pandas", "plotly.graph_objects"])
def test_what_is_not_installed_is_said_with_the_way_to_install_it(
    server: Server, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    server.answers = [Answer(200, job()), Answer(200, '{"data": [], "layout": {}}')]
    with Client(server.url) as client:
        handle = client.job(JOB_ID)
        asked = Curves.of({"job_id": JOB_ID, "x": "lr", "series": []}).to_pandas if package == "pandas" else handle.plot
        with pytest.raises(MissingPackageError, match=r"pip install 'clr-service\[notebook\]'"):
            asked()


def test_the_picture_of_a_job_is_a_figure_of_plotly(server: Server) -> None:
    picture = {"data": [{"type": "scatter", "y": [1, 2]}], "layout": {"title": {"text": "A picture"}}}
    server.answers = [Answer(200, job()), Answer(200, picture)]
    with Client(server.url) as client:
        figure = client.job(JOB_ID).plot(theme="dark", width=800)
    assert figure.layout.title.text == "A picture"
    assert server.requests[1].path == f"/v1/jobs/{JOB_ID}/plot.json?theme=dark&width=800"


def test_events_go_on_where_a_broken_stream_left_off_and_end_with_the_job(server: Server) -> None:
    server.answers = [
        Answer(200, job()),
        stream(happening(1, "started"), happening(2)),
        DROP,
        Answer(503, {"code": "x"}),
    ]
    server.answers += [stream(happening(3, "succeeded"), SNAPSHOT, END)]
    with Client(server.url) as client:
        handle = client.job(JOB_ID)
        events = list(handle.events())
    assert [(event.seq, event.type) for event in events] == [(1, "started"), (2, "checkpoint"), (3, "succeeded")]
    assert events[0].at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert handle.status == "succeeded"
    assert [request.headers.get("last-event-id") for request in server.requests[1:]] == ["0", "2", "2", "2"]


def test_events_of_an_unknown_job_are_a_problem_at_once(server: Server) -> None:
    server.answers = [Answer(404, {"title": "No such job", "code": "job_not_found"})]
    with Client(server.url) as client, pytest.raises(ProblemError, match="No such job"):
        next(client.events(JOB_ID))
    assert len(server.requests) == 1


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


def test_the_asynchronous_client_does_the_same(server: Server) -> None:
    server.answers = [DROP, Answer(202, job(status="queued")), Answer(200, DONE), Answer(200, bounds())]
    server.answers += [stream(happening(1)), stream(happening(2), END), Answer(204, "")]

    async def use() -> list[int]:
        async with AsyncClient(server.url) as client:
            submitted = await client.submit({"kind": "train"})
            assert (await submitted.wait(5)).status == "succeeded"
            assert (await submitted.bounds()).max_lr == 0.42
            numbers = [event.seq async for event in submitted.events()]
            await client.delete(JOB_ID)
            return numbers

    assert asyncio.run(use()) == [1, 2]
    keys = {request.headers["idempotency-key"] for request in server.requests[:2]}
    assert len(keys) == 1


def test_an_asynchronous_wait_leaves_the_loop_free_and_can_be_given_up(server: Server) -> None:
    server.answers = [Answer(200, job())]

    async def use() -> None:
        async with AsyncClient(server.url) as client:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(client.wait(JOB_ID), 0.2)

    asyncio.run(use())
    assert len(server.requests) > 1


def test_the_asynchronous_client_says_who_does_not_answer(server: Server) -> None:
    server.answers = [DROP]

    async def use() -> None:
        async with AsyncClient(server.url) as client:
            await client.jobs()

    with pytest.raises(ServerUnreachableError, match=server.url):
        asyncio.run(use())


@pytest.mark.parametrize("name", [name for name in dir(Client) if not name.startswith("_")])
def test_both_clients_have_the_same_methods_with_documentation(name: str) -> None:
    one: Any = getattr(Client, name)
    other: Any = getattr(AsyncClient, name)
    assert one.__doc__
    assert other.__doc__


def test_in_a_notebook_a_job_is_a_bar_with_numbers_and_no_markup_of_its_own() -> None:
    picture = picture_of(job(status="running", reason="<script>"))
    assert '<progress value="0.3500" max="1">' in picture
    assert "step 35/100" in picture
    assert "<script>" not in picture
    assert "<progress" not in picture_of(job(progress=None, latest=None))


def test_help_lists_the_methods_with_their_arguments() -> None:
    text = pydoc.plain(pydoc.render_doc(AsyncClient))
    (submit,) = [line for line in text.splitlines() if line.startswith(" |  submit(self, spec: ")]
    assert "idempotency_key: " in submit
    assert "bounds(job_id: str)" in text
