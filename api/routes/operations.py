"""Liveness, readiness and Prometheus metrics."""

from collections.abc import Sequence
from typing import Any

from anyio import CapacityLimiter, move_on_after, to_thread
from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy import inspect
from sqlalchemy.exc import SQLAlchemyError

from api.dependencies import Services, ServicesDep
from api.observability.request_log import Metrics
from api.schemas.health import Health
from jobs.database import queries
from jobs.database.tables.jobs import Job
from jobs.database.tables.metadata import METADATA
from jobs.database.tables.service import Worker
from jobs.errors import BrokerUnreachableError

router = APIRouter(tags=["health"])

_EXAMPLE = 'clr_jobs{status="running"} 2.0\n'
_TEXT: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"text/plain": {"schema": {"type": "string"}, "example": _EXAMPLE}},
        "description": "Prometheus' text format",
    }
}


@router.get("/metrics", response_class=Response, responses=_TEXT)
def show_metrics(request: Request) -> Response:
    """Get metrics of queue, attempts, workers and latencies. Needs a key unless ``CLR_METRICS_PUBLIC`` is set."""
    metrics: Metrics = request.app.state.metrics
    return Response(metrics.text(), media_type=CONTENT_TYPE_LATEST)


NEEDED = {"database", "workers"}
PATIENCE_S = 5.0
UNKNOWN = {"database": "does not answer", "broker": "unknown", "workers": "unknown: the database does not respond"}
LOOK = "look"  # as in `worker.dispatch.health`


@router.get("/healthz")
async def healthz() -> Health:  # async, so that it responds while all threads wait for the database
    """Whether this process responds."""
    return Health(status="ok", checks={})


@router.get("/readyz", responses={503: {"model": Health, "description": "Something is missing"}})
async def readyz(services: ServicesDep, response: Response) -> Health:
    """Whether jobs accepted now will run. They need the database and a worker; without the broker they start later.

    `degraded`, with 200, means that something is wrong but jobs still run.
    """
    checks = UNKNOWN
    with move_on_after(PATIENCE_S):  # in a separate thread: all others may wait for the database
        checks = await to_thread.run_sync(_checks, services, abandon_on_cancel=True, limiter=CapacityLimiter(1))
    wrong = {name for name, check in checks.items() if check != "ok"}
    if wrong & NEEDED:
        response.status_code = 503
        return Health(status="not_ready", checks=checks)
    return Health(status="degraded" if wrong else "ok", checks=checks)


def _checks(services: Services) -> dict[str, str]:
    return {"database": _database(services), "broker": _broker(services)} | _workers(services)


def _database(services: Services) -> str:
    try:
        tables = inspect(services.database.engine).get_multi_columns()
    except SQLAlchemyError:
        return "does not answer"
    found = {(table, column["name"]) for (_, table), columns in tables.items() for column in columns}
    if not any(table == Job.__tablename__ for table, _ in found):
        return "has no tables: run clr migrate"
    needed = [(table.name, column.name) for table in METADATA.sorted_tables for column in table.columns]
    missing = [f"{table}.{column}" for table, column in needed if (table, column) not in found]
    return f"has an older schema (no {missing[0]}): run clr migrate" if missing else "ok"


def _broker(services: Services) -> str:
    try:
        services.notifier.check()
    except BrokerUnreachableError as error:
        return str(error)
    return "ok"


def _workers(services: Services) -> dict[str, str]:
    """Whether a live worker can start jobs, and which parts of workers fail; their logs say why."""
    try:
        with services.database.read() as session:
            workers = queries.live_workers(session)
    except SQLAlchemyError:
        return {"workers": "unknown: the database does not answer", "troubles": "unknown"}
    found = "none is alive" if not workers else "ok"
    if workers and all(LOOK in (worker.troubles or {}) for worker in workers):
        found = "none can start jobs"
    return {"workers": found, "troubles": _troubles(workers)}


def _troubles(workers: Sequence[Worker]) -> str:
    """Summarize failures without names of workers or jobs, since the response is public."""
    failing = [worker.troubles for worker in workers if worker.troubles]
    if not failing:
        return "ok"
    parts = {"jobs" if part.startswith("job_") else part for troubles in failing for part in troubles}
    return f"{len(failing)} of {len(workers)} workers fail at: {', '.join(sorted(parts))}"
