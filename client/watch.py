"""Showing how a job comes along: live in a terminal or a notebook, in plain lines where there is neither."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn
from rich.text import Text

from client.notebook import NotebookView
from client.words import Document, measurements, standing, steps

Update = Callable[[Document], None]

PLAIN_EVERY_S = 1.0


@contextmanager
def watching(console: Console) -> Iterator[Update]:
    """A callback that shows a job each time it is called, as ``on_update`` of `Client.wait` wants it."""
    if console.is_jupyter:
        yield NotebookView()
        return
    if not console.is_terminal:
        yield PlainView(console)
        return
    view = LiveView()
    with Live(view.picture, console=console, refresh_per_second=8):
        yield view


class PlainView:
    """One line when the status changes, and at most one a second in between."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._last_standing = ""
        self._last_line = ""
        self._last_at = 0.0

    def __call__(self, job: Document) -> None:
        """Print a line about the job if there is something new."""
        line = _plain_line(job)
        is_due = standing(job) != self._last_standing or time.monotonic() - self._last_at >= PLAIN_EVERY_S
        if line == self._last_line or not is_due:
            return
        self._console.print(line, soft_wrap=True, highlight=False, markup=False)
        self._last_standing, self._last_line, self._last_at = standing(job), line, time.monotonic()


class LiveView:
    """A progress bar and, below it, what was measured last."""

    def __init__(self) -> None:
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[steps]}", markup=False),
        )
        self._task = self._progress.add_task("", total=None, steps="")
        self._measurements = Text(no_wrap=True, overflow="ellipsis")
        self.picture = Group(self._progress, self._measurements)

    def __call__(self, job: Document) -> None:
        """Show the job as it stands."""
        step, total = steps(job)
        how_far = f"step {step}/{total}" if total else ""
        description = f"{job['kind']} {standing(job)}"
        fraction = (job.get("progress") or {}).get("fraction")
        self._progress.update(
            self._task,
            description=description,
            completed=fraction or 0.0,
            total=None if fraction is None else 1.0,
            steps=how_far,
        )
        self._measurements.plain = ""
        for name, value in measurements(job):
            self._measurements.append(f"  {name} ", style="dim").append(value, style="bold")


def _plain_line(job: Document) -> str:
    step, total = steps(job)
    how_far = [f"step {step}/{total}"] if total else []
    return "  ".join([job["id"], standing(job), *how_far, *(f"{name} {value}" for name, value in measurements(job))])
