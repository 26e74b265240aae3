"""Middleware of every request: an id, a limit on body size, and a response to unhandled exceptions."""

import logging
import re
import secrets
from collections.abc import Collection

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.problems import problem
from jobs.config import logging_setup

log = logging.getLogger(__name__)

_ACCEPTABLE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class RequestId:
    """Gives each request an id, or keeps a valid ``X-Request-ID`` of the client, and returns it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        asked = Headers(scope=scope).get("x-request-id", "")
        request_id = asked if _ACCEPTABLE_ID.fullmatch(asked) else secrets.token_hex(8)
        scope["clr_request_id"] = request_id

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
            await send(message)

        with logging_setup.words(request_id=request_id):
            await self.app(scope, receive, send_with_id)


class BodyLimit:
    """Rejects bodies larger than ``limit_bytes``, whether or not they declare their size.

    ``counted_elsewhere`` has each ``(method, path)`` that accepts larger bodies and enforces its own limit.
    """

    def __init__(
        self, app: ASGIApp, limit_bytes: int, counted_elsewhere: Collection[tuple[str, str]] = frozenset()
    ) -> None:
        self.app = app
        self.limit_bytes = limit_bytes
        self.counted_elsewhere = counted_elsewhere

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and count the bytes of its body."""
        if (scope.get("method"), scope.get("path")) in self.counted_elsewhere:
            await self.app(scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self.limit_bytes:
                raise HTTPException(413, f"the body is larger than {self.limit_bytes} bytes")
            return message

        await self.app(scope, counted, send)


class UnhandledErrors:
    """Turns an unhandled exception into a problem document. It runs inside the middleware for headers and metrics."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except Exception:
            if scope["type"] != "http" or started:
                raise
            request = Request(scope)
            log.exception("%s %s failed", request.method, request.url.path)
            detail = "internal server error; find the request id in the server's log"
            await problem(request, 500, "internal_error", detail)(scope, receive, send)
