"""The data of our own tasks: shipped with scikit-learn, or made."""

from typing import Any

import numpy as np
import torch
from sklearn import datasets
from torch import Tensor

Data = tuple[Tensor, Tensor]


def tensors(x: Any, y: Any, *, regression: bool = False, standardise: bool = True) -> Data:
    """Shuffled by a fixed order, inputs standardised, as tensors."""
    order = np.random.default_rng(7).permutation(len(x))
    inputs = np.asarray(x, dtype=np.float32)[order]
    if standardise:
        inputs = (inputs - inputs.mean(axis=0)) / (inputs.std(axis=0) + 1e-6)
    targets = torch.tensor(np.asarray(y)[order], dtype=torch.float32 if regression else torch.int64)
    return torch.tensor(inputs), targets.reshape(-1, 1) if regression and targets.ndim == 1 else targets


def digits() -> Data:
    """Handwritten digits: 1797 images of 64 numbers, 10 classes."""
    return tensors(*datasets.load_digits(return_X_y=True))


def digits_to_digits() -> Data:
    """Digits as inputs and targets, from 0 to 1."""
    x, _ = datasets.load_digits(return_X_y=True)
    return tensors(x / 16.0, x / 16.0, regression=True, standardise=False)


def wine() -> Data:
    """178 wines, 13 numbers, 3 classes."""
    return tensors(*datasets.load_wine(return_X_y=True))


def diabetes() -> Data:
    """442 patients, 10 numbers; progress of the disease, standardised."""
    x, y = datasets.load_diabetes(return_X_y=True)
    return tensors(x, (y - y.mean()) / y.std(), regression=True)


def rare() -> Data:
    """2000 points, 8 % of them positive."""
    x, y = datasets.make_classification(2000, 20, n_informative=8, weights=[0.92], class_sep=1.2, random_state=3)
    return tensors(x, y)


def waves() -> Data:
    """Noisy waves in 4 numbers, with an offset of 5."""
    rng = np.random.default_rng(11)
    x = rng.uniform(-1, 1, (2000, 4))
    y = np.sin(3 * x[:, 0]) * x[:, 1] + np.cos(2 * x[:, 2]) + 0.3 * rng.standard_normal(2000)
    return tensors(x, 5.0 + 2.0 * y, regression=True)


def running_sums() -> Data:
    """1200 sequences of 12 numbers; a function of the first four and the last."""
    rng = np.random.default_rng(12)
    x = rng.standard_normal((1200, 12))
    return tensors(x, np.tanh(x[:, :4].sum(axis=1)) + x[:, -1], regression=True, standardise=False)


def brackets() -> Data:
    """2400 sequences of 8 tokens; how often the first one occurs, 4 classes."""
    rng = np.random.default_rng(13)
    x = rng.integers(0, 8, (2400, 8))
    return tensors(x, (x == x[:, :1]).sum(axis=1).clip(1, 4) - 1, standardise=False)


def covers() -> Data:
    """2400 points in 30 dimensions, 6 classes, 10 % of the labels wrong."""
    x, y = datasets.make_classification(
        2400, 30, n_informative=12, n_classes=6, n_clusters_per_class=2, flip_y=0.1, random_state=5
    )
    return tensors(x, y)


def rings() -> Data:
    """2000 points on two noisy rings."""
    return tensors(*datasets.make_circles(2000, noise=0.12, factor=0.6, random_state=21))


def friedman_3() -> Data:
    """Friedman 3: 2000 points, standardised."""
    x, y = datasets.make_friedman3(2000, noise=0.1, random_state=22)
    return tensors(x, (y - y.mean()) / y.std(), regression=True)


def hastie() -> Data:
    """3000 points of Hastie et al. 2009, equation 10.2."""
    x, y = datasets.make_hastie_10_2(3000, random_state=23)
    return tensors(x, (y > 0).astype(int))


def skewed() -> Data:
    """A linear function of 16 numbers of very different scale."""
    rng = np.random.default_rng(24)
    x = rng.standard_normal((1600, 16)) * np.geomspace(0.1, 3.0, 16)
    return tensors(x, x @ rng.standard_normal(16) + 0.5 * rng.standard_normal(1600), regression=True, standardise=False)


def iris() -> Data:
    """150 flowers, 4 numbers, 3 classes."""
    return tensors(*datasets.load_iris(return_X_y=True))


def shells() -> Data:
    """2100 points of a Gaussian in 10 dimensions, 3 classes by distance from the centre."""
    return tensors(*datasets.make_gaussian_quantiles(n_samples=2100, n_features=10, n_classes=3, random_state=31))


def swiss_roll() -> Data:
    """2000 points of a noisy roll; how far along it, standardised."""
    x, along = datasets.make_swiss_roll(2000, noise=0.5, random_state=32)
    return tensors(x, (along - along.mean()) / along.std(), regression=True)


def sparse_linear() -> Data:
    """1600 points, 10 numbers of which 4 count; the target not standardised."""
    return tensors(*datasets.make_sparse_uncorrelated(1600, 10, random_state=33), regression=True)


def blobs() -> Data:
    """2400 points in 12 clouds that overlap."""
    return tensors(*datasets.make_blobs(2400, 16, centers=12, cluster_std=6.0, random_state=34))


def s_curve() -> Data:
    """1800 points of a noisy S; how far along it."""
    return tensors(*datasets.make_s_curve(1800, noise=0.2, random_state=35), regression=True)


def parity() -> Data:
    """2400 points in 6 dimensions; whether three of them have an odd number of positive signs."""
    x = np.random.default_rng(36).standard_normal((2400, 6))
    return tensors(x, (x[:, :3] > 0).sum(axis=1) % 2)


def signals() -> Data:
    """1600 noisy signals of 32 numbers: sine, square or saw of any frequency and phase."""
    rng = np.random.default_rng(37)
    phase = np.linspace(0, 1, 32) * rng.uniform(1, 4, (1600, 1)) + rng.uniform(0, 1, (1600, 1))
    kind = rng.integers(0, 3, 1600)
    sine = np.sin(2 * np.pi * phase)
    shapes = np.stack([sine, np.sign(sine), 2 * (phase % 1) - 1])
    x = shapes[kind, np.arange(1600)] + 0.4 * rng.standard_normal((1600, 32))
    return tensors(x, kind, standardise=False)


def many_classes() -> Data:
    """3000 points in 24 dimensions, 8 classes."""
    return tensors(
        *datasets.make_classification(3000, 24, n_informative=14, n_classes=8, class_sep=1.5, random_state=38)
    )


def friedman_1_raw() -> Data:
    """Friedman 1: 1800 points in 10 dimensions, target as it comes (about 5 to 25)."""
    return tensors(*datasets.make_friedman1(1800, 10, noise=1.0, random_state=39), regression=True)
