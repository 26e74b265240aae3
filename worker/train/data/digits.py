"""Reads the digits of scikit-learn from its package, without importing it."""

from importlib.metadata import distribution

import numpy as np
from numpy.typing import NDArray

FILE = "sklearn/datasets/data/digits.csv.gz"


def load_digits() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Read 1,797 images of 8 x 8 pixels from 0 to 16, ``[1797, 64]``, and their classes, as sklearn.datasets does."""
    rows = np.loadtxt(str(distribution("scikit-learn").locate_file(FILE)), delimiter=",")
    return rows[:, :-1], rows[:, -1].astype(np.int64)
