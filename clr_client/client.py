"""The Python client: one method for each request that the service answers. Errors are raised as exceptions.

`Client` blocks, `AsyncClient` is awaited. Both are the same `Endpoints` with different runners.
"""

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self, TypeVar

from clr_client.endpoints import datasets as dataset_calls
from clr_client.endpoints import following, outputs, server
from clr_client.endpoints import jobs as job_calls
from clr_client.events import Event
from clr_client.job import Job
from clr_client.transport.connection import Connection
from clr_client.transport.credentials import url_or_default
from clr_client.transport.effects import Document, Feed, Program
from clr_client.transport.http_runners import AsyncRunner, SyncRunner
from clr_client.transport.methods import HasRunner, calling, feed, operation

__all__ = ["AsyncClient", "Client", "Document", "Job"]

D_co = TypeVar("D_co", bound=SyncRunner | AsyncRunner, covariant=True)


class Endpoints(HasRunner[D_co]):
    """The requests to the service. Jobs are returned as `Job`, everything else as JSON."""

    @operation
    def submit(self, spec: Mapping[str, Any], idempotency_key: str | None = None) -> Program[Job[D_co]]:
        """Submit a job and return it.

        The idempotency key makes it safe to repeat the request after a lost connection: the server runs one job for one
        key. Without a key, each call makes its own.

        Raises:
            ProblemError: If the server refuses the spec.
            ServerUnreachableError: If no server answers.
        """
        return Job(self.runner, (yield from job_calls.submit(spec, idempotency_key)))

    validate = calling(job_calls.validate)

    @operation
    def job(self, job_id: str) -> Program[Job[D_co]]:
        """Return the current state of a job."""
        return Job(self.runner, (yield from job_calls.job(job_id)))

    @operation
    def wait(
        self, job_id: str, timeout_s: float | None = None, on_update: Callable[[Document], None] | None = None
    ) -> Program[Job[D_co]]:
        """Wait until a job has ended, and return it; see `Job.wait`."""
        patience_s = self.runner.connection.patience_s
        document = yield from following.wait(job_id, timeout_s, on_update or _nothing, patience_s)
        return Job(self.runner, document)

    @feed
    def events(self, job_id: str, after: int = 0) -> Feed[Event]:
        """Yield the events of a job after number ``after``, until it has ended."""
        return following.events(job_id, after, _nothing, self.runner.connection.patience_s)

    @feed
    def follow_logs(self, job_id: str, tail: int | None = None, attempt: int | None = None) -> Feed[Document]:
        """Yield the output lines of a job's processes (of past ones the last ``tail``), until it has ended."""
        return following.log_lines(job_id, tail, attempt, self.runner.connection.patience_s)

    @operation
    def clone(self, job_id: str, patch: Mapping[str, Any], idempotency_key: str | None = None) -> Program[Job[D_co]]:
        """Submit the spec of a job as a new one, changed by a JSON merge patch; see `submit` for the key."""
        return Job(self.runner, (yield from job_calls.clone(job_id, patch, idempotency_key)))

    jobs = calling(job_calls.jobs)
    cancel = calling(job_calls.cancel)
    resume = calling(job_calls.resume)
    delete = calling(job_calls.delete)

    bounds = calling(outputs.bounds)
    table = calling(outputs.table)
    comparison = calling(outputs.comparison)
    logs = calling(outputs.logs)
    curves = calling(outputs.curves)
    plot = calling(outputs.plot)
    checkpoints = calling(outputs.checkpoints)
    model_card = calling(outputs.model_card)
    download_model = calling(outputs.download_model)
    download_checkpoint = calling(outputs.download_checkpoint)
    download_curves = calling(outputs.download_curves)

    datasets = calling(dataset_calls.datasets)
    dataset = calling(dataset_calls.dataset)
    upload_dataset = calling(dataset_calls.upload_dataset)
    delete_dataset = calling(dataset_calls.delete_dataset)

    workers = calling(server.workers)
    drain = calling(server.drain)
    schedules = calling(server.schedules)
    preview = calling(server.preview)
    create_key = calling(server.create_key)
    keys = calling(server.keys)
    revoke_key = calling(server.revoke_key)
    ready = calling(server.ready)


class Client(Endpoints[SyncRunner]):
    """A connection to one server. Usable as a context manager; not meant for several threads at once.

    Args:
        base_url: Address of the server. None for ``CLR_URL``, or ``http://127.0.0.1:8000``, the address of ``clr up``.
        timeout_s: Timeout of one request.
        patience_s: How long a wait continues if the server does not answer.
        api_key: A key of that server; None for ``CLR_API_KEY``, if set.

    Raises:
        AddressError: If ``base_url`` is no http(s) address.
        KeyUsageError: If the key cannot be one.
    """

    def __init__(
        self,
        base_url: str | None = None,
        timeout_s: float = 10.0,
        patience_s: float = 30.0,
        *,
        api_key: str | None = None,
    ) -> None:
        super().__init__(SyncRunner(Connection(url_or_default(base_url), timeout_s, patience_s, api_key)))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self.runner.close()


class AsyncClient(Endpoints[AsyncRunner]):
    """`Client` for an event loop: the same methods, awaited, and ``async for`` over events."""

    def __init__(
        self,
        base_url: str | None = None,
        timeout_s: float = 10.0,
        patience_s: float = 30.0,
        *,
        api_key: str | None = None,
    ) -> None:
        super().__init__(AsyncRunner(Connection(url_or_default(base_url), timeout_s, patience_s, api_key)))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self.runner.close()


def _nothing(_document: Document) -> None:
    """Show nothing."""
