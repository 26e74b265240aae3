"""Rejects U+0000 in requests: PostgreSQL cannot store it in text or JSON."""

from typing import Any
from urllib.parse import parse_qsl

from pydantic import ValidationError
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from api.http.problems import problem
from jobs.spec.base import refuse

NUL = "\0"
_Place = tuple[int | str, ...]


class NullCharacterCheck:
    """Rejects U+0000 in URLs: with 404 in a path, with 422 in a query."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or respond with a problem."""
        if scope["type"] == "http":
            request = Request(scope)
            if NUL in scope["path"]:
                await problem(request, 404, "not_found", "Not Found")(scope, receive, send)
                return
            if (name := _name_in(scope["query_string"])) is not None:
                await _not_legal(request, name)(scope, receive, send)
                return
        await self.app(scope, receive, send)


def _name_in(query: bytes) -> str | None:
    """The name of the first parameter that contains the character in its name or value."""
    if b"%00" not in query and b"\0" not in query:
        return None
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    return next((name for name, value in pairs if NUL in name or NUL in value), None)


def _not_legal(request: Request, name: str) -> Any:
    shown = name.replace(NUL, "\\0")
    error = {"pointer": f"/query/{shown}", "code": "control_character", "detail": "must not contain U+0000"}
    return problem(request, 422, "invalid_request", f"{error['pointer']}: {error['detail']}", errors=[error])


def assert_plain(document: dict[str, Any], body: bytes) -> None:
    """Reject a body with U+0000 in a string or field name, at any depth.

    Raises:
        ValidationError: The body contains the character; the error says where.
    """
    if rb"\u0000" not in body:  # JSON has no other way to write it
        return
    if (place := _place_in(document)) is not None:
        error = refuse("control_character", "must not contain U+0000")
        raise ValidationError.from_exception_data("body", [{"type": error, "loc": place[0], "input": place[1]}])


def _place_in(value: Any) -> tuple[_Place, object] | None:
    if isinstance(value, str):
        return ((), value) if NUL in value else None
    if isinstance(value, dict):
        if (name := next((name for name in value if NUL in name), None)) is not None:
            return (name,), name
        pairs: Any = value.items()
    else:
        pairs = enumerate(value) if isinstance(value, list) else ()
    for part, inner in pairs:
        if (found := _place_in(inner)) is not None:
            return (part, *found[0]), found[1]
    return None
