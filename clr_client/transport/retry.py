"""One HTTP exchange as a program: it is retried if that is safe, and every failure becomes a `ClrError`."""

import json
from urllib.parse import quote

from clr_client.errors import ProblemError, ServerUnreachableError
from clr_client.transport.effects import Document, Pause, Program, Reply, Request

FIRST_RETRY_S = 0.2
RETRY_GROWTH = 3.0
LONGEST_RETRY_AFTER_S = 10.0
TRY_AGAIN = {429, 503}
NO_CONTENT = 204


def exchange(request: Request) -> Program[Reply]:
    """Send a request, and repeat it if the connection fails or the server asks for a retry.

    Wait for a ``Retry-After`` of up to 10 s; with a longer one, return the problem.

    Raises:
        ServerUnreachableError: If the server does not answer.
    """
    pause_s = FIRST_RETRY_S
    for _ in range(request.attempts - 1):
        try:
            reply: Reply = yield request
        except ServerUnreachableError:
            yield Pause(pause_s)
            pause_s *= RETRY_GROWTH
            continue
        later_s = _asked_to_wait(reply)
        if later_s is None:
            return reply
        yield Pause(later_s)
    last: Reply = yield request
    return last


def document_of(request: Request) -> Program[Document]:
    """Send a request and return the JSON object of the answer.

    Raises:
        ProblemError: If the server answers with a problem.
        ServerUnreachableError: If it does not answer, or is not this service.
    """
    return read_document((yield from exchange(request)))


def without_content(request: Request) -> Program[None]:
    """Send a request whose answer has no body. Raises the errors of `document_of`."""
    reply = yield from exchange(request)
    if reply.status != NO_CONTENT:
        read_document(reply)


def size_of(request: Request) -> Program[int]:
    """Send a request whose answer is copied to ``request.target``, and return its size in bytes.

    Raises:
        ProblemError: If the server answers with a problem.
        ServerUnreachableError: If it does not answer, or the connection breaks.
    """
    reply = yield from exchange(request)
    if not reply.is_success:
        read_document(reply)
    return reply.size_bytes


def read_document(reply: Reply) -> Document:
    """Return the JSON object of an answer.

    Raises:
        ProblemError: If it is a problem.
        ServerUnreachableError: If it does not come from this service.
    """
    try:
        document = json.loads(reply.content)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise ServerUnreachableError.unlike_ours(reply.url, reply.status, reply.headers.get("content-type", ""))
    if not reply.is_success:
        raise ProblemError(reply.status, document, retry_after_s=_retry_after_s(reply))
    return document


def segment(name: str) -> str:
    """Escape an id or a name as one segment of a path."""
    return quote(name, safe="")


def _asked_to_wait(reply: Reply) -> float | None:
    later_s = _retry_after_s(reply) if reply.status in TRY_AGAIN else None
    return later_s if later_s is not None and later_s <= LONGEST_RETRY_AFTER_S else None


def _retry_after_s(reply: Reply) -> float | None:
    """Return the seconds of ``Retry-After``; None without one, or if it is a date, which this service never sends."""
    text = reply.headers.get("retry-after", "")
    return float(text) if text.isdecimal() else None
