"""Confidence interval of the suggestion: from the replicas, the noise in each sweep, and the error of the rule."""

import math
from collections.abc import Sequence
from statistics import NormalDist, median, variance
from typing import Final

import numpy as np

from clr_core.bounds.curve import Curve
from clr_core.bounds.curve_features import Reading, read
from clr_core.bounds.midpoint_rule import half_way
from clr_core.bounds.training import Training

RESAMPLES: Final = 24  # relative error of a standard deviation from so many: 1 / sqrt(48), 14 %
PRIOR_REPLICAS: Final = 4  # the noise within sweeps weighs like the variance of this many further replicas
SEED: Final = 0
# Decades. Over the grid of constants with which leaving tasks out is tried, the suggestion on a sweep of lrbench
# has a standard deviation of 0.12; the grid being generous, a tenth.
RULE_ERROR: Final = 0.1
MEDIAN_FROM: Final = 3  # replicas; of fewer the median is the mean


def noise_spread(curve: Curve, reading: Reading, training: Training, *, blew_up: bool) -> float:
    """Standard deviation of log10 max_lr if the noise of this sweep had fallen out otherwise.

    Wild bootstrap (Wu 1986): each residual from the smoothed curve keeps its size, so that noise that grows
    with the rate does so in every resample, and gets a random sign.

    Args:
        curve: Finite curve, n points.
        reading: Its marks.
        training: What is known of the training.
        blew_up: As for ``read``.

    Returns:
        Decades, >= 0; no less than the distance of neighbouring rates over √12.
    """
    rng = np.random.default_rng(SEED)
    ceiling = reading.start + 2.0 * max(reading.drop, reading.noise)
    residuals = np.minimum(reading.loss, ceiling) - reading.smooth
    logs = []
    for _ in range(RESAMPLES):
        losses = reading.smooth + residuals * rng.choice((-1.0, 1.0), size=len(residuals))
        found = half_way(read(Curve.of(curve.lrs, losses.tolist()), blew_up=blew_up), training)
        if found is not None:
            logs.append(found.log10_lr)
    grid = float(np.median(np.diff(reading.x))) / math.sqrt(12.0)
    return max(grid, math.sqrt(variance(logs))) if len(logs) > 1 else grid


def half_width(logs: Sequence[float], spreads: Sequence[float], level: float) -> float:
    """Half the width of the interval that should hold a good rate, in decades.

    s² = ((r - 1) · s_b² + nu · s_w²) / (r - 1 + nu): the variance s_b² between r replicas, steadied by the
    variance s_w² within the median sweep, which counts like nu = 4 replicas.  The median of r suggestions
    then has the variance k · s² / r with k = π / 2 (k = 1 for r < 3, where it is the mean), to which comes
    ``RULE_ERROR``, which more replicas do not reduce: half width z · √(k · s² / r + RULE_ERROR²) with the
    normal quantile z of (1 + level) / 2.

    A further single sweep may say something outside; its share is measured in ``benchmarks/bounds.py`` too.

    Args:
        logs: log10 max_lr of each replica, r >= 1.
        spreads: ``noise_spread`` of each replica, r values.
        level: 0 < level < 1.

    Returns:
        Decades, > 0.
    """
    r = len(logs)
    within = median(spreads) ** 2
    between = variance(sorted(logs)) if r > 1 else 0.0
    pooled = ((r - 1) * between + PRIOR_REPLICAS * within) / (r - 1 + PRIOR_REPLICAS)
    of_the_median = (math.pi / 2.0 if r >= MEDIAN_FROM else 1.0) * pooled / r
    return NormalDist().inv_cdf((1.0 + level) / 2.0) * math.sqrt(of_the_median + RULE_ERROR**2)


def centre(logs: Sequence[float]) -> float:
    """Median of log10 max_lr; steadier than the rule on the median curve, safe from one bad replica."""
    return median(logs)
