"""The table of a sweep for a terminal."""

from collections.abc import Iterator

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from clr_client.display.formatting import Document, number, status_text

WIDTH = 120


def sweep_table(document: Document) -> str:
    """Return every cell with its bounds or status, then the reasons of failed cells, warnings, and the exponent."""
    state = "" if document["is_final"] else ", so far"
    table = Table(title=f"Sweep {document['job_id']}{state}", box=SIMPLE_HEAD, title_justify="left")
    for heading in (*document["over"], "status", "base_lr", "max_lr", "interval", "grade", "job"):
        table.add_column(heading, overflow="fold")
    for cell in document["cells"]:
        table.add_row(*(Text(part) for part in _row(document["over"], cell)))
    console = Console(width=WIDTH, color_system=None)
    with console.capture() as captured:
        console.print(table)
    return "\n".join([captured.get().rstrip(), *_remarks(document)])


def _row(over: list[str], cell: Document) -> Iterator[str]:
    bounds, confidence = cell["bounds"] or {}, cell["confidence"] or {}
    interval = confidence.get("max_lr") or {}
    for path in over:
        value = cell["settings"][path]
        yield number(value) if isinstance(value, float) else str(value)
    yield status_text(cell)
    yield number(bounds.get("base_lr"))
    yield number(bounds.get("max_lr"))
    yield f"{number(interval['low'])} to {number(interval['high'])}" if interval else "-"
    yield confidence.get("grade", "-")
    yield cell["job_id"]


def _remarks(document: Document) -> Iterator[str]:
    for cell in document["cells"]:
        if cell["error"]:
            yield f"Failed: {cell['job_id']}: {cell['error']['message']}"
        for warning in cell["warnings"]:
            yield f"Warning: {cell['job_id']}: {warning['message']} ({warning['code']})"
    for size, fit in (document["scaling"] or {}).items():
        if fit["exponent"] is None:
            yield f"No exponent of max_lr over {size}: {fit['reason']}"
            continue
        interval = f"{fit['low']:.2f} to {fit['high']:.2f} ({100 * fit['level']:.0f} %)"
        beside = f"linear is {fit['linear']:g}, square root {fit['square_root']:g}"
        power = f"{fit['exponent']:.2f}, {interval}, from {fit['points']} cells"
        yield f"max_lr grows with {size} to the power {power}; {beside}"
