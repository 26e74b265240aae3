"""Composition root of the API."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from pydantic import TypeAdapter

from api.access import policy as access
from api.access.concurrency_limit import LoadLimit
from api.access.failures import Failures
from api.access.middleware import AccessMiddleware
from api.change_feed import ChangeFeed
from api.dashboard import pages
from api.dependencies import Services
from api.http import problems
from api.http.headers import SecurityHeaders
from api.http.middleware import BodyLimit, RequestId, UnhandledErrors
from api.http.null_characters import NullCharacterCheck
from api.observability.request_log import Metrics, RequestObserver
from api.openapi import document
from api.routes import catalog, datasets, docs, keys, operations, session, workers
from api.routes.jobs import control, downloads, dry_run, events, logs, plots, results, submit_and_read
from jobs.config.settings import Settings
from jobs.database.session import Database
from jobs.scheduling.broker import WorkerNotifier
from jobs.spec.job import job_spec
from jobs.submission.schedule_preview import PreviewSpec

_DESCRIPTION = """Learning-rate range tests and cyclical-LR / 1cycle training, data-parallel.

POST an `lr_find` job, poll it, fetch its `lr-bounds`; then POST a `train` job that uses them.
Every error is an RFC 9457 problem document."""


def create_app(settings: Settings, policy: access.Policy | None = None) -> FastAPI:
    """The API on the database and the broker of ``settings``.

    Args:
        settings: Addresses of both, and limits.
        policy: Whether keys are required; None if the settings alone decide.
    """
    policy = access.embedded(settings) if policy is None else policy
    database = Database(settings.sql_url, timeout_s=settings.database_timeout_s)
    notifier = WorkerNotifier(settings.broker_url.get_secret_value())
    services = Services(
        database, notifier, settings, ChangeFeed(database), policy, Failures(settings), asyncio.Semaphore(1)
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        services.notifier.close()
        services.database.close()

    app = FastAPI(
        title="clr-service", version=version("clr-service"), description=_DESCRIPTION, lifespan=lifespan,
        redirect_slashes=False, docs_url=None, redoc_url=None,
    )  # fmt: skip
    app.state.services = services
    for each in (  # downloads first: it serves CSV on a path that the results route serves as JSON
        downloads.csv_router, submit_and_read.router, dry_run.router, results.router, control.router, events.router,
        logs.router, plots.router, downloads.router, catalog.router, datasets.router, workers.router, operations.router,
        keys.router, session.router, docs.router, pages.router,
    ):  # fmt: skip
        app.include_router(each)
    problems.install(app)
    app.state.metrics = Metrics(services.database, notifier)
    # The middleware added last is the outermost.
    app.add_middleware(LoadLimit, settings=settings)
    app.add_middleware(NullCharacterCheck)
    app.add_middleware(BodyLimit, limit_bytes=settings.max_body_bytes, counted_elsewhere={datasets.UPLOAD})
    app.add_middleware(
        AccessMiddleware, database=services.database, settings=settings, policy=policy, failures=services.failures
    )
    app.add_middleware(UnhandledErrors)
    app.add_middleware(RequestObserver, metrics=app.state.metrics)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(RequestId)
    specs: dict[str, TypeAdapter[Any]] = {
        "JobSpec": job_spec, "PreviewSpec": TypeAdapter(PreviewSpec), "KeySpec": TypeAdapter(keys.KeySpec),
        "LogIn": TypeAdapter(session.LogIn),
    }  # fmt: skip
    document.complete(app, specs)
    return app
