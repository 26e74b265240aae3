"""Publishes changes in the database to the streams of this process; one poll serves all of them."""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

from fastapi.concurrency import run_in_threadpool
from fastapi.sse import format_sse_event
from sqlalchemy.orm import Session

from api.schemas.events import EventDocument
from api.schemas.jobs import JobDocument
from jobs.database import queries
from jobs.database.session import Database
from jobs.database.tables.jobs import Event, Job
from jobs.lifecycle import parents

log = logging.getLogger(__name__)

POLL_S: Final = 0.2
_MOST_WAITING: Final = 1000  # messages queued for a slow listener


@dataclass(frozen=True, slots=True)
class Message:
    """A server-sent event, ready to be written.

    Attributes:
        job_id: The job that it is about.
        seq: Number of the job's event; None for a snapshot of the job.
        version: Version of the job that it reports.
        is_terminal: Whether nothing follows: the job has ended or was deleted.
        data: The encoded event.
    """

    job_id: str
    seq: int | None
    version: int
    is_terminal: bool
    data: bytes


def snapshot(session: Session, row: Job) -> Message:
    """The current document of a job, as an event named ``job``."""
    job = JobDocument.of(session, row)
    data = format_sse_event(event="job", data_str=job.model_dump_json())
    return Message(job.id, None, job.version, job.is_terminal, data)


def message_of(row: Event) -> Message:
    """A row as a server-sent event of its type; its number is the id that ``Last-Event-ID`` refers to."""
    data = format_sse_event(event=row.type, id=str(row.seq), data_str=EventDocument.of(row).model_dump_json())
    return Message(row.job_id, row.seq, 0, is_terminal=False, data=data)


def news(session: Session, job_id: str, after: int) -> list[Message]:
    """The events of a job after a number, then the job as it was before they were read.

    With this order, an event written in between is sent twice rather than never: the next version includes it.

    Raises:
        JobNotFoundError: There is no such job.
    """
    now = snapshot(session, queries.get_job(session, job_id))
    return [*(message_of(event) for event in queries.events_of(session, job_id, after=after)), now]


class Listener:
    """The message queue of one stream.

    Attributes:
        is_open: False once the server shuts down or the stream was too slow and lost messages.
    """

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Message | None] = asyncio.Queue(_MOST_WAITING)
        self.is_open = True

    def put(self, message: Message) -> None:
        """Queue a message without waiting."""
        try:
            self._queue.put_nowait(message)
        except asyncio.QueueFull:
            self.is_open = False

    def close(self) -> None:
        """End the stream now."""
        self.is_open = False
        with suppress(asyncio.QueueFull):  # a full queue already wakes the stream
            self._queue.put_nowait(None)

    async def next(self, timeout_s: float) -> Message | None:
        """The next message; None after the timeout or once the stream is closed."""
        with suppress(TimeoutError):
            return await asyncio.wait_for(self._queue.get(), timeout_s)
        return None


@dataclass(slots=True)
class _Watched:
    listeners: list[Listener] = field(default_factory=list)
    version: int = -1
    seq: int = 0


class ChangeFeed:
    """Polls the jobs that have listeners; without listeners it does nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._watched: dict[str, _Watched] = {}
        self._polling: asyncio.Task[None] | None = None
        self._ending = False

    def end(self) -> None:
        """End all current and future streams. Safe to call from a signal handler or any thread."""
        self._ending = True

    @contextmanager
    def listening(self, job_ids: Sequence[str]) -> Iterator[Listener]:
        """Subscribe to jobs. Changes made before the subscription may be delivered again."""
        listener = Listener()
        for job_id in job_ids:
            self._watched.setdefault(job_id, _Watched()).listeners.append(listener)
        if self._polling is None or self._polling.done():
            self._polling = asyncio.create_task(self._poll())
        try:
            yield listener
        finally:
            for job_id in job_ids:
                watched = self._watched[job_id]
                watched.listeners.remove(listener)
                if not watched.listeners:
                    del self._watched[job_id]

    async def _poll(self) -> None:
        while self._watched:
            if self._ending:
                self._close_all()
            known = {job_id: (watched.version, watched.seq) for job_id, watched in self._watched.items()}
            try:
                messages = await run_in_threadpool(self._changes, known)
            except Exception:  # streams stay open and continue when the database is back
                log.exception("changes could not be read from the database")
                messages = []
            for message in messages:
                self._tell(message)
            await asyncio.sleep(POLL_S)

    def _close_all(self) -> None:
        for watched in self._watched.values():
            for listener in watched.listeners:
                listener.close()

    def _tell(self, message: Message) -> None:
        watched = self._watched.get(message.job_id)
        if watched is None:
            return
        if message.seq is None:
            watched.version = message.version
        else:
            watched.seq = message.seq
        for listener in watched.listeners:
            listener.put(message)

    def _changes(self, known: dict[str, tuple[int, int]]) -> list[Message]:
        # A transaction that writes an event locks the job's row and increments the job's version. So the events of a
        # job become visible in order, and a job with an unchanged version has no new events.
        messages = []
        with self._database.read() as session:
            versions = parents.versions_of(session, list(known))
            for job_id, (version, seq) in known.items():
                if job_id not in versions:
                    messages.append(Message(job_id, None, version, is_terminal=True, data=b""))
                elif versions[job_id] != version:
                    messages += news(session, job_id, seq)
        return messages
