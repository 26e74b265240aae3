"""Limits how many expensive requests of a key run at once. Each process counts for itself, in memory."""

import re
from collections import Counter
from dataclasses import dataclass
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from api.access.caller import Caller
from api.http.prefer import preferred_wait_s
from api.http.problems import problem
from jobs.config.settings import Settings

ALL_KEYS = 3  # if a request holds a thread or disk space: limit of all keys together, as a multiple of one key's
RETRY_AFTER_S = "1"
_HEAVY_POSTS = frozenset({"/v1/schedules:preview", "/v1/jobs:validate"})
_PLOT = re.compile(r"/v1/jobs/[^/]*/plot\.[a-z]+")
_CURVES = re.compile(r"/v1/jobs/[^/]*/curves")
_FOLLOWED = re.compile(r"/v1/events|/v1/jobs/[^/]*(/events|/logs)?")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of limited request: its name, and the limits per key and for all keys together."""

    name: str
    most: int
    most_of_all: int | None


class LoadLimit:
    """Responds with 429 if a key already has the maximum number of requests of a kind in progress."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        most = {"heavy requests": settings.max_heavy_requests, "uploads": settings.max_uploads}
        self._kinds = {name: Kind(name, each, ALL_KEYS * each) for name, each in most.items()}
        self._kinds["streams"] = Kind("streams", settings.max_streams, None)
        self._under_way: Counter[tuple[str, str | None]] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and count it until its response has been sent, or respond with a problem."""
        name = kind_of(Request(scope)) if scope["type"] == "http" else None
        if name is None:
            await self.app(scope, receive, send)
            return
        kind, caller = self._kinds[name], scope.get("clr_caller")
        own, all_keys = (name, _key_of(caller)), (name, "all keys")
        if self._is_full(kind, own, all_keys):
            await _refusal(Request(scope), kind)(scope, receive, send)
            return
        counted = (own, all_keys)
        self._under_way.update(counted)
        try:
            await self.app(scope, receive, send)
        finally:
            self._under_way.subtract(counted)
            if not self._under_way[own]:
                del self._under_way[own]

    def _is_full(self, kind: Kind, own: tuple[str, str | None], all_keys: tuple[str, str | None]) -> bool:
        of_all = kind.most_of_all is not None and self._under_way[all_keys] >= kind.most_of_all
        return of_all or self._under_way[own] >= kind.most


def _key_of(caller: Caller | None) -> str | None:
    return None if caller is None else caller.key_id


def _refusal(request: Request, kind: Kind) -> "ASGIApp":
    detail = f"a key may have at most {kind.most} {kind.name} in progress; try again when one has ended"
    return problem(request, 429, "too_many_at_once", detail, headers={"Retry-After": RETRY_AFTER_S})


def kind_of(request: Request) -> str | None:
    """The kind of a request; None if it is cheap, as most are."""
    method, path = request.method, request.scope["path"]
    if method == "POST":
        return "uploads" if path == "/v1/datasets" else "heavy requests" if path in _HEAVY_POSTS else None
    if method != "GET":
        return None
    query = parse_qs(request.scope["query_string"].decode("latin-1"))
    if _PLOT.fullmatch(path) or (_CURVES.fullmatch(path) and _reads_all(request.headers, query)):
        return "heavy requests"
    return "streams" if _FOLLOWED.fullmatch(path) and _stays(path, request.headers, query) else None


def _reads_all(headers: Headers, query: dict[str, list[str]]) -> bool:
    return "smoothing" in query or "csv" in query.get("format", []) or "text/csv" in headers.get("accept", "")


def _stays(path: str, headers: Headers, query: dict[str, list[str]]) -> bool:
    is_stream = path == "/v1/events" or "text/event-stream" in headers.get("accept", "") or "follow" in query
    return is_stream or preferred_wait_s(headers.get("prefer", "")) > 0
