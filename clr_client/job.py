"""A job as an object: its fields, and methods for the requests about it."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import IO, Any, Generic, TypeVar

from clr_client.curves import Curves
from clr_client.display import plotly_figure
from clr_client.display.formatting import failure, status_text
from clr_client.documents import Bounds, DocumentView
from clr_client.endpoints import following, jobs, outputs
from clr_client.errors import JobFailedError
from clr_client.events import Event
from clr_client.transport.effects import Document, Feed, Program
from clr_client.transport.http_runners import AsyncRunner, SyncRunner
from clr_client.transport.methods import HasRunner, feed, operation

D_co = TypeVar("D_co", bound=SyncRunner | AsyncRunner, covariant=True)


class Job(DocumentView, HasRunner[D_co], Generic[D_co]):
    """A job as the server last described it: a mapping of its fields, and methods for requests about it.

    With an `AsyncClient`, all methods that send requests are awaited. `refresh`, `wait`, `cancel`, `resume` and
    `events` update the job in place.
    """

    def __init__(self, runner: D_co, document: Document) -> None:
        DocumentView.__init__(self, document)
        HasRunner.__init__(self, runner)

    @property
    def id(self) -> str:
        """Such as ``job_01a1fcb9f8797db38b013f5a6014a2f7``."""
        return str(self["id"])

    @property
    def kind(self) -> str:
        """``lr_find``, ``train``, ``sweep`` or another kind of job."""
        return str(self["kind"])

    @property
    def status(self) -> str:
        """``queued``, ``running``, ``cancelling``, ``succeeded``, ``failed`` or ``cancelled``."""
        return str(self["status"])

    @property
    def is_terminal(self) -> bool:
        """Whether it has ended."""
        return bool(self["is_terminal"])

    @operation
    def refresh(self) -> "Program[Job[D_co]]":
        """Fetch the current state."""
        return self._updated((yield from jobs.job(self.id)))

    @operation
    def wait(
        self,
        timeout_s: float | None = None,
        on_update: Callable[[Document], None] | None = None,
        *,
        progress: bool = False,
    ) -> "Program[Job[D_co]]":
        """Wait until it has ended, successfully or not.

        Args:
            timeout_s: Maximum time to wait; None for no limit.
            on_update: Called with the job after every poll.
            progress: Whether to show a bar in a terminal or a notebook, or lines elsewhere.

        Raises:
            WaitTimeoutError: If it has not ended by then; it continues.
            ServerUnreachableError: If the server has not answered for the client's ``patience_s``.
            ProblemError: If the server has no such job, or has failed for as long.
        """
        with _progress() if progress else nullcontext(_nothing) as show:

            def told(document: Document) -> None:
                self._updated(document)
                show(document)
                (on_update or _nothing)(self)

            yield from following.wait(self.id, timeout_s, told, self.runner.connection.patience_s)
        return self

    def raise_for_status(self) -> "Job[D_co]":
        """Return the job, unless it has failed or was cancelled.

        Raises:
            JobFailedError: If it has; the text is the reason.
        """
        if self.is_terminal and self.status != "succeeded":
            raise JobFailedError(failure(self), self.document)
        return self

    @operation
    def bounds(self) -> Program[Bounds]:
        """Return the LR bounds that it found. Raises `ProblemError` (409) until there are some."""
        return Bounds((yield from outputs.bounds(self.id)))

    @operation
    def table(self) -> Program[Document]:
        """Return the bounds under each of the conditions of a sweep, as far as known."""
        return outputs.table(self.id)

    @operation
    def comparison(self) -> Program[Document]:
        """Return the results of the arms of a ``compare`` job, as far as known."""
        return outputs.comparison(self.id)

    @operation
    def curves(
        self, *metrics: str, x: str = "step", max_points: int | None = None, smoothing: float | None = None
    ) -> Program[Curves]:
        """Return its curves so far as arrays.

        Args:
            metrics: Names of metrics; all by default.
            x: ``step``, ``epoch`` (of trainings) or ``lr``.
            max_points: Maximum points of a series (default: 2000); no spike is lost.
            smoothing: From 0 to below 1: a second series for each, smoothed from all its points.
        """
        document = yield from outputs.curves(self.id, metrics, x, max_points, smoothing=smoothing)
        return Curves.of(document)

    @operation
    def plot(self, *, theme: str = "light", width: int | None = None, height: int | None = None) -> Program[Any]:
        """Return its picture as a ``plotly.graph_objects.Figure``; see the client's ``plot`` for files.

        Raises:
            MissingPackageError: Without plotly.
        """
        picture = yield from outputs.plot(self.id, "json", theme=theme, width=width, height=height)
        return plotly_figure.figure(json.loads(picture))

    @feed
    def events(self, after: int = 0) -> Feed[Event]:
        """Yield its events after number ``after``, until it has ended."""
        return following.events(self.id, after, self._updated, self.runner.connection.patience_s)

    @feed
    def logs(self, tail: int | None = None, attempt: int | None = None) -> Feed[Document]:
        """Yield the output lines of its processes (of past ones the last ``tail``), until it has ended."""
        return following.log_lines(self.id, tail, attempt, self.runner.connection.patience_s)

    @operation
    def cancel(self, mode: str = "checkpoint") -> "Program[Job[D_co]]":
        """Cancel it; it is ``cancelling`` until its ranks have stopped. ``kill`` saves no checkpoint."""
        return self._updated((yield from jobs.cancel(self.id, mode)))

    @operation
    def resume(self) -> "Program[Job[D_co]]":
        """Queue it again after it has failed or was cancelled; it resumes from its last checkpoint."""
        return self._updated((yield from jobs.resume(self.id)))

    @operation
    def clone(
        self, patch: Mapping[str, Any] | None = None, idempotency_key: str | None = None
    ) -> "Program[Job[D_co]]":  # fmt: skip
        """Submit its spec as a new job, changed by a JSON merge patch, and return that job."""
        return Job(self.runner, (yield from jobs.clone(self.id, patch or {}, idempotency_key)))

    @operation
    def delete(self) -> Program[None]:
        """Delete it after it has ended, with curves and files. Raises `ProblemError` (409) if another job needs it."""
        return jobs.delete(self.id)

    @operation
    def checkpoints(self) -> Program[Sequence[Document]]:
        """Return its stored checkpoints, newest first: the last two and the best."""
        document = yield from outputs.checkpoints(self.id)
        checkpoints: Sequence[Document] = document["data"]
        return checkpoints

    @operation
    def model_card(self) -> Program[Document]:
        """Return the card of its model. Raises `ProblemError` (409) until there is one."""
        return outputs.model_card(self.id)

    @operation
    def download_model(self, target: IO[bytes]) -> Program[int]:
        """Copy its final weights, as safetensors, into an open file; return their size in bytes."""
        return outputs.download_model(self.id, target)

    def _updated(self, document: Document) -> "Job[D_co]":
        self._document = dict(document)
        return self

    def __repr__(self) -> str:
        fraction = (self.get("progress") or {}).get("fraction")
        done = "" if fraction is None else f", {100 * fraction:.0f} %"
        return f"<Job {self.id}: {self.kind}, {status_text(self)}{done}>"


def _progress() -> Any:
    from rich.console import Console  # noqa: PLC0415 - heavy

    from clr_client.display.progress import watching  # noqa: PLC0415 - heavy

    return watching(Console(stderr=True))


def _nothing(_document: Document) -> None:
    """Show nothing."""
