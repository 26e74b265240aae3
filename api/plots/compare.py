"""Plots the arms of a comparison over one another: the metric, the LR, and when each arm reaches the target."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from api.plots.figure import Band, Figure, Item, Line, Mark, Panel, Role
from api.plots.labels import Subject, metric_name, number, under
from api.plots.series import Floats, only_series_of, values
from api.plots.sweep import COLOURS

ROW_WEIGHT = 0.22
Arm = Mapping[str, Any]
Curves = Mapping[str, Mapping[str, Any]]


def describe(subject: Subject, document: Mapping[str, Any], curves: Curves) -> Figure:
    """The figure of a comparison.

    Args:
        subject: The job.
        document: Its ``comparison``.
        curves: ``curves`` documents over ``x=step``, including the LR, by job id; only of runs that have any.
    """
    arms, metric = document["arms"], document["target"]["metric"]
    measured, rates, rows = list[Item](), list[Item](), list[Item]()
    for index, arm in enumerate(arms):
        measured += _metric(index, arm, metric, curves)
        rates += _rate(index, arm, curves)
        rows += _row(index, arm)
    if (target := _target(arms)) is not None and measured:
        first, last = _ends(measured)
        measured.append(Line((first, last), (target, target), "muted", "target (median)", width=1.2, dash="dot"))
    panels = [Panel(tuple(measured), metric_name(metric), weight=3.0), Panel(tuple(rates), "LR", weight=1.2)]
    names = tuple(_row_name(arm) for arm in arms)
    panels.append(Panel(tuple(rows), "", (len(arms) - 0.4, -0.6), ROW_WEIGHT * len(arms), names))
    verdict, tone = _verdict(document)
    return Figure(
        title=f"Schedules compared: {under(subject.conditions)}", verdict=verdict, tone=tone, panels=tuple(panels),
        x_label="updates (log scale)", x_scale="log", x_limits=_ends(measured) if measured else None,
        message=None if measured else "No evaluations yet.", notes=tuple(_lost(arms)),
    )  # fmt: skip


def _style(index: int, arm: Arm) -> dict[str, Any]:
    return {"colour": COLOURS[index % len(COLOURS)], "dash": "dash" if arm["is_added"] else "solid"}


def _metric(index: int, arm: Arm, metric: str, curves: Curves) -> Iterator[Item]:
    x, y = _stacked([curves[run["job_id"]] for run in arm["runs"] if run["job_id"] in curves], metric)
    if not len(x):
        return
    style = _style(index, arm)
    if y.shape[0] > 1:
        yield Band(values(x), values(np.nanmin(y, axis=0)), values(np.nanmax(y, axis=0)), style["colour"], None, 0.12)
    seeds = f"{y.shape[0]} seed{'s' if y.shape[0] > 1 else ''}"
    yield Line(values(x), values(np.nanmedian(y, axis=0)), name=f"{arm['name']} ({seeds})", width=2.0, **style)


def _stacked(documents: Sequence[Mapping[str, Any]], metric: str) -> tuple[Floats, Floats]:
    """Updates ``[N]`` at which at least half of the runs have the metric, and its values ``[runs, N]``."""
    series = [found for found in (only_series_of(each, metric) for each in documents) if not found.is_empty]
    if not series:
        return np.empty(0), np.empty((0, 0))
    steps = np.unique(np.concatenate([each.x for each in series]))
    table = np.full((len(series), len(steps)), np.nan)
    for row, each in zip(table, series, strict=True):
        row[np.searchsorted(steps, each.x)] = each.y
    enough = 2 * np.isfinite(table).sum(axis=0) >= len(series)
    return steps[enough] + 1, table[:, enough]


def _rate(index: int, arm: Arm, curves: Curves) -> Iterator[Item]:
    for run in arm["runs"]:
        if run["job_id"] in curves and not (rate := only_series_of(curves[run["job_id"]], "lr")).is_empty:
            yield Line(values(rate.x + 1), rate.points[1], width=1.5, **_style(index, arm))
            return


def _row(index: int, arm: Arm) -> Iterator[Item]:
    steps, ratio = arm["steps_to_target"], arm["update_ratio"]["median"]
    if steps["median"] is None:
        return
    label = f"{steps['median']:g} updates" + (f", ratio {number(ratio)}" if ratio is not None else "")
    ends = (steps["low"], steps["high"] or steps["median"])
    yield Mark(steps["median"], index, _style(index, arm)["colour"], "diamond", label, ends, size=8.0)


def _row_name(arm: Arm) -> str:
    steps = arm["steps_to_target"]
    if steps["runs"] == steps["known"]:
        return str(arm["name"])
    return f"{arm['name']} ({steps['known']} of {steps['runs']})"


def _target(arms: Sequence[Arm]) -> float | None:
    found = [run["target"] for arm in arms for run in arm["runs"] if run["target"] is not None]
    return float(np.median(found)) if found else None


def _ends(items: Sequence[Item]) -> tuple[float, float]:
    lines = [item for item in items if isinstance(item, Line)]
    return min(line.x[0] for line in lines), max(line.x[-1] for line in lines)


def _verdict(document: Mapping[str, Any]) -> tuple[str, Role]:
    short, reference = document["equal_budget"]["arm"], document["reference"]
    ratio = next(arm["update_ratio"] for arm in document["arms"] if arm["name"] == short)
    far = f"the final {metric_name(document['target']['metric'])} of {reference}"
    so_far = "" if document["is_final"] else ", so far"
    if not ratio["runs"]:
        return f"No run of {reference} has ended{so_far}", "muted"
    seeds = f"{ratio['known']} of {ratio['runs']} seeds do{so_far}"
    if ratio["median"] is None:
        return f"{short} does not reach {far} ({seeds})", "orange"
    times = f"{number(ratio['median'])} times fewer" if ratio["median"] >= 1 else f"{number(1 / ratio['median'])} times"
    more = "" if ratio["median"] >= 1 else " more"
    return f"{short} needs {times}{more} updates than {reference} to reach {far} ({seeds})", "green"


def _lost(arms: Sequence[Arm]) -> Iterator[str]:
    for arm in arms:
        for run in arm["runs"]:
            if run["status"] in {"failed", "cancelled"}:
                why = f" ({run['reason']})" if run["reason"] else ""
                message = f" {run['error']['message']}" if run["error"] else ""
                yield f"{run['status'].capitalize()}{why}: {arm['name']}, seed {run['seed']}.{message}"
