import asyncio
import json

import pytest

from clr_client import AsyncClient
from clr_client.errors import ServerUnreachableError
from tests.unit.conftest import DROP, Answer, Server
from tests.unit.documents import JOB_ID, bounds, job

DONE = job(status="succeeded", is_terminal=True)


def happening(number: int, name: str = "checkpoint") -> str:
    event = {"seq": number, "job_id": JOB_ID, "at": "2026-01-02T03:04:05Z", "type": name, "data": {"step": number}}
    return f"event: {name}\nid: {number}\ndata: {json.dumps(event)}\n\n"


def stream(*messages: str) -> Answer:
    return Answer(200, "".join(["retry: 1000\n\n", *messages]), "text/event-stream")


END = "event: end\ndata: {}\n\n"


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
