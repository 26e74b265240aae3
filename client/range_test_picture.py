"""Loss over LR: every range test, their median, and the bounds that were read from them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from client.pictures import BLUE, FAINT, GREEN, INK, ORANGE, RED, Floats, Series, dress, series_of, write

MARKERS = "ovs^DPX"
HEADROOM = 0.35
BEYOND = 1.3


def draw_range_test(curves: Mapping[str, Any], bounds: Mapping[str, Any], path: Path, title: str) -> None:
    """Draw a range test to ``path`` (PNG, and SVG beside it).

    Args:
        curves: ``curves`` document of an lr_find job with ``train_loss`` over ``x=lr``.
        bounds: Its ``lr_bounds`` document.
        path: Where to.
        title: First line of the picture.
    """
    replicas = [series for series in series_of(curves, "train_loss") if not series.is_empty]
    figure = Figure(figsize=(10.5, 5.2), layout="constrained")
    axes = figure.add_subplot()
    dress(axes)
    axes.set_xscale("log")
    axes.set_xlabel("learning rate (log scale)", color=INK)
    axes.set_ylabel("training loss", color=INK)
    axes.set_title(title, loc="left", color=INK, fontsize=12, fontweight="bold")
    if replicas:
        _draw_losses(axes, replicas, _diverged_at(bounds))
    _draw_divergence(axes, bounds)
    _draw_bounds(axes, bounds)
    if replicas:
        _draw_alternatives(axes, bounds.get("alternatives") or [], median_of(replicas))
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False, fontsize=9)
    write(figure, path)


def median_of(replicas: Sequence[Series]) -> Series:
    """The median loss over LR, where at least half of the replicas have one.

    Replicas share their LRs; one that was thinned or stopped early is read between its points, never beyond.
    """
    lrs = np.unique(np.concatenate([series.x for series in replicas]))
    losses = np.vstack([_at(series, lrs) for series in replicas])
    enough = 2 * np.isfinite(losses).sum(axis=0) >= len(replicas)
    return Series(lrs[enough], np.nanmedian(losses[:, enough], axis=0))


def _at(series: Series, lrs: Floats) -> Floats:
    known = np.isfinite(series.y)
    log_x = np.log(series.x[known])
    return np.interp(np.log(lrs), log_x, series.y[known], left=np.nan, right=np.nan)


def _draw_losses(axes: Axes, replicas: Sequence[Series], diverged_at: float) -> None:
    for index, series in enumerate(replicas):
        label = f"{len(replicas)} range tests" if index == 0 and len(replicas) > 1 else None
        axes.plot(series.x, series.y, color=BLUE, alpha=0.3, linewidth=1.0, label=label)
    median = median_of(replicas)
    label = "their median" if len(replicas) > 1 else "range test"
    tells = median.x <= diverged_at  # beyond, the weights are wrecked, and a median of that says nothing
    axes.plot(median.x[tells], median.y[tells], color=BLUE, linewidth=2.2, label=label)
    # What matters lies below the loss of a model that knows nothing; a divergence may leave the picture.
    start = float(np.nanmedian([series.y[0] for series in replicas]))
    lowest = min(float(np.nanmin(series.y)) for series in replicas)
    room = HEADROOM * max(start - lowest, 0.1 * abs(start), 1e-12)
    axes.set_ylim(lowest - room / 3, start + room)
    axes.set_xlim(min(series.x[0] for series in replicas), BEYOND * max(series.x[-1] for series in replicas))


def _draw_bounds(axes: Axes, document: Mapping[str, Any]) -> None:
    bounds = document["bounds"]
    if bounds is None:
        return
    base_lr, max_lr = bounds["base_lr"], bounds["max_lr"]
    axes.axvspan(base_lr, max_lr, color=GREEN, alpha=0.12, linewidth=0, label="the LRs of a cycle")
    for name, lr in (("base_lr", base_lr), ("max_lr", max_lr)):
        axes.axvline(lr, color=GREEN, linewidth=1.8)
        axes.annotate(
            f"{name}\n{lr:.3g}",
            xy=(lr, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(-5, -6),
            textcoords="offset points",
            ha="right",
            va="top",
            color=GREEN,
            fontsize=9,
            fontweight="bold",
        )
    _draw_intervals(axes, document.get("confidence") or {}, bounds)


def _draw_intervals(axes: Axes, confidence: Mapping[str, Any], bounds: Mapping[str, float]) -> None:
    intervals = [(name, confidence[name]) for name in ("base_lr", "max_lr") if confidence.get(name)]
    height = axes.get_ylim()[0] + 0.05 * (axes.get_ylim()[1] - axes.get_ylim()[0])
    for index, (name, interval) in enumerate(intervals):
        reach = [[bounds[name] - interval["low"]], [interval["high"] - bounds[name]]]
        axes.errorbar(
            [bounds[name]],
            [height],
            xerr=np.maximum(reach, 0.0),
            color=GREEN,
            capsize=4,
            linewidth=2.0,
            label=f"{100 * confidence.get('level', 0.9):.0f} % intervals" if index == 0 else None,
        )


def _draw_alternatives(axes: Axes, alternatives: Sequence[Mapping[str, Any]], median: Series) -> None:
    for marker, rule in zip(MARKERS, alternatives, strict=False):
        loss = float(np.interp(np.log(rule["lr"]), np.log(median.x), median.y))
        name = str(rule["method"]).replace("_", " ")
        axes.plot(
            [rule["lr"]],
            [loss],
            linestyle="none",
            marker=marker,
            markersize=8,
            color=ORANGE,
            markeredgecolor="white",
            label=f"{name}: {rule['lr']:.3g}",
            zorder=5,
        )


def _draw_divergence(axes: Axes, document: Mapping[str, Any]) -> None:
    lr = _diverged_at(document)
    if np.isfinite(lr):
        axes.axvline(lr, color=RED, linewidth=1.4, linestyle=(0, (4, 3)), label=f"diverged at {lr:.3g}")
        axes.axvspan(lr, axes.get_xlim()[1], color=FAINT, alpha=0.12, linewidth=0)


def _diverged_at(document: Mapping[str, Any]) -> float:
    """The LR at which the sweeps blew up; infinity if they did not."""
    lr = (document.get("evidence") or {}).get("diverged_at")
    return float("inf") if lr is None else float(lr)
