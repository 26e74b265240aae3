"""Losses, accuracy, LR and momentum over the steps of a training, one above the other."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from client.pictures import BLUE, GREEN, INK, ORANGE, RED, Series, dress, only_series_of, write

SMOOTH_FROM_POINTS = 20
WINDOWS = 40
HEADROOM = 1.2


def draw_training(curves: Mapping[str, Any], path: Path, title: str) -> None:
    """Draw a training to ``path`` (PNG, and SVG beside it).

    Args:
        curves: ``curves`` document of a train job over ``x=step`` with ``train_loss``, ``val_loss``,
            ``val_accuracy``, ``lr`` and ``momentum``, as far as there are any.
        path: Where to.
        title: First line of the picture.
    """
    figure = Figure(figsize=(9.5, 7.0), layout="constrained")
    top, middle, bottom = figure.subplots(3, 1, sharex=True, height_ratios=[3.0, 1.3, 1.0])
    for axes in (top, middle, bottom):
        dress(axes)
        axes.margins(x=0.01)
    top.set_title(title, loc="left", color=INK, fontsize=12, fontweight="bold")
    _draw_losses(top, curves)
    _draw_accuracy(top, only_series_of(curves, "val_accuracy"))
    _draw_lr(middle, only_series_of(curves, "lr"))
    momentum = only_series_of(curves, "momentum")
    bottom.plot(momentum.x, momentum.y, color=RED, linewidth=1.6)
    bottom.set_ylabel("momentum", color=INK)
    bottom.set_xlabel("step", color=INK)
    figure.align_ylabels([top, middle, bottom])
    write(figure, path)


def smoothed(series: Series) -> Series:
    """The mean over a small window around each point, which unlike an exponential average does not lag."""
    known = np.isfinite(series.y)
    x, y = series.x[known], series.y[known]
    reach = max(2, len(y) // WINDOWS)
    kernel = np.ones(2 * reach + 1)
    weights = np.convolve(np.ones_like(y), kernel)[reach:-reach]
    return Series(x, np.convolve(y, kernel)[reach:-reach] / weights)


def _draw_losses(axes: Axes, curves: Mapping[str, Any]) -> None:
    train_loss, val_loss = only_series_of(curves, "train_loss"), only_series_of(curves, "val_loss")
    is_long = np.isfinite(train_loss.y).sum() >= SMOOTH_FROM_POINTS
    axes.plot(train_loss.x, train_loss.y, color=BLUE, alpha=0.3 if is_long else 1.0, linewidth=1.0)
    line = smoothed(train_loss) if is_long else train_loss
    axes.plot(line.x, line.y, color=BLUE, linewidth=2.0, label="training loss")
    axes.plot(val_loss.x, val_loss.y, color=ORANGE, marker="o", markersize=4, label="validation loss")
    axes.set_ylabel("loss", color=INK)
    axes.set_ylim(bottom=0.0)


def _draw_accuracy(axes: Axes, accuracy: Series) -> None:
    handles, labels = axes.get_legend_handles_labels()
    if not accuracy.is_empty:
        right = axes.twinx()
        for side in ("top", "left", "bottom"):
            right.spines[side].set_visible(False)
        right.spines["right"].set_color(GREEN)
        right.tick_params(colors=GREEN, labelsize=9)
        right.set_ylabel("validation accuracy", color=GREEN)
        right.set_ylim(0.0, 1.02)
        lines = right.plot(accuracy.x, accuracy.y, color=GREEN, marker="s", markersize=4, linewidth=1.6)
        handles, labels = [*handles, *lines], [*labels, f"validation accuracy (last {accuracy.y[-1]:.1%})"]
    axes.legend(handles, labels, loc="center right", fontsize=9, framealpha=0.9, edgecolor="none")


def _draw_lr(axes: Axes, lr: Series) -> None:
    axes.plot(lr.x, lr.y, color=INK, linewidth=1.6)
    axes.set_ylabel("learning rate", color=INK)
    if lr.is_empty:
        return
    axes.set_ylim(0.0, HEADROOM * float(np.nanmax(lr.y)))
    peak = int(np.nanargmax(lr.y))
    axes.plot([lr.x[peak]], [lr.y[peak]], marker="o", color=INK, markersize=4)
    axes.annotate(
        f"max_lr {lr.y[peak]:.3g}",
        xy=(lr.x[peak], lr.y[peak]),
        xytext=(8, 5),
        textcoords="offset points",
        va="center",
        color=INK,
        fontsize=9,
    )
