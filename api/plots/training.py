"""Plots losses, accuracy, LR and momentum over the steps of a training, in stacked panels."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from api.plots.figure import Band, Figure, Item, Line, Mark, Panel
from api.plots.labels import Subject, metric_name, number, status_label, under
from api.plots.series import Floats, Series, only_series_of, smoothed, values

HEADROOM = 1.4
METRICS = ("train_loss", "val_loss", "val_accuracy", "lr", "momentum")


def describe(subject: Subject, curves: Mapping[str, Any]) -> Figure:
    """Return the figure of a training.

    Args:
        subject: The job.
        curves: Its ``curves`` document over ``x=step``, with the available metrics of `METRICS`.
    """
    losses, accuracy = _losses(curves), only_series_of(curves, "val_accuracy")
    panels = [Panel(losses, "loss", _loss_limits(curves), weight=3.0)]
    if not accuracy.is_empty:
        line = Line(*accuracy.points, "green", metric_name("val_accuracy"), width=2.0, symbol="square")
        panels.append(Panel((line,), "accuracy", (0.0, 1.08), weight=1.6))
    panels += [_with_peak(curves, "lr", "LR"), _momentum(curves)]
    schedule = subject.spec["schedule"]["name"]
    verdict, tone = status_label(subject)
    if not accuracy.is_empty:
        verdict += f", validation accuracy {_last(accuracy):.1%}, best {float(np.nanmax(accuracy.y)):.1%}"
    return Figure(
        title=f"Training with {schedule}: {under(subject.conditions)}", verdict=verdict, tone=tone,
        panels=tuple(panel for panel in panels if panel.items) or (Panel((), "loss"),), x_label="step",
        message=None if losses else ("No points." if subject.is_terminal else "No points yet."),
    )  # fmt: skip


def _losses(curves: Mapping[str, Any]) -> tuple[Item, ...]:
    train, val = only_series_of(curves, "train_loss"), only_series_of(curves, "val_loss")
    items: list[Item] = []
    if not train.is_empty:
        smooth = smoothed(train)
        items.append(Line(*train.points, "blue", "every step", width=0.9, opacity=0.35))
        items.append(Line(*smooth.points, "blue", metric_name("train_loss"), width=2.2))
        items += _gap(smooth, val)
    if not val.is_empty:
        items.append(Line(*val.points, "orange", metric_name("val_loss"), width=1.8, symbol="circle"))
    return tuple(items)


def _gap(train: Series, val: Series) -> list[Item]:
    """Return the gap between validation and training loss, if there is one at the end."""
    known = np.isfinite(val.y)
    x, high = val.x[known], val.y[known]
    if not len(x):
        return []
    low = np.interp(x, train.x, train.y)
    if high[-1] <= low[-1]:
        return []
    name = f"generalisation gap (last {number(float(high[-1] - low[-1]))})"
    return [Band(values(x), values(np.minimum(low, high)), values(high), "orange", name, 0.18)]


def _loss_limits(curves: Mapping[str, Any]) -> tuple[float, float] | None:
    """Return limits from zero (or a negative loss) to three times the first losses; a spike may exceed them."""
    found = [series for name in ("train_loss", "val_loss") if not (series := only_series_of(curves, name)).is_empty]
    if not found:
        return None
    lowest = min(float(np.nanmin(series.y)) for series in found)
    highest = max(float(np.nanmax(series.y)) for series in found)
    first = max(float(np.nanmax(_first_of(series))) for series in found)
    top = min(highest, 3 * first) if first > 0 else highest
    margin = 0.06 * (top - min(lowest, 0.0)) or 1.0
    return (0.0 if lowest >= 0 else lowest - margin), top + margin


def _first_of(series: Series) -> Floats:
    """Return the first twentieth of the finite values: a training may begin with non-finite ones."""
    finite = series.y[np.isfinite(series.y)]
    return finite[: max(3, len(finite) // 20)]


def _with_peak(curves: Mapping[str, Any], metric: str, label: str) -> Panel:
    series = only_series_of(curves, metric)
    if series.is_empty:
        return Panel((), label)
    peak = int(np.nanargmax(series.y))
    x, y = float(series.x[peak]), float(series.y[peak])
    mark = Mark(x, y, "ink", "circle", f"peak {number(y)}", size=5.0, raised=True)
    return Panel((Line(*series.points, "ink", width=1.8), mark), label, (0.0, HEADROOM * y or 1.0), 1.3)


def _momentum(curves: Mapping[str, Any]) -> Panel:
    series = only_series_of(curves, "momentum")
    items = () if series.is_empty else (Line(*series.points, "purple", width=1.8),)
    return Panel(items, "momentum", weight=1.0)


def _last(series: Series) -> float:
    return float(series.y[np.isfinite(series.y)][-1])
