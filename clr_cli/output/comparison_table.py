"""The result of a comparison for a terminal."""

from collections.abc import Iterator

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from clr_client.display.formatting import Document, number, status_text

WIDTH = 132


def comparison_table(document: Document) -> str:
    """Return each arm with medians and ranges over its seeds, differences at the equal budget, and lost runs."""
    metric, state = document["target"]["metric"], "" if document["is_final"] else ", so far"
    table = Table(title=f"Comparison {document['job_id']}{state}", box=SIMPLE_HEAD, title_justify="left")
    for heading in ("arm", "steps", "max_lr", f"final {metric}", "steps to target", "seconds", "update ratio", "runs"):
        table.add_column(heading, overflow="fold")
    for arm in document["arms"]:
        table.add_row(*(Text(part) for part in _row(arm, metric)))
    console = Console(width=WIDTH, color_system=None)
    with console.capture() as captured:
        console.print(table)
    return "\n".join([captured.get().rstrip(), *_remarks(document)])


def _row(arm: Document, metric: str) -> Iterator[str]:
    lengths = [run["total_steps"] for run in arm["runs"] if run["total_steps"] is not None]
    yield arm["name"]
    yield str(arm["steps"] or next(iter(lengths), None) or f"{number(arm['epochs'])} epochs")
    yield number(arm["max_lr"], 3)
    yield _spread(arm["final"].get(metric))
    yield _spread(arm["steps_to_target"])
    yield number(arm["seconds_to_target"]["median"], 3)
    yield _spread(arm["update_ratio"], digits=3)
    yield f"{sum(run['status'] == 'succeeded' for run in arm['runs'])} of {len(arm['runs'])}"


def _spread(found: Document | None, digits: int = 4) -> str:
    """Return ``median (low to high)``, and the number of runs with a value unless all have one."""
    if found is None or not found["runs"]:
        return "-"
    if not found["known"]:
        return "never"
    ends = f"{number(found['low'], digits)} to {number(found['high'], digits)}"
    some = "" if found["known"] == found["runs"] else f", {found['known']} of {found['runs']}"
    return f"{number(found['median'], digits)} ({ends}{some})"


def _remarks(document: Document) -> Iterator[str]:
    target = document["target"]
    wanted = f"where {target['final_of']} ends, seed by seed" if target["final_of"] else number(target["value"])
    yield f"Target: {target['metric']} {wanted}. Values are medians (lowest to highest) over seeds."
    yield f"Update ratio: updates of {document['reference']} to its own final value over those of the arm to that."
    short = document["equal_budget"]["arm"]
    for each in document["equal_budget"]["differences"]:
        if each["difference"]["known"]:
            yield f"{short} minus {each['arm']}: {_spread(each['difference'])}"
    for arm in document["arms"]:
        for run in arm["runs"]:
            if run["status"] in {"failed", "cancelled"}:
                message = f": {run['error']['message']}" if run["error"] else ""
                yield f"{arm['name']}, seed {run['seed']}, {run['job_id']} {status_text(run)}{message}"
    yield f"Seconds: {document['seconds_are']}."
