"""Waits for the end of a job and follows its events, even if the server does not answer for a while."""

import json
import time
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from clr_client.endpoints.jobs import job, path_of
from clr_client.errors import ClrError, ProblemError, ServerUnreachableError, WaitTimeoutError
from clr_client.events import Event
from clr_client.transport.effects import Document, Emit, Feed, Listen, NextMessage, Pause, Program, Request
from clr_client.transport.retry import read_document

FIRST_POLL_S = 0.2
LONGEST_POLL_S = 2.0
POLL_GROWTH = 1.2
TOO_MANY = 429

T = TypeVar("T")


class Message(Protocol):
    """A server-sent event."""

    @property
    def event(self) -> str:
        """Its name."""

    @property
    def data(self) -> str:
        """Its data, from JSON."""

    @property
    def id(self) -> str:
        """The id for ``Last-Event-ID``; that of the previous event if it has none."""


class Patience:
    """The time limit for a server that does not answer: ``patience_s`` since its last answer."""

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self.renew()

    def renew(self) -> None:
        """Restart the time limit: the server has answered."""
        self._deadline = time.monotonic() + self._patience_s

    def endure(self, error: ClrError) -> None:
        """Raise an error if it is permanent, or if the time limit has passed."""
        refused = isinstance(error, ProblemError) and error.is_client_error and error.status != TOO_MANY
        if refused or time.monotonic() > self._deadline:
            raise error


def wait(
    job_id: str, timeout_s: float | None, on_update: Callable[[Document], object], patience_s: float
) -> Program[Document]:
    """Poll until the job has ended, and return it; at first every 0.2 s, later every 2 s.

    Args:
        job_id: Id of the job.
        timeout_s: Maximum time to wait; None for no limit.
        on_update: Called with the job after every poll.
        patience_s: How long to continue if the server does not answer.

    Raises:
        WaitTimeoutError: If the job has not ended by then; it continues.
        ServerUnreachableError: If the server has not answered for ``patience_s``.
        ProblemError: If the server has no such job, or has failed for ``patience_s``.
    """
    deadline = None if timeout_s is None else time.monotonic() + timeout_s
    pause_s = FIRST_POLL_S
    while True:
        document = yield from _job_with_patience(job_id, Patience(patience_s))
        on_update(document)
        if document["is_terminal"]:
            return document
        if deadline is not None and time.monotonic() + pause_s > deadline:
            raise WaitTimeoutError(f"{job_id} is still {document['status']} after {timeout_s:g} s; it goes on.")
        yield Pause(pause_s)
        pause_s = min(pause_s * POLL_GROWTH, LONGEST_POLL_S)


def _job_with_patience(job_id: str, patience: Patience) -> Program[Document]:
    while True:
        try:
            return (yield from job(job_id))
        except (ServerUnreachableError, ProblemError) as error:
            patience.endure(error)
        yield Pause(LONGEST_POLL_S / 2)


def events(job_id: str, after: int, on_update: Callable[[Document], object], patience_s: float) -> Feed[Event]:
    """Yield the events of a job after number ``after`` until it has ended; see `wait` for errors."""

    def read(name: str, document: Document) -> Event | None:
        if name == "job":
            on_update(document)
            return None
        return Event.of(document)

    return _followed(path_of(job_id, "/events"), (), str(after), read, patience_s)


def log_lines(
    job_id: str, tail: int | None, attempt: int | None, patience_s: float
) -> Feed[Document]:  # fmt: skip
    """Yield the output lines of a job's processes until it has ended; of one attempt or of all."""
    asked = {"tail": tail, "attempt": attempt}
    params = [(name, str(value)) for name, value in asked.items() if value is not None]
    return _followed(path_of(job_id, "/logs"), params, None, lambda _, line: line, patience_s)


def _followed(
    path: str,
    params: Sequence[tuple[str, str]],
    last_id: str | None,
    read: Callable[[str, Document], T | None],
    patience_s: float,
) -> Feed[T]:
    """Yield the messages of a stream until its end. A broken stream is reopened; no message is lost or repeated."""
    patience = Patience(patience_s)
    while True:
        headers = {"Accept": "text/event-stream"} | ({} if last_id is None else {"Last-Event-ID": last_id})
        try:
            reply = yield Listen(Request("GET", path, params=params, headers=headers))
            if not reply.is_success:
                read_document(reply)
            while (message := (yield NextMessage())) is not None and message.event != "end":
                patience.renew()
                item = _read(message, read)
                last_id = message.id or last_id
                if item is not None:
                    yield Emit(item)
            if message is not None:
                return
        except (ServerUnreachableError, ProblemError) as error:
            patience.endure(error)
        yield Pause(LONGEST_POLL_S / 2)


def _read(message: Message, read: Callable[[str, Document], T | None]) -> T | None:
    if not message.data:  # only sets the reconnection delay
        return None
    document = json.loads(message.data)
    if message.event == "refused":
        raise ProblemError(document["status"], document)
    return read(message.event, document)
