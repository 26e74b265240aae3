"""What the pictures share: how curves are read from a document, how figures look and are written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BLUE, GREEN, ORANGE, RED, INK, FAINT = "#1f5fa8", "#2a9d5c", "#d97a1d", "#c0392b", "#2b2f36", "#9aa3ad"
DPI = 140


@dataclass(frozen=True)
class Series:
    """One curve. Values that were not finite are NaN."""

    x: Floats
    y: Floats

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to draw."""
        return not np.isfinite(self.y).any()


def series_of(curves: Mapping[str, Any], metric: str) -> list[Series]:
    """The curves of one metric in a ``curves`` document, one for each replica."""
    found = [series for series in curves["series"] if series["metric"] == metric]
    return [Series(_floats(series["x"]), _floats(series["y"])) for series in found]


def only_series_of(curves: Mapping[str, Any], metric: str) -> Series:
    """The one curve of a metric; an empty one if there is none."""
    found = series_of(curves, metric)
    return found[0] if found else Series(_floats([]), _floats([]))


def dress(axes: Axes) -> None:
    """Give axes the look of all our pictures."""
    axes.grid(visible=True, which="major", color="#e6e9ed", linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(FAINT)
    axes.tick_params(colors=INK, labelsize=9)


def write(figure: Figure, path: Path) -> None:
    """Write a figure as ``.png`` and ``.svg`` beside each other, whatever the suffix of ``path``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for suffix in (".png", ".svg"):
        figure.savefig(path.with_suffix(suffix), dpi=DPI, facecolor="white", bbox_inches="tight")


def _floats(values: Sequence[float | None]) -> Floats:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
