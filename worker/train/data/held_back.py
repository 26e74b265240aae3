"""Chooses the rows of a validation split as scikit-learn's train_test_split does with random_state=0.

scikit-learn itself is not used: it loads scipy.stats and pandas, which takes a third of a forkserver's start.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]


def hold_back_rows(samples: int, fraction: float, classes: NDArray[Any] | None) -> tuple[Rows, Rows]:
    """Return the rows of the training and of the validation split, in a fixed random order.

    Args:
        samples: Number of rows.
        fraction: Share of the validation split, rounded up to whole rows.
        classes: Class of each row, ``[samples]``; each class then keeps its share in both splits.

    Raises:
        ValueError: There are too few samples to split.
    """
    held = math.ceil(fraction * samples)
    kept = samples - held
    if kept <= 0:
        raise ValueError(f"of {samples} samples none is left to train on")
    generator = np.random.RandomState(0)
    if classes is None:
        rows = generator.permutation(samples)
        return rows[held:], rows[:held]
    return _stratified(classes, kept, held, generator)


def _stratified(classes: NDArray[Any], kept: int, held: int, generator: np.random.RandomState) -> tuple[Rows, Rows]:
    _, labels, counts = np.unique(classes, return_inverse=True, return_counts=True)
    if counts.min() < 2:  # noqa: PLR2004 - one for each split
        raise ValueError("a class has one sample only, and each split needs one of every class")
    if min(kept, held) < len(counts):
        raise ValueError(f"{kept} and {held} samples are too few for {len(counts)} classes")
    rows_of_class = np.split(np.argsort(labels, kind="stable"), np.cumsum(counts)[:-1])
    kept_of_class = _shares(counts, kept, generator)
    held_of_class = _shares(counts - kept_of_class, held, generator)
    train, val = [], []
    for rows, first, second in zip(rows_of_class, kept_of_class, held_of_class, strict=True):
        shuffled = rows[generator.permutation(len(rows))]
        train.append(shuffled[:first])
        val.append(shuffled[first : first + second])
    return generator.permutation(np.concatenate(train)), generator.permutation(np.concatenate(val))


def _shares(counts: Rows, total: int, generator: np.random.RandomState) -> Rows:
    """Divide ``total`` into whole numbers in proportion to ``counts``.

    What rounding down leaves over goes to the largest fractions, in random order among equal ones.
    """
    exact = counts / counts.sum() * total
    shares = np.floor(exact)
    fractions = exact - shares
    left = int(total - shares.sum())
    for fraction in np.unique(fractions)[::-1]:
        if left <= 0:
            break
        (equal,) = np.where(fractions == fraction)
        chosen = generator.choice(equal, size=min(len(equal), left), replace=False)
        shares[chosen] += 1
        left -= len(chosen)
    whole: Rows = shares.astype(np.int64)
    return whole
