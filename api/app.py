"""Composition root of the API."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from pydantic import TypeAdapter

from api import problems
from api.deps import Services
from api.live import Live
from api.middleware import BodyLimit, RequestId
from api.routes import control, datasets, events, health, jobs, outputs, plots, schedules, workers
from jobs.db import Database
from jobs.preview import PreviewSpec
from jobs.queue import Doorbell
from jobs.settings import Settings
from jobs.spec import job_spec

_DESCRIPTION = """Learning-rate range tests and cyclical-LR / 1cycle training, data-parallel.

POST an `lr_find` job, poll it, fetch its `lr-bounds`; then POST a `train` job that uses them.
Every error is an RFC 9457 problem document."""


def create_app(settings: Settings) -> FastAPI:
    """The API on the database and the broker of ``settings``."""
    database = Database(settings.sql_url)
    services = Services(database, Doorbell(settings.broker_url.get_secret_value()), settings, Live(database))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        services.doorbell.close()
        services.database.close()

    app = FastAPI(
        title="clr-service", version=version("clr-service"), description=_DESCRIPTION, lifespan=lifespan,
        redirect_slashes=False,
    )  # fmt: skip
    app.state.services = services
    app.include_router(outputs.csv_router)  # before the route of the same path that answers in JSON
    app.include_router(jobs.router)
    app.include_router(control.router)
    app.include_router(events.router)
    app.include_router(plots.router)
    app.include_router(outputs.router)
    app.include_router(schedules.router)
    app.include_router(datasets.router)
    app.include_router(workers.router)
    app.include_router(health.router)
    problems.install(app)
    app.add_middleware(BodyLimit, limit_bytes=settings.max_body_bytes, counted_elsewhere={datasets.UPLOAD})
    app.add_middleware(RequestId)
    _describe_specs(app)
    return app


def _describe_specs(app: FastAPI) -> None:
    """Add the specs' JSON Schemas to the OpenAPI document; bodies are parsed by `api.deps`, so it lacks them."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        document = generate()
        schemas = document["components"]["schemas"]
        adapters: dict[str, TypeAdapter[Any]] = {"JobSpec": job_spec, "PreviewSpec": TypeAdapter(PreviewSpec)}
        for name, adapter in adapters.items():
            spec = adapter.json_schema(ref_template="#/components/schemas/{model}")
            schemas |= spec.pop("$defs")
            schemas[name] = spec
        return document

    app.openapi = openapi  # type: ignore[method-assign]
