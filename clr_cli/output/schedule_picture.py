"""A schedule as a picture: the LR over steps, and below it the momentum if it cycles."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

INK, RED, FAINT, GRID = "#2b2f36", "#c0392b", "#9aa3ad", "#e6e9ed"
DPI = 140


def draw_schedule(document: Mapping[str, Any], path: Path, title: str) -> None:
    """Draw a ``schedule_preview`` document to ``path``, in the format of its suffix."""
    has_momentum = document["momentum"] is not None
    figure = Figure(figsize=(9.0, 5.0 if has_momentum else 3.5), layout="constrained")
    rows = figure.subplots(2 if has_momentum else 1, 1, sharex=True, squeeze=False)
    axes = [row[0] for row in rows]
    axes[0].set_title(title, loc="left", color=INK, fontsize=12, fontweight="bold")
    axes[0].plot(document["steps"], document["lr"], color=INK, linewidth=1.8)
    axes[0].set_ylabel("learning rate", color=INK)
    if has_momentum:
        axes[1].plot(document["steps"], document["momentum"], color=RED, linewidth=1.8)
        axes[1].set_ylabel("momentum", color=INK)
    axes[-1].set_xlabel("step", color=INK)
    for each in axes:
        _dress(each)
        each.margins(x=0.01)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=DPI, facecolor="white", bbox_inches="tight")


def _dress(axes: Axes) -> None:
    axes.grid(visible=True, which="major", color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(FAINT)
    axes.tick_params(colors=INK, labelsize=9)
