"""Events of jobs, as a stream of server-sent events or in pages."""

import json
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from fastapi.sse import format_sse_event

from api.access.stream_access import StreamAccess
from api.change_feed import Message, news
from api.dependencies import Services, ServicesDep, StreamAccessDep
from api.http.problems import RefusedError
from api.schemas.events import EventDocument, EventList
from api.schemas.problems import problems
from jobs.database import queries
from jobs.errors import JobNotFoundError

PING_S = 5.0
RECONNECT_MS = 1000
_EXAMPLE = """retry: 1000

event: started
id: 2
data: {"seq": 2, "job_id": "job_…", "at": "2026-01-15T09:30:00Z", "type": "started", "data": {"attempt": 1}}

event: end
data: {}

"""
_STREAM: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {"schema": {"type": "string"}, "example": _EXAMPLE}}}
}
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}

router = APIRouter(prefix="/v1", tags=["events"])

JobIds = Annotated[list[str], Query(min_length=1, max_length=100, description="Ids of jobs.")]
After = Annotated[int | None, Query(ge=0, lt=2**63, description="Number of the last event already received.")]
LastEventId = Annotated[str | None, Header(pattern=r"^[0-9]{1,18}$")]


@router.get("/jobs/{job_id}/events", response_model=EventList, responses=problems(422, JobNotFoundError) | _STREAM)
async def show_events(  # noqa: PLR0913, PLR0917 - FastAPI hands in each by its type
    services: ServicesDep, access: StreamAccessDep, job_id: str, accept: Annotated[str, Header()] = "",
    after: After = None, limit: Annotated[int, Query(ge=1, le=1000)] = 100, last_event_id: LastEventId = None,
) -> EventList | StreamingResponse:  # fmt: skip
    """Get the events of a job: a stream if ``Accept`` has ``text/event-stream``, otherwise a page.

    The stream starts with the events after ``after`` (or ``Last-Event-ID``) and continues with new events as they
    happen. A ``job`` event with the job's document follows each change. The last event is ``end`` when the job has
    ended, or ``refused`` when the key or session is no longer valid.
    """
    seen = int(last_event_id) if last_event_id is not None else after or 0
    if "text/event-stream" in accept:
        return await _stream_of(services, access, [job_id], seen)
    return await run_in_threadpool(_page, services, job_id, seen, limit)


@router.get("/events", response_class=StreamingResponse, responses=problems(422, JobNotFoundError) | _STREAM)
async def stream_events(
    services: ServicesDep, access: StreamAccessDep, job: JobIds, after: After = None, last_event_id: LastEventId = None
) -> StreamingResponse:
    """Stream the events of several jobs; the last event is ``end`` when all of them have ended."""
    seen = int(last_event_id) if last_event_id is not None else after or 0
    return await _stream_of(services, access, list(dict.fromkeys(job)), seen)


def _page(services: Services, job_id: str, after: int, limit: int) -> EventList:
    with services.database.read() as session:
        job = queries.get_job(session, job_id)
        rows = queries.events_of(session, job.id, after=after, limit=limit + 1)
        shown = [EventDocument.of(row) for row in rows[:limit]]
        return EventList(data=shown, next_after=shown[-1].seq if len(rows) > limit else None)


async def _stream_of(services: Services, access: StreamAccess, job_ids: Sequence[str], after: int) -> StreamingResponse:
    await run_in_threadpool(_past, services, job_ids, after)  # an unknown job must give a 404, not a broken stream
    stream = _stream(services, access, job_ids, after)
    return StreamingResponse(stream, media_type="text/event-stream", headers=HEADERS)


def _past(services: Services, job_ids: Sequence[str], after: int) -> list[Message]:
    with services.database.read() as session:
        return [message for job_id in job_ids for message in news(session, job_id, after)]


async def _stream(services: Services, access: StreamAccess, job_ids: Sequence[str], after: int) -> AsyncIterator[bytes]:
    yield format_sse_event(retry=RECONNECT_MS)
    known = dict.fromkeys(job_ids, (-1, after))  # last version and event number sent
    running = set(job_ids)
    with services.change_feed.listening(job_ids) as listener:
        for message in await run_in_threadpool(_past, services, job_ids, after):
            _note(known, running, message)
            yield message.data
        while running and listener.is_open:
            if (refusal := await access.refusal()) is not None:
                yield refused(refusal)
                return
            coming = await listener.next(PING_S)
            if coming is None:
                yield b": still here\n\n"
            elif _note(known, running, coming):
                yield coming.data
    if not running:
        yield format_sse_event(event="end", data_str="{}")


def refused(error: RefusedError) -> bytes:
    """Return the last event of a stream whose caller has lost access."""
    return format_sse_event(
        event="refused", data_str=json.dumps({"status": error.status, "code": error.code, "detail": error.detail})
    )


def _note(known: dict[str, tuple[int, int]], running: set[str], message: Message) -> bool:
    """Record a message; return whether it is new to this stream."""
    version, seq = known[message.job_id]
    if message.is_terminal:
        running.discard(message.job_id)
    if message.seq is not None:
        known[message.job_id] = (version, max(seq, message.seq))
        return message.seq > seq
    known[message.job_id] = (max(version, message.version), seq)
    return message.version > version
