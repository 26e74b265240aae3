"""The log of a job's processes: in pages, as text or as a live stream."""

import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from fastapi.sse import format_sse_event

from api.access.stream_access import StreamAccess
from api.dependencies import Services, ServicesDep, StreamAccessDep
from api.http.prefer import preferred_wait_s
from api.http.problems import RefusedError
from api.routes.jobs.events import HEADERS, PING_S, RECONNECT_MS, LastEventId, refused
from api.schemas.events import LogLineDocument, LogPage, LogQuery
from api.schemas.problems import problems
from jobs.database import queries
from jobs.errors import JobNotFoundError
from jobs.files import job_log
from jobs.status import TERMINAL

PIECE = 1000  # lines per read

router = APIRouter(prefix="/v1/jobs", tags=["logs"])

_FORMS: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            "text/plain": {
                "schema": {"type": "string"}, "example": "2026-01-15T09:30:00Z rank0 stdout: 270 steps in all\n",
            },
            "text/event-stream": {
                "schema": {"type": "string"},
                "example": 'event: log\nid: 1\ndata: {"number": 1, "attempt": 1, "source": "rank0", '
                '"stream": "stdout", "at": "2026-01-15T09:30:00Z", "text": "270 steps in all"}\n\n',
            },
        }
    }
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Read:
    """Result of one read: lines, the number of the last line read so far, whether the job has ended."""

    page: LogPage
    position: int
    is_over: bool


@dataclass(frozen=True, slots=True)
class _Log:
    """The lines of a job, all of them or those of one attempt."""

    services: Services
    access: StreamAccess
    job_id: str
    attempt: int | None

    def read(self, after: int, limit: int, tail: int | None = None) -> _Read:
        """The lines after a number, or the last ones.

        Raises:
            JobNotFoundError: There is no such job.
        """
        with self.services.database.read() as session:
            job = queries.get_job(session, self.job_id)  # read first: if it has ended, all its lines are already stored
            if tail is not None:
                after = job_log.last_number(session, job.id)
                rows = job_log.tail(session, job.id, tail, attempt=self.attempt)
            else:
                rows = job_log.after(session, job.id, after, attempt=self.attempt, limit=limit + 1)
                after = rows[:limit][-1].number if rows else after
            more = after if tail is None and len(rows) > limit else None
            shown = [LogLineDocument.of(row) for row in (rows if tail is not None else rows[:limit])]
            page = LogPage(data=shown, next_after=more, dropped=job_log.dropped(session, job.id))
            return _Read(page, after, job.status in TERMINAL)

    async def follow(self, first: _Read) -> AsyncIterator[_Read | RefusedError | None]:
        """Yield reads that found lines, until the job has ended and none are left; None after a while without lines.

        The last item is an error if the caller has lost access.
        """
        found = first
        with (
            self.services.change_feed.listening([self.job_id]) as listener,
            suppress(JobNotFoundError),
        ):  # deleted meanwhile
            while True:
                if found.page.data:
                    yield found
                elif found.is_over:
                    return
                elif await listener.next(PING_S) is None:
                    yield None
                if (refusal := await self.access.refusal()) is not None:
                    yield refusal
                    return
                found = await run_in_threadpool(self.read, found.position, PIECE)

    async def wait(self, first: _Read, limit: int, wait_s: float) -> LogPage:
        """The next lines, or an empty page after the timeout or when the job has ended."""
        found, deadline = first, time.monotonic() + wait_s
        with self.services.change_feed.listening([self.job_id]) as listener:
            while not (found.page.data or found.is_over) and (left_s := deadline - time.monotonic()) > 0:
                await listener.next(left_s)
                found = await run_in_threadpool(self.read, found.position, limit)
        return found.page


@router.get("/{job_id}/logs", response_model=LogPage, responses=problems(422, JobNotFoundError) | _FORMS)
async def show_logs(  # noqa: PLR0913, PLR0917 - FastAPI hands in each by its type
    services: ServicesDep, access: StreamAccessDep, job_id: str, asked: Annotated[LogQuery, Query()],
    accept: Annotated[str, Header()] = "", prefer: Annotated[str, Header()] = "", last_event_id: LastEventId = None,
) -> LogPage | StreamingResponse:  # fmt: skip
    """Get the last 10,000 lines of ranks and their launch agent, as a page, text or a stream.

    ``Accept: text/event-stream`` returns a ``log`` event for each line until the job has ended, then ``end``;
    ``Last-Event-ID`` continues after a line. ``Accept: text/plain`` (or ``format=text``) returns text, with ``follow``
    until the job has ended. Otherwise the response is a page; ``Prefer: wait=30`` waits until it has a line.
    """
    log = _Log(services, access, job_id, asked.attempt)
    after, tail = asked.after or 0, asked.tail
    if last_event_id is not None:  # a browser reconnects to the same URL
        after, tail = int(last_event_id), None
    first = await run_in_threadpool(log.read, after, asked.limit, tail)
    form = asked.format or _form(accept)
    if form == "events":
        return StreamingResponse(_events(log, first), media_type="text/event-stream", headers=HEADERS)
    if form == "text":
        text = _text(log.follow(first) if asked.follow else _only(first))
        return StreamingResponse(text, media_type="text/plain; charset=utf-8", headers=HEADERS)
    return await log.wait(first, asked.limit, preferred_wait_s(prefer))


def _form(accept: str) -> Literal["json", "text", "events"]:
    first = accept.split(",", maxsplit=1)[0].split(";", maxsplit=1)[0].strip()
    if "text/event-stream" in accept:
        return "events"
    return "text" if first == "text/plain" else "json"


async def _only(found: _Read) -> AsyncIterator[_Read]:
    yield found


async def _events(log: _Log, first: _Read) -> AsyncIterator[bytes]:
    yield format_sse_event(retry=RECONNECT_MS)
    async for found in log.follow(first):
        if isinstance(found, RefusedError):
            yield refused(found)
            return
        if found is None:
            yield b": still here\n\n"
        else:
            for line in found.page.data:
                yield format_sse_event(event="log", id=str(line.number), data_str=line.model_dump_json())
    yield format_sse_event(event="end", data_str="{}")


async def _text(looks: AsyncIterator[_Read | RefusedError | None]) -> AsyncIterator[str]:
    is_first = True
    async for found in looks:
        if isinstance(found, RefusedError):
            yield f"({found.detail})\n"
            return
        if found is None:
            continue
        if is_first and found.page.dropped:
            yield f"({found.page.dropped} earlier lines are no longer kept)\n"
        yield "".join(line.as_text() for line in found.page.data)
        is_first = False
