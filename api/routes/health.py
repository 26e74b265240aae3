"""Liveness and readiness."""

from fastapi import APIRouter, Response
from sqlalchemy import inspect
from sqlalchemy.exc import SQLAlchemyError

from api.deps import Parts, Services
from api.schemas import Health
from jobs import repository
from jobs.errors import BrokerUnreachableError
from jobs.models import Job

router = APIRouter(tags=["health"])


@router.get("/healthz")
def healthz() -> Health:
    """Whether this process answers."""
    return Health(status="ok", checks={})


@router.get("/readyz", responses={503: {"model": Health, "description": "Something is missing"}})
def readyz(parts: Parts, response: Response) -> Health:
    """Whether jobs that are accepted now will run: database, broker and at least one worker."""
    checks = {"database": _database(parts), "broker": _broker(parts), "workers": _workers(parts)}
    ready = all(check == "ok" for check in checks.values())
    if not ready:
        response.status_code = 503
    return Health(status="ok" if ready else "not_ready", checks=checks)


def _database(parts: Services) -> str:
    try:
        has_tables = inspect(parts.database.engine).has_table(Job.__tablename__)
    except SQLAlchemyError:
        return "does not answer"
    return "ok" if has_tables else "has no tables: run clr migrate"


def _broker(parts: Services) -> str:
    try:
        parts.doorbell.check()
    except BrokerUnreachableError:
        return "does not answer"
    return "ok"


def _workers(parts: Services) -> str:
    try:
        with parts.database.read() as session:
            return "ok" if repository.live_workers(session) else "none is alive"
    except SQLAlchemyError:
        return "unknown: the database does not answer"
