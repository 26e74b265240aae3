"""Plots range tests under several conditions over one another (Smith 2018, arXiv:1803.09820, figure 7)."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from api.plots.figure import Dash, Figure, Item, Line, Mark, Panel, Role
from api.plots.labels import Subject, metric_name, number, under
from api.plots.range_test import BEYOND, HEADROOM, measured
from api.plots.series import Merged, merged, series_of, values

COLOURS: tuple[Role, ...] = ("blue", "orange", "green", "purple", "red", "sky")
DASHES: tuple[Dash, ...] = ("solid", "dash", "dot")
ROW_WEIGHT = 0.22


def describe(subject: Subject, table: Mapping[str, Any], curves: Mapping[str, Mapping[str, Any]]) -> Figure:
    """The figure of a sweep.

    Args:
        subject: The job.
        table: Its ``sweep_table``.
        curves: ``curves`` documents over ``x=lr`` by the child's job id; only of children that have any.
    """
    cells: Sequence[Mapping[str, Any]] = table["cells"]
    metric = next((measured(subject, document, None) for document in curves.values()), "train_loss")
    lines = [_line(curves.get(cell["job_id"]), metric) for cell in cells]
    drawn = [line for line in lines if line is not None]
    overlaid, rows = list[Item](), list[Item]()
    for index, (cell, line) in enumerate(zip(cells, lines, strict=True)):
        overlaid += _curve(index, cell, line)
        rows += _row(index, cell)
    panels = [Panel(tuple(overlaid), metric_name(metric), _limits(drawn, metric), weight=3.0)]
    if cells:
        names = tuple(_row_name(cell) for cell in cells)
        panels.append(Panel(tuple(rows), "", (len(cells) - 0.4, -0.6), ROW_WEIGHT * len(cells), names))
    done = sum(1 for cell in cells if cell["bounds"])
    lost = tuple(_loss_of(cell) for cell in cells if cell["status"] in {"failed", "cancelled"})
    refused = tuple(_refusal(cell) for cell in cells if cell["status"] == "succeeded" and not cell["bounds"])
    return Figure(
        title=f"LR range tests over {_axes(table)}: {under(_shared(subject.conditions, table))}",
        verdict=f"{done} of {len(cells)} conditions have bounds" + ("" if table["is_final"] else ", more to come"),
        tone="green" if cells and done == len(cells) else "orange", panels=tuple(panels),
        x_label="learning rate (log scale)", x_scale="log",
        x_limits=(min(line.x[0] for line in drawn), BEYOND * max(line.x[-1] for line in drawn)) if drawn else None,
        message=None if drawn else "No points yet.", notes=lost + refused,
    )  # fmt: skip


def _line(document: Mapping[str, Any] | None, metric: str) -> Merged | None:
    replicas = series_of(document, metric) if document is not None else []
    line = merged(replicas) if replicas else None
    return line if line is not None and len(line.x) else None


def _style(index: int) -> tuple[Role, Dash]:
    return COLOURS[index % len(COLOURS)], DASHES[index // len(COLOURS) % len(DASHES)]


def _curve(index: int, cell: Mapping[str, Any], line: Merged | None) -> list[Item]:
    if line is None:
        return []
    colour, dash = _style(index)
    items: list[Item] = [Line(values(line.x), values(line.median), colour, _named(cell), width=2.0, dash=dash)]
    if cell["bounds"]:
        lr = cell["bounds"]["max_lr"]
        items.append(Mark(lr, float(np.interp(np.log(lr), np.log(line.x), line.median)), colour, "diamond", size=10.0))
    return items


def _row(index: int, cell: Mapping[str, Any]) -> list[Item]:
    if not cell["bounds"]:
        return []
    confidence = cell.get("confidence")
    interval = confidence.get("max_lr") if isinstance(confidence, Mapping) else None
    ends = (interval["low"], interval["high"]) if interval else None
    lr = cell["bounds"]["max_lr"]
    return [Mark(lr, index, _style(index)[0], "diamond", f"max_lr {number(lr)}", ends, size=8.0)]


def _named(cell: Mapping[str, Any]) -> str:
    """The settings of a cell, with the last part of each field's path: ``weight_decay 0.0001``."""
    return ", ".join(f"{_short(field)} {_value(value)}" for field, value in cell["settings"].items())


def _row_name(cell: Mapping[str, Any]) -> str:
    if cell["bounds"]:
        return _named(cell)
    return f"{_named(cell)} ({'no bounds' if cell['status'] == 'succeeded' else cell['status']})"


def _shared(conditions: Mapping[str, Any], table: Mapping[str, Any]) -> dict[str, Any]:
    """The conditions without the fields that the sweep varies."""
    shared: dict[str, Any] = {**conditions}
    for field in {field for cell in table["cells"] for field in cell["settings"]}:
        outer, _, inner = field.partition(".")
        if inner and isinstance(shared.get(outer), dict):
            shared[outer] = {key: value for key, value in shared[outer].items() if key != inner}
        elif not inner:
            shared.pop(outer, None)
    return shared


def _axes(table: Mapping[str, Any]) -> str:
    fields = dict.fromkeys(field for cell in table["cells"] for field in cell["settings"])
    return " and ".join(_short(field) for field in fields) or "conditions"


def _short(field: str) -> str:
    return field.rsplit(".", 1)[-1].replace("_", " ")


def _value(value: object) -> str:
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def _loss_of(cell: Mapping[str, Any]) -> str:
    why = f" ({cell['reason']})" if cell.get("reason") else ""
    error = cell.get("error")
    message = error.get("message") if isinstance(error, Mapping) else error
    return f"{cell['status'].capitalize()}{why}: {_named(cell)}" + (f". {message}" if message else ".")


def _refusal(cell: Mapping[str, Any]) -> str:
    messages = [each["message"] if isinstance(each, Mapping) else str(each) for each in cell.get("warnings") or []]
    return f"No bounds: {_named(cell)}. {' '.join(messages)}".strip()


def _limits(lines: Sequence[Merged], metric: str) -> tuple[float, float] | None:
    if not lines:
        return None
    if metric == "val_accuracy":
        return 0.0, max(0.1, 1.1 * max(float(line.median.max()) for line in lines))
    lowest = min(float(line.median.min()) for line in lines)
    start = max(float(line.median[0]) for line in lines)
    room = HEADROOM / 2 * max(start - lowest, 0.1 * abs(start), 1e-12)
    return lowest - room / 2, start + room
