"""Observes each request: a log line, its latency as a metric and, for changes, an audit event."""

import logging
import time

from prometheus_client import CollectorRegistry, Histogram, generate_latest
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access.caller import Caller
from api.access.csrf import SAFE_METHODS
from api.access.failures import address_of
from api.access.middleware import READING_POSTS
from api.observability.metrics import BrokerCollector, JobsCollector
from jobs.database.session import Database
from jobs.scheduling.broker import WorkerNotifier

access_log = logging.getLogger("api.access.requests")
audit_log = logging.getLogger("api.audit")

BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
REFUSALS = (401, 403, 429)
_KNOWN_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})


class Metrics:
    """The metrics of one app: latencies in this process, and jobs and workers from the database.

    Args:
        database: Stores the jobs; read at every scrape.
        notifier: Connects to the broker, whose state is a metric too.
    """

    def __init__(self, database: Database, notifier: WorkerNotifier) -> None:
        self._registry = CollectorRegistry()
        self._latency = Histogram(
            "clr_http_request_seconds", "Time until the response was complete", ["method", "route", "status"],
            buckets=BUCKETS_S, registry=self._registry,
        )  # fmt: skip
        self._registry.register(JobsCollector(database))
        self._registry.register(BrokerCollector(notifier))

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request."""
        self._latency.labels(method, route, str(status)).observe(seconds)

    def text(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return generate_latest(self._registry)


class RequestObserver:
    """Times, logs and audits requests."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun, status = time.perf_counter(), 499  # 499: the client closed the connection early

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, noted)
        finally:
            self._note(Request(scope), status, time.perf_counter() - begun)

    def _note(self, request: Request, status: int, seconds: float) -> None:
        # The route template, not the path: an id in a label would create a time series for every job.
        route = getattr(request.scope.get("route"), "path", "unmatched")
        method = request.method if request.method in _KNOWN_METHODS else "other"
        self._metrics.observe(method, route, status, seconds)
        caller: Caller | None = request.scope.get("clr_caller")
        words = {
            "method": request.method, "path": request.scope["path"], "status": status,
            "duration_ms": round(seconds * 1000, 1), "key_id": caller.key_id if caller else None,
            "owner": caller.owner if caller else None, "address": address_of(request),
        }  # fmt: skip
        access_log.info("request", extra={"words": words})
        changes = request.method not in SAFE_METHODS and request.scope["path"] not in READING_POSTS
        if changes or status in REFUSALS:
            audit_log.warning("audit", extra={"words": words})
