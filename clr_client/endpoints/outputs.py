"""Outputs of jobs: bounds, tables, curves, pictures, models, checkpoints."""

from collections.abc import Sequence
from io import BytesIO
from typing import IO

from clr_client.endpoints.jobs import path_of
from clr_client.transport.effects import Document, Program, Request
from clr_client.transport.retry import document_of, size_of


def bounds(job_id: str) -> Program[Document]:
    """Return the LR bounds of an ``lr_find`` job. Raises `ProblemError` (409) until there are some."""
    return document_of(Request("GET", path_of(job_id, "/lr-bounds")))


def table(job_id: str) -> Program[Document]:
    """Return the bounds under each of the conditions of a ``sweep`` job, as far as known."""
    return document_of(Request("GET", path_of(job_id, "/table")))


def comparison(job_id: str) -> Program[Document]:
    """Return the results of the arms of a ``compare`` job, as far as known."""
    return document_of(Request("GET", path_of(job_id, "/comparison")))


def logs(
    job_id: str, after: int = 0, *, tail: int | None = None, attempt: int | None = None, limit: int | None = None
) -> Program[Document]:
    """Return a page of the output of a job's processes: ``data``, and ``next_after`` (None at the end)."""
    asked = {"after": after if tail is None else None, "tail": tail, "attempt": attempt, "limit": limit}
    params = [(name, str(value)) for name, value in asked.items() if value is not None]
    return document_of(Request("GET", path_of(job_id, "/logs"), params=params))


def curves(  # noqa: PLR0913 - options of a request
    job_id: str, metrics: Sequence[str] = (), x: str = "step", max_points: int | None = None,
    *, smoothing: float | None = None, start_step: int | None = None, end_step: int | None = None,
) -> Program[Document]:  # fmt: skip
    """Return curves of a job (all metrics by default) over ``step``, ``epoch`` or ``lr``, thinned by the server."""
    view = {"max_points": max_points, "smoothing": smoothing, "start_step": start_step, "end_step": end_step}
    given = [(name, str(value)) for name, value in view.items() if value is not None]
    params = [*(("metric", metric) for metric in metrics), ("x", x), *given]
    return document_of(Request("GET", path_of(job_id, "/curves"), params=params))


def plot(
    job_id: str, suffix: str = "svg", *, theme: str = "light", width: int | None = None, height: int | None = None
) -> Program[bytes]:
    """Return the picture of a job as a file: ``svg``, ``png``, or ``json`` for Plotly; sizes in pixels."""
    asked = {"theme": theme, "width": width, "height": height}
    params = [(name, str(value)) for name, value in asked.items() if value is not None]
    picture = BytesIO()
    yield from size_of(Request("GET", path_of(job_id, f"/plot.{suffix}"), params=params, target=picture, attempts=1))
    return picture.getvalue()


def checkpoints(job_id: str) -> Program[Document]:
    """Return the stored checkpoints of a training, newest first: the last two and the best."""
    return document_of(Request("GET", path_of(job_id, "/checkpoints")))


def model_card(job_id: str) -> Program[Document]:
    """Return the card of a training's model. Raises `ProblemError` (409) until there is one."""
    return document_of(Request("GET", path_of(job_id, "/model/card")))


def download_model(job_id: str, target: IO[bytes]) -> Program[int]:
    """Copy the final weights of a training, as safetensors, into an open file; return their size in bytes."""
    return size_of(Request("GET", path_of(job_id, "/model"), target=target, attempts=1))


def download_checkpoint(job_id: str, step: int, target: IO[bytes]) -> Program[int]:
    """Copy the checkpoint after ``step`` steps into an open file; return its size in bytes."""
    return size_of(Request("GET", path_of(job_id, f"/checkpoints/{step}"), target=target, attempts=1))


def download_curves(job_id: str, target: IO[bytes], metrics: Sequence[str] = ()) -> Program[int]:
    """Copy every point of a job, as CSV, into an open file; return the size in bytes."""
    params = [*(("metric", metric) for metric in metrics), ("format", "csv")]
    return size_of(Request("GET", path_of(job_id, "/curves"), params=params, target=target, attempts=1))
