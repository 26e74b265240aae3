"""The progress of a job in a notebook: one line below the cell, updated in place.

It is plain HTML with a ``progress`` element: it needs no widgets, and the saved notebook keeps its last state.
"""

from html import escape
from typing import Any

from clr_client.display.formatting import Document, measurements, status_text, steps


class NotebookProgress:
    """Shows a job each time it is called."""

    def __init__(self) -> None:
        self._shown: Any = None

    def __call__(self, job: Document) -> None:
        """Show the current state of the job."""
        from IPython.display import HTML, display  # noqa: PLC0415 - there is one, in a notebook

        picture = HTML(picture_of(job))
        if self._shown is None:
            self._shown = display(picture, display_id=True)
        else:
            self._shown.update(picture)


def picture_of(job: Document) -> str:
    """Return a job as a line of HTML."""
    fraction = (job.get("progress") or {}).get("fraction")
    bar = "" if fraction is None else f'<progress value="{fraction:.4f}" max="1"></progress> '
    step, total = steps(job)
    numbers = [f"step {step}/{total}"] if total else []
    numbers += [f"{name} {value}" for name, value in measurements(job)]
    words = " &nbsp; ".join(escape(word) for word in [f"{job['kind']} {status_text(job)}", *numbers])
    return f'<div style="font-variant-numeric: tabular-nums">{bar}{words}</div>'
