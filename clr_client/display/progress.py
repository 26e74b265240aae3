"""The progress of a job: live in a terminal or a notebook, as plain lines elsewhere."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn
from rich.text import Text

from clr_client.display.formatting import Document, measurements, status_text, steps
from clr_client.display.notebook_progress import NotebookProgress
from clr_client.display.text_charts import HEIGHT as CHART_HEIGHT
from clr_client.display.text_charts import WIDTH as CHART_WIDTH

Update = Callable[[Document], None]
Draw = Callable[[Document], str | None]

PLAIN_EVERY_S = DRAW_EVERY_S = 1.0
ROWS_FOR_A_CHART = CHART_HEIGHT + 4


@contextmanager
def watching(console: Console, draw: Draw | None = None) -> Iterator[Update]:
    """Return a callback for ``on_update`` of `Client.wait` that shows a job each time it is called.

    Args:
        console: The console to print to.
        draw: Draws the curve of a job for a terminal, or returns None; called at most once a second.
    """
    if console.is_jupyter:
        yield NotebookProgress()
        return
    if not console.is_terminal:
        yield PlainProgress(console)
        return
    view = LiveProgress(draw if console.height >= ROWS_FOR_A_CHART and console.width >= CHART_WIDTH else None)
    with Live(view.picture, console=console, refresh_per_second=8):
        yield view


class PlainProgress:
    """Prints one line when the status changes, and at most one per second in between."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._last_status = ""
        self._last_line = ""
        self._last_at = 0.0

    def __call__(self, job: Document) -> None:
        """Print a line about the job if there is something new."""
        line = _plain_line(job)
        is_due = status_text(job) != self._last_status or time.monotonic() - self._last_at >= PLAIN_EVERY_S
        if line == self._last_line or not is_due:
            return
        self._console.print(line, soft_wrap=True, highlight=False, markup=False)
        self._last_status, self._last_line, self._last_at = status_text(job), line, time.monotonic()


class LiveProgress:
    """A progress bar, the last measurements, and the curve so far."""

    def __init__(self, draw: Draw | None = None) -> None:
        self._draw, self._drawn_at = draw, -math.inf
        self._chart = Text(no_wrap=True)
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[steps]}", markup=False),
        )
        self._task = self._progress.add_task("", total=None, steps="")
        self._measurements = Text(no_wrap=True, overflow="ellipsis")
        self.picture = Group(self._progress, self._measurements, self._chart)

    def __call__(self, job: Document) -> None:
        """Show the current state of the job."""
        step, total = steps(job)
        how_far = f"step {step}/{total}" if total else ""
        description = f"{job['kind']} {status_text(job)}"
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
        self._redraw(job)

    def _redraw(self, job: Document) -> None:
        is_due = job["is_terminal"] or time.monotonic() - self._drawn_at >= DRAW_EVERY_S
        if self._draw is None or not is_due:
            return
        if picture := self._draw(job):
            self._chart.plain = picture
        self._drawn_at = time.monotonic()


def _plain_line(job: Document) -> str:
    step, total = steps(job)
    how_far = [f"step {step}/{total}"] if total else []
    return "  ".join([job["id"], status_text(job), *how_far, *(f"{name} {value}" for name, value in measurements(job))])
