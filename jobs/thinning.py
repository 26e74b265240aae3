"""Fewer points of a series without losing what an eye looks for."""

from itertools import pairwise
from typing import Any

import numpy as np


def extremes(values: np.ndarray[Any, np.dtype[np.float64]], max_points: int) -> list[int]:
    """Indices of at most ``max_points`` values: first, last, and the extremes of equal stretches between them.

    Args:
        values: All values, ``[N]``, finite.
        max_points: How many are wanted, at least 4.

    Returns:
        Rising indices; all of them where N is not larger.
    """
    count = len(values)
    if count <= max_points:
        return list(range(count))
    edges = np.linspace(1, count - 1, (max_points - 2) // 2 + 1).astype(int)
    kept = {0, count - 1}
    for start, end in pairwise(edges):
        stretch = values[start:end]
        kept |= {int(start + stretch.argmin()), int(start + stretch.argmax())}
    return sorted(kept)
