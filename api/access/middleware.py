"""Requires a key or a session for every path except the public paths listed here."""

import hmac
import logging
import re

from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from api.access import caller, csrf
from api.access.caller import Caller
from api.access.failures import Failures
from api.access.policy import Policy
from api.access.rate_limit import Buckets
from api.http.allowed_methods import allowed_methods
from api.http.problems import RefusedError, problem, too_many
from jobs.config.settings import Settings
from jobs.database import api_keys
from jobs.database.session import Database

log = logging.getLogger(__name__)

# These need no key: health, documentation and log-in. Every other path needs one.
PUBLIC = frozenset({("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/openapi.json"), ("POST", "/v1/session")})
PUBLIC_FOLDERS = ("/docs", "/assets")
# Pages contain no data: their scripts fetch it from /v1 with a session.
PAGES = re.compile(r"/|/(login|new|workers|keys|compare|jobs/[^/]*)")
# POST requests that change nothing are open to keys that may only read.
READING_POSTS = frozenset({"/v1/schedules:preview", "/v1/jobs:validate"})
# The router rejects other methods with the ones that the path supports.
ROUTED_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
ADMIN_FOLDERS = ("/v1/keys",)
ADMIN_ACTIONS = re.compile(r"/v1/workers/[^/]*/drain")


class AccessMiddleware:
    """Authenticates and authorizes callers, and restricts the database of routes to the caller's rows."""

    def __init__(
        self, app: ASGIApp, database: Database, settings: Settings, policy: Policy, failures: Failures
    ) -> None:
        self.app, self._database, self._settings, self._policy = app, database, settings, policy
        self._failures = failures
        self._asked = Buckets(settings.rate_per_s, settings.rate_burst)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or respond with a problem."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            scope["clr_caller"] = await self._admit(request)
        except RefusedError as error:
            response = problem(request, error.status, error.code, error.detail, headers=error.headers)
            await response(scope, receive, send)
        except SQLAlchemyError:
            log.exception("a key could not be looked up in the database")
            response = problem(
                request, 503, "database_unavailable", "the database does not answer", headers={"Retry-After": "1"}
            )
            await response(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _admit(self, request: Request) -> Caller | None:
        csrf.assert_same_origin(request, self._policy)
        if self._is_public(request) or request.method not in ROUTED_METHODS:
            return None
        _assert_method(request)
        if not self._policy.key_required:
            return caller.ANYBODY
        found = await run_in_threadpool(self._known, request)
        if wait_s := self._asked.take(str(found.key_id)):
            raise too_many(wait_s)
        needed = scope_of(request.method, request.scope["path"])
        if not found.scope.includes(needed):
            detail = f"this request needs a key with the scope {needed}, not {found.scope}"
            raise RefusedError(403, "scope_missing", detail)
        _assert_no_forgery(request, found)
        return found

    def _is_public(self, request: Request) -> bool:
        method, path = request.method, request.scope["path"]
        in_folder = any(path == folder or path.startswith(f"{folder}/") for folder in PUBLIC_FOLDERS)
        metrics = self._settings.metrics_public and path == "/metrics"
        return (method, path) in PUBLIC or (
            method in csrf.SAFE_METHODS and (in_folder or metrics or bool(PAGES.fullmatch(path)))
        )

    def _known(self, request: Request) -> Caller:
        try:
            return caller.caller_of(request, self._database, self._settings)
        except RefusedError as error:
            raise self._failures.answer(request, error) from error


def _assert_method(request: Request) -> None:
    """Reject methods that a public path does not have: no key would allow them."""
    path = request.scope["path"]
    if path not in {public for _, public in PUBLIC}:
        return
    allow = allowed_methods(request.app, path)
    if request.method not in allow.get("allow", request.method).split(", "):
        error = RefusedError(405, "method_not_allowed", "Method Not Allowed")
        error.headers |= allow
        raise error


def scope_of(method: str, path: str) -> api_keys.Scope:
    """The scope that a request needs: ``read``, ``submit`` to change something, ``admin`` for keys and workers."""
    in_folder = any(path == folder or path.startswith(f"{folder}/") for folder in ADMIN_FOLDERS)
    if in_folder or ADMIN_ACTIONS.fullmatch(path):
        return api_keys.Scope.ADMIN
    if method in csrf.SAFE_METHODS or path in READING_POSTS or path == "/v1/session":
        return api_keys.Scope.READ
    return api_keys.Scope.SUBMIT


def _assert_no_forgery(request: Request, found: Caller) -> None:
    """Require the CSRF token for changes by session: browsers attach the cookie to forged requests too."""
    if found.session_token is None or request.method in csrf.SAFE_METHODS:
        return
    shown = request.headers.get("x-csrf-token", "").encode()
    if not hmac.compare_digest(shown, api_keys.csrf_token(found.session_token).encode()):
        raise RefusedError(403, "csrf_token_missing", "a session must send X-CSRF-Token, from GET /v1/session")
