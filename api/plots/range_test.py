"""Plots loss over LR: replicas, their median and band, the bounds with intervals, and the results of other rules."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from api.plots.bounds_panel import answer_panel, answered, bounds_items
from api.plots.figure import Band, Figure, Item, Line, Panel, Rule, Span, Symbol
from api.plots.labels import Subject, metric_name, status_label, under
from api.plots.series import Merged, Series, floats, merged, series_of, values

METRICS = ("train_loss", "val_loss", "val_accuracy")
HEADROOM = 0.4
BEYOND = 1.3


def describe(subject: Subject, curves: Mapping[str, Any], bounds: Mapping[str, Any] | None) -> Figure:
    """The figure of an ``lr_find`` job.

    Args:
        subject: The job.
        curves: Its ``curves`` document over ``x=lr``.
        bounds: Its ``lr_bounds`` document; None while there is none.
    """
    metric = measured(subject, curves, bounds)
    replicas = series_of(curves, metric)
    line = _merged(replicas, bounds)
    diverged_at = ((bounds or {}).get("evidence") or {}).get("diverged_at")
    verdict, tone = answered(bounds) if bounds else status_label(subject)
    limits, message = _lr_limits(subject, replicas), _message(subject, bounds, replicas)
    items = (*_bounds(bounds), *_losses(replicas, line, diverged_at), *_divergence(diverged_at, limits[1]))
    loss_limits = _limits(replicas, metric, is_under_message=message is not None)
    panels = [Panel(items, metric_name(metric), loss_limits, weight=3.0)]
    if bounds is not None and (rows := answer_panel(bounds)).rows:
        panels.append(rows)
    return Figure(
        title=f"LR range test: {under(subject.conditions)}",
        verdict=verdict, tone=tone, panels=tuple(panels), x_label="learning rate (log scale)", x_scale="log",
        x_limits=limits, message=message, notes=_notes(bounds),
    )  # fmt: skip


def measured(subject: Subject, curves: Mapping[str, Any], bounds: Mapping[str, Any] | None) -> str:
    """The metric that determines the bounds."""
    curve = (bounds or {}).get("curve") or {}
    asked = (subject.spec.get("range_test") or {}).get("measure")
    present = {series["metric"] for series in curves["series"]}
    wanted = [curve.get("metric"), asked, *(metric for metric in METRICS if metric in present), METRICS[0]]
    return next(metric for metric in wanted if metric in METRICS)


def _merged(replicas: Sequence[Series], bounds: Mapping[str, Any] | None) -> Merged | None:
    curve = (bounds or {}).get("curve")
    if curve and curve["lr"]:
        return Merged(*(floats(curve[key]) for key in ("lr", "median", "low", "high")))
    return merged(replicas) if replicas else None


def _losses(replicas: Sequence[Series], line: Merged | None, diverged_at: float | None) -> list[Item]:
    several = len(replicas) > 1
    items: list[Item] = []
    for index, series in enumerate(replicas):
        name = f"{len(replicas)} replicas" if several and index == 0 else None
        items.append(Line(*series.points, "blue", name, width=0.9, opacity=0.35))
    if line is None:
        return items
    # After the divergence the weights are useless, so a median is meaningless.
    tells = line.x <= (np.inf if diverged_at is None else diverged_at)
    known = tells & np.isfinite(line.low) & np.isfinite(line.high)
    if several and known.any():
        shown = (values(line.x[known]), values(line.low[known]), values(line.high[known]))
        items.append(Band(*shown, "blue", "band of the replicas", 0.15))
    median = Series(line.x[tells], line.median[tells]).points
    symbol: Symbol | None = "circle" if len(median[0]) == 1 else None
    items.append(Line(*median, "blue", "median" if several else "range test", width=2.4, symbol=symbol))
    return items


def _bounds(document: Mapping[str, Any] | None) -> list[Item]:
    return [] if document is None or document["bounds"] is None else bounds_items(document)


def _divergence(lr: float | None, end: float) -> list[Item]:
    if lr is None:
        return []
    rule = Rule(lr, "red", f"diverged from {lr:.3g} on", dash="dash", width=1.5)
    return [Span(lr, max(end, lr * BEYOND), "muted", None, 0.14), rule]


def _limits(replicas: Sequence[Series], metric: str, *, is_under_message: bool) -> tuple[float, float] | None:
    """Limits that reach up to the loss of an untrained model; a divergence may exceed them."""
    if not replicas:
        return None
    lowest = min(float(np.nanmin(series.y)) for series in replicas)
    if metric == "val_accuracy":
        return 0.0, max(0.1, 1.25 * max(float(np.nanmax(series.y)) for series in replicas))
    start = float(np.median([series.y[np.isfinite(series.y)][0] for series in replicas]))
    # A flat curve should look flat: its noise must not fill the panel.
    room = HEADROOM * max(start - lowest, 0.5 * abs(start), 1e-12)
    return lowest - room / 3, start + (2.0 if is_under_message else 1.0) * room


def _lr_limits(subject: Subject, replicas: Sequence[Series]) -> tuple[float, float]:
    asked: Mapping[str, Any] = subject.spec.get("range_test") or {}
    lows = [float(series.x[0]) for series in replicas] or [asked.get("start_lr", 1e-6)]
    highs = [float(series.x[-1]) for series in replicas]
    if not subject.is_terminal or not highs:
        highs.append(asked.get("end_lr", 10.0))
    return min(lows), BEYOND * max(highs)


def _message(subject: Subject, bounds: Mapping[str, Any] | None, replicas: Sequence[Series]) -> str | None:
    if bounds is not None and bounds["bounds"] is None:
        reasons = [warning["message"] for warning in bounds["warnings"]]
        return "No bounds. " + (" ".join(reasons) if reasons else "The curve defends none.")
    if not replicas:
        return "No points, and there will be none." if subject.is_terminal else "No points yet."
    return None


def _notes(bounds: Mapping[str, Any] | None) -> tuple[str, ...]:
    if bounds is None or bounds["bounds"] is None:
        return ()
    return tuple(f"Warning: {warning['message']}" for warning in bounds["warnings"])
