"""RFC 9457 problem documents. Every error response of the service is one of these."""

import logging
import math
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException

from api.dashboard import pages
from api.http.allowed_methods import allowed_methods
from api.http.status_codes import RETRY_AFTER_S, STATUS_OF
from jobs.database.availability import storage_fault
from jobs.errors import ConditionsDifferError, JobsError


class RefusedError(Exception):
    """A request is rejected with a problem document.

    Args:
        status: HTTP status.
        code: Name of the problem.
        detail: What is wrong and what to do.
        retry_after_s: Seconds until the client may try again.
    """

    def __init__(self, status: int, code: str, detail: str, retry_after_s: float | None = None) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail
        self.headers: dict[str, str] = {}
        if status == 401:  # noqa: PLR2004 - HTTP
            self.headers["WWW-Authenticate"] = 'Bearer realm="clr-service"'
        if retry_after_s is not None:
            self.headers["Retry-After"] = str(max(1, math.ceil(retry_after_s)))


def too_many(retry_after_s: float) -> RefusedError:
    """The error for a caller that exceeds its rate limit."""
    return RefusedError(429, "too_many_requests", "too many requests; see Retry-After", retry_after_s)


log = logging.getLogger(__name__)

_CODES = {400: "bad_request", 404: "not_found", 405: "method_not_allowed", 413: "body_too_large"}
_SHOWN_CHARACTERS = 80


class BadBodyError(Exception):
    """The body is not a JSON object, so no pointer into it is possible."""


def problem(
    request: Request, status: int, code: str, detail: str, *, errors: list[dict[str, Any]] | None = None,
    headers: dict[str, str] | None = None,
) -> JSONResponse:  # fmt: skip
    """One problem document as a response."""
    document: dict[str, Any] = {
        "type": f"/problems/{code.replace('_', '-')}",
        "title": code.replace("_", " ").capitalize(),
        "status": status,
        "detail": detail,
        "instance": request.url.path,
        "code": code,
        "request_id": _id_of(request),
    }
    if errors is not None:
        document["errors"] = errors
    headers = {"X-Request-ID": _id_of(request), **(headers or {})}
    return JSONResponse(document, status, headers=headers, media_type="application/problem+json")


def _id_of(request: Request) -> str:
    return str(request.scope["clr_request_id"])


def install(app: FastAPI) -> None:
    """Make the app respond to exceptions with a problem document, or with a page if a browser requests one."""

    @app.exception_handler(HTTPException)
    def on_http_exception(request: Request, error: HTTPException) -> Response:
        if error.status_code == 404 and pages.wants_page(request):  # noqa: PLR2004 - HTTP
            return pages.not_found_page()
        code = _CODES.get(error.status_code, "http_error")
        headers = {name.lower(): value for name, value in (error.headers or {}).items()} | _allow(app, request, error)
        return problem(request, error.status_code, code, str(error.detail), headers=headers)

    @app.exception_handler(BadBodyError)
    def on_bad_body(request: Request, error: BadBodyError) -> JSONResponse:
        return problem(request, 400, "bad_body", str(error))

    @app.exception_handler(ValidationError)
    def on_invalid_spec(request: Request, error: ValidationError) -> JSONResponse:
        body = getattr(request.state, "body", {})
        return _invalid(request, "invalid_spec", [_describe(each, body) for each in error.errors()])

    @app.exception_handler(RequestValidationError)
    def on_invalid_request(request: Request, error: RequestValidationError) -> JSONResponse:
        return _invalid(request, "invalid_request", [_describe(each, None) for each in error.errors()])

    app.add_exception_handler(JobsError, _on_jobs_error)
    app.add_exception_handler(RefusedError, _on_refused)
    app.add_exception_handler(DBAPIError, _on_database_error)
    app.add_exception_handler(PoolTimeoutError, _on_no_connection)
    app.add_exception_handler(Exception, _on_anything_else)


def _on_jobs_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, JobsError)  # noqa: S101 - installed for these alone
    errors = getattr(error, "errors", None)
    if isinstance(error, ConditionsDifferError):
        errors = [{"pointer": field, "code": error.code, "detail": "differs from the job's"} for field in error.fields]
    retry = RETRY_AFTER_S.get(type(error))
    headers = {"Retry-After": retry} if retry else None
    return problem(request, STATUS_OF[type(error)], error.code, str(error), errors=errors, headers=headers)


def _on_anything_else(request: Request, error: Exception) -> JSONResponse:
    log.error("%s %s (request %s) failed", request.method, request.url.path, _id_of(request), exc_info=error)
    return problem(request, 500, "internal_error", "internal server error; find the request id in the server's log")


def _on_refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RefusedError)  # noqa: S101 - installed for these alone
    return problem(request, error.status, error.code, error.detail, headers=error.headers)


def _allow(app: FastAPI, request: Request, error: HTTPException) -> dict[str, str]:
    return allowed_methods(app, request.scope["path"]) if error.status_code == 405 else {}  # noqa: PLR2004 - HTTP


def _on_database_error(request: Request, error: Exception) -> JSONResponse:
    found = storage_fault(error) if isinstance(error, DBAPIError) else None
    if found is None:
        raise error  # a programming error, handled like any other
    log.error("%s %s (request %s): %s", request.method, request.url.path, _id_of(request), error)
    code, detail = found
    return problem(request, 507 if code == "storage_full" else 503, code, detail, headers={"Retry-After": "5"})


def _on_no_connection(request: Request, error: Exception) -> JSONResponse:
    log.error("%s %s (request %s): %s", request.method, request.url.path, _id_of(request), error)
    detail = "the database does not answer: nothing was stored; try again"
    return problem(request, 503, "database_unavailable", detail, headers={"Retry-After": "5"})


def _invalid(request: Request, code: str, errors: list[dict[str, Any]]) -> JSONResponse:
    first, others = errors[0], len(errors) - 1
    detail = f"{first['pointer'] or 'the body'}: {first['detail']}"
    if others:
        detail += f" (and {others} more, see errors)"
    return problem(request, 422, code, detail, errors=errors)


def _describe(error: Any, body: object) -> dict[str, Any]:
    context = error.get("ctx", {})
    pointer = _pointer(error, body) if body is not None else "/" + "/".join(map(str, error["loc"]))
    pointer = context.get("pointer", pointer)  # a rule over several fields names the invalid field itself
    code = context.get("code", error["type"]) if error["type"] == "clr_error" else error["type"]
    message = error["msg"]
    over_several_fields = "value" not in context and isinstance(error.get("input"), dict) and "error" in error["type"]
    if error["type"] not in ("missing", "extra_forbidden") and not over_several_fields:
        message = f"{message}, got {_shown(context.get('value', error.get('input')))}"
    return {"pointer": pointer, "code": code, "detail": message}


def _pointer(error: Any, body: object) -> str:
    """JSON pointer of an error, without the tags of union members that pydantic adds."""
    pointer, place = "", body
    for part in error["loc"]:
        try:
            place = place[part]  # type: ignore[index]
        except (KeyError, IndexError, TypeError):
            if error["type"] != "missing" or part != error["loc"][-1]:
                continue
        pointer += f"/{part}"
    return pointer


def _shown(value: object) -> str:
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    try:
        text = repr(value)
    except ValueError:  # the integer has more digits than Python converts to text
        return "a number with too many digits"
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"
