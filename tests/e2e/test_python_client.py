"""The Python client before a real server: the same range test, training and events, blocking and awaited."""

import asyncio
import time
from io import BytesIO
from typing import Any

import numpy as np
import pytest

from clr_client import AsyncClient, Client
from clr_client.errors import JobFailedError, ProblemError
from clr_client.job import Job
from local_stack.stack import Stack
from tests.builders import conditions, lr_find, train

MLP = conditions(world_size=1)
RANGE_TEST = {"start_lr": 1e-5, "end_lr": 10, "steps": 60, "replicas": 2}
TIMEOUT_S = 90


@pytest.fixture(scope="module")
def range_test(stack: Stack) -> Any:
    with Client(stack.url) as client:
        return client.submit(lr_find(conditions=MLP, range_test=RANGE_TEST)).wait(TIMEOUT_S).raise_for_status()["id"]


def test_a_range_test_and_a_training_by_handles(
    client: Client, range_test: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = client.job(range_test)
    bounds = found.bounds()
    assert bounds.max_lr is not None
    assert bounds.use is not None
    over_lr = found.curves("train_loss", x="lr")
    assert [series.replica for series in over_lr] == [0, 1]
    assert np.isclose(over_lr["train_loss"].x[0], 1e-5)

    training = client.submit({**bounds.use, "epochs": 2}).wait(TIMEOUT_S, progress=True).raise_for_status()
    assert f"{training.id}  succeeded" in capsys.readouterr().err
    curves = training.curves()
    assert {"train_loss", "lr", "momentum", "val_accuracy"} <= set(curves.metrics)
    assert curves["lr"].y.max() == pytest.approx(bounds.max_lr, rel=0.05)
    assert list(curves["lr"].to_pandas().index) == list(range(training["resolved"]["total_steps"]))

    events = list(training.events())
    assert (events[0].type, events[-1].type) == ("submitted", "succeeded")
    assert [event.seq for event in training.events(after=events[0].seq)] == [event.seq for event in events[1:]]
    assert training.plot().layout.title.text
    numbers = [line["number"] for line in training.logs()]
    assert numbers == sorted(set(numbers))
    model = BytesIO()
    assert training.download_model(model) == len(model.getvalue()) > 1000
    training.delete()
    with pytest.raises(ProblemError) as gone:
        training.refresh()
    assert gone.value.status == 404


def test_events_come_as_they_happen_and_a_job_is_cancelled_resumed_and_cloned(client: Client) -> None:
    job = client.submit(train(conditions=MLP, steps=20_000))
    for event in job.events():
        if event.type == "started":
            job.cancel()
    assert job.status == "cancelled"
    with pytest.raises(JobFailedError, match="cancelled"):
        job.raise_for_status()
    assert job.resume().status in {"queued", "running"}
    job.cancel("kill")
    assert job.wait(TIMEOUT_S).status == "cancelled"
    copy = job.clone({"steps": 5})
    assert copy.id != job.id
    assert copy.wait(TIMEOUT_S)["spec"]["steps"] == 5


def test_many_jobs_are_awaited_at_the_same_time(stack: Stack, range_test: str) -> None:
    async def use() -> tuple[list[Job[Any]], float]:
        async with AsyncClient(stack.url) as client:
            bounds = await (await client.job(range_test)).bounds()
            assert bounds.use is not None
            begun = time.monotonic()
            jobs = await asyncio.gather(*(client.submit({**bounds.use, "steps": 10, "seed": n}) for n in range(4)))
            submitted_s = time.monotonic() - begun
            ended = await asyncio.gather(*(job.wait(TIMEOUT_S) for job in jobs))
            types = [event.type async for event in ended[0].events()]
            assert (types[0], types[-1]) == ("submitted", "succeeded")
            assert len((await ended[0].curves("lr"))["lr"]) == 10
            picture = BytesIO()
            assert await ended[0].download_model(picture) > 1000
            assert (await client.plot(range_test, "png")).startswith(b"\x89PNG")
            with pytest.raises(ProblemError, match="job_not_found"):
                await client.job("job_" + "0" * 32)
            return ended, submitted_s

    ended, _ = asyncio.run(use())
    assert [job.status for job in ended] == ["succeeded"] * 4
    assert len({job.id for job in ended}) == 4
