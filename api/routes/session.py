"""Browser sessions: started with a key, kept in an HttpOnly cookie, ended by log-out or when the key ends."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from api.access.caller import ANYBODY, COOKIE, Caller, with_key
from api.dependencies import Body, Services, ServicesDep, body_of
from api.http.problems import RefusedError
from api.schemas.base import Document
from api.schemas.problems import problems
from jobs.database import api_keys
from jobs.database.api_keys import Scope
from jobs.spec.base import Strict

router = APIRouter(prefix="/v1/session", tags=["session"])


class LogIn(Strict):
    """A key that starts a session."""

    key: Annotated[str, Field(min_length=1, max_length=200)]


class SessionDocument(Document):
    """The caller. A session sends ``csrf_token`` as ``X-CSRF-Token`` with every request that changes something."""

    object: Literal["session"] = "session"
    owner: str | None
    scope: Scope
    key_required: bool
    csrf_token: str | None


def log_in_in_body(found: Body) -> LogIn:
    """Parse a log-in request; raises pydantic's ValidationError if it is invalid."""
    return LogIn.model_validate(found.document)


_EXAMPLE = {"key": {"summary": "Log in", "value": {"key": "clr_…"}}}


@router.post("", openapi_extra=body_of("LogIn", _EXAMPLE), responses=problems(400, 413, 422))
def log_in(
    request: Request, services: ServicesDep, asked: Annotated[LogIn, Depends(log_in_in_body)], response: Response
) -> SessionDocument:
    """Start a session: sets a cookie and returns the CSRF token that changes require."""
    if not services.policy.key_required:
        return _document(services, ANYBODY)
    try:
        caller = with_key(api_keys.digest(asked.key), services.database, services.settings)
    except RefusedError as error:
        raise services.failures.answer(request, error) from error
    ttl_s = services.settings.session_ttl_s
    token = api_keys.begin_session(services.database, caller.key_sha256, ttl_s=ttl_s)
    secure = request.url.scheme == "https"
    response.set_cookie(COOKIE, token, max_age=int(ttl_s), httponly=True, samesite="strict", secure=secure, path="/")
    return _document(services, caller, token)


@router.get("")
def show_session(request: Request, services: ServicesDep) -> SessionDocument:
    """Get the caller, identified by key or session."""
    caller: Caller = request.scope["clr_caller"]
    return _document(services, caller, caller.session_token)


@router.delete("", status_code=204)
def log_out(request: Request, services: ServicesDep, response: Response) -> None:
    """End the session. With a key instead of a session, this does nothing."""
    caller: Caller = request.scope["clr_caller"]
    if caller.session_token is not None:
        api_keys.end_session(services.database, caller.session_token)
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")


def _document(services: Services, caller: Caller, token: str | None = None) -> SessionDocument:
    csrf = None if token is None else api_keys.csrf_token(token)
    return SessionDocument(
        owner=caller.owner, scope=caller.scope, key_required=services.policy.key_required, csrf_token=csrf
    )
