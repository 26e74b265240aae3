"""A dataset of one's own: points on the arms of a spiral, one class for each arm."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]


def spirals(options: dict[str, Any], folder: Path) -> Arrays:
    """Make ``x_train [N, 2] float32, y_train [N] int64, x_val, y_val``; a quarter of the samples validates.

    Args:
        options: ``arms`` (default 2), ``samples`` over all arms (default 2000), ``noise`` (default 0.05), ``seed``.
        folder: The data folder of the worker; a dataset with files would read them there.
    """
    del folder
    arms, samples = int(options.get("arms", 2)), int(options.get("samples", 2000))
    generator = np.random.default_rng(int(options.get("seed", 0)))
    arm = generator.integers(0, arms, samples)
    radius = generator.uniform(0.1, 1.0, samples)
    angle = 1.5 * np.pi * radius + 2 * np.pi * arm / arms
    points = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    points += float(options.get("noise", 0.05)) * generator.normal(size=points.shape)
    held_back = samples // 4
    x, y = points.astype(np.float32), arm.astype(np.int64)
    return x[held_back:], y[held_back:], x[:held_back], y[:held_back]
