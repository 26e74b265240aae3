"""Numbers and documents of the service as readable text."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Document = Mapping[str, Any]

MINUTE_S = 60
HOUR_S = 3600


def number(value: float | None, digits: int = 4) -> str:
    """Format a number with a few significant digits; a dash if there is none."""
    return "-" if value is None else f"{value:.{digits}g}"


def duration(seconds: float | None) -> str:
    """Format a duration such as ``4.2 s``, ``3:01`` or ``1:02:03``."""
    if seconds is None:
        return "-"
    if seconds < MINUTE_S:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), MINUTE_S)
    hours, minutes = divmod(minutes, MINUTE_S)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def measurements(job: Document) -> Iterator[tuple[str, str]]:
    """Return the last measurements of a running job as (name, value) pairs, without unknown ones."""
    latest, progress = job.get("latest") or {}, job.get("progress") or {}
    yield from _known("loss", latest.get("train_loss"), number)
    yield from _known("lr", latest.get("lr"), number)
    yield from _known("momentum", latest.get("momentum"), number)
    yield from _known("val accuracy", latest.get("val_accuracy"), _percent)
    yield from _known("val R2", latest.get("val_r2"), number)
    yield from _known("samples/s", progress.get("samples_per_s"), _thousands)
    yield from _known("ETA", progress.get("eta_s"), duration)
    if job.get("attempt", 1) > 1:
        yield "attempt", str(job["attempt"])


def steps(job: Document) -> tuple[int, int]:
    """Return steps done and total steps; 0 if unknown."""
    progress = job.get("progress") or {}
    return progress.get("step") or 0, progress.get("total_steps") or 0


def _known(name: str, value: float | None, words: Callable[[float], str]) -> Iterator[tuple[str, str]]:
    if value is not None:
        yield name, words(value)


def status_text(job: Document) -> str:
    """Return the status of a job, with its reason if it has one."""
    return f"{job['status']} ({job['reason']})" if job.get("reason") else str(job["status"])


def verdict(job: Document) -> str:
    """Return one line about a job that has ended."""
    last = (job.get("latest") or {}).get("val_accuracy") if job["kind"] == "train" else None
    accuracy = f", val accuracy {_percent(last)}" if last is not None else ""
    return f"{job['id']} {status_text(job)}{accuracy}"


def failure(job: Document) -> str:
    """Return why a job did not succeed: the verdict, then the server's message."""
    error = job.get("error")
    detail = error.get("detail") or error.get("message") if isinstance(error, Mapping) else error
    return f"{verdict(job)}\n{detail}" if detail else verdict(job)


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.1f} %"


def _thousands(value: float) -> str:
    return f"{value:,.0f}"
