"""Reads curves from a ``curves`` document, and merges or smooths them for plots."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from api.plots.figure import Gapped, Values
from clr_core.bounds.smoothing import half_window, zero_lag

Floats = NDArray[np.float64]

SMOOTH_FROM_POINTS = 20
LARGEST = 1e30  # larger values are drawn as gaps: axes overflow long before floats do


@dataclass(frozen=True, slots=True)
class Series:
    """One curve, ``[N]`` each. Values that were not finite are NaN."""

    x: Floats
    y: Floats

    @property
    def is_empty(self) -> bool:
        """Whether there is no finite value."""
        return not np.isfinite(self.y).any()

    @property
    def points(self) -> tuple[Values, Gapped]:
        """The points as Python numbers, with None for NaN."""
        return values(self.x), tuple(value if np.isfinite(value) else None for value in self.y.tolist())


def values(array: Floats) -> Values:
    """An array as Python numbers."""
    return tuple(float(value) for value in array.tolist())


def series_of(curves: Mapping[str, Any], metric: str) -> list[Series]:
    """The curves of one metric, one for each replica that has a finite value."""
    found = [series for series in curves["series"] if series["metric"] == metric]
    read = [Series(floats(series["x"]), _shown(floats(series["y"]))) for series in found]
    return [series for series in read if not series.is_empty]


def only_series_of(curves: Mapping[str, Any], metric: str) -> Series:
    """The one curve of a metric; an empty one if there is none."""
    found = series_of(curves, metric)
    return found[0] if found else Series(floats([]), floats([]))


def _shown(y: Floats) -> Floats:
    return np.where(np.abs(y) < LARGEST, y, np.nan)


def floats(numbers: Sequence[float | None]) -> Floats:
    """Numbers as an array, NaN for None."""
    return np.array([np.nan if number is None else number for number in numbers], dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Merged:
    """Median, minimum and maximum of several replicas over the same x."""

    x: Floats
    median: Floats
    low: Floats
    high: Floats


def merged(replicas: Sequence[Series]) -> Merged:
    """Median and range over LR, where at least half of the replicas have a value.

    Replicas share their LRs; one that was thinned or stopped early is interpolated, never extrapolated.

    Args:
        replicas: At least one, none empty, x > 0.
    """
    lrs = np.unique(np.concatenate([series.x for series in replicas]))
    stacked = np.vstack([_at(series, lrs) for series in replicas])
    enough = 2 * np.isfinite(stacked).sum(axis=0) >= max(len(replicas), 1)
    kept = stacked[:, enough]
    return Merged(lrs[enough], np.nanmedian(kept, axis=0), np.nanmin(kept, axis=0), np.nanmax(kept, axis=0))


def _at(series: Series, lrs: Floats) -> Floats:
    known = np.isfinite(series.y)
    log_x = np.log(series.x[known])
    return np.interp(np.log(lrs), log_x, series.y[known], left=np.nan, right=np.nan)


def smoothed(series: Series) -> Series:
    """The finite points of a curve, smoothed as range tests are when bounds are read from them.

    Short series keep their values.
    """
    known = np.isfinite(series.y)
    x, y = series.x[known], series.y[known]
    return Series(x, y if len(y) < SMOOTH_FROM_POINTS else zero_lag(y, half_window(len(y))))
