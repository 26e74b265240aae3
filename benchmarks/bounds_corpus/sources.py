"""Seeded data of the random tasks: made, or shipped with scikit-learn."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from sklearn import datasets
from torch import Tensor

Form = Literal["vector", "image", "sequence"]
POINTS = 1600
HELD_BACK = 0.25


@dataclass(frozen=True)
class Data:
    """Inputs and targets of one task; the last quarter of the points is held back.

    Attributes:
        x: Inputs, shape (n, inputs), (n, 1, height, width) or (n, time, channels).
        y: Classes, shape (n,), or values, shape (n, outputs).
        kind: ``cls`` or ``reg``.
    """

    x: Tensor
    y: Tensor
    kind: Literal["cls", "reg"]

    @property
    def training_points(self) -> int:
        """Points that are not held back."""
        return len(self.x) - int(HELD_BACK * len(self.x))

    @property
    def outputs(self) -> int:
        """Classes, or numbers to predict."""
        return int(self.y.max()) + 1 if self.kind == "cls" else self.y.shape[1]


Arrays = Any  # inputs and targets, as scikit-learn gives them
Source = Callable[[np.random.Generator], Arrays]


def _seed(rng: np.random.Generator) -> int:
    return int(rng.integers(2**31))


def blobs(rng: np.random.Generator) -> Arrays:
    dimensions, spread = int(rng.integers(2, 24)), rng.uniform(1.0, 7.0)
    return datasets.make_blobs(
        POINTS, dimensions, centers=int(rng.integers(3, 13)), cluster_std=spread, random_state=_seed(rng)
    )[:2]


def moons(rng: np.random.Generator) -> Arrays:
    return datasets.make_moons(POINTS, noise=rng.uniform(0.05, 0.35), random_state=_seed(rng))


def circles(rng: np.random.Generator) -> Arrays:
    return datasets.make_circles(
        POINTS, noise=rng.uniform(0.05, 0.2), factor=rng.uniform(0.4, 0.8), random_state=_seed(rng)
    )


def shells(rng: np.random.Generator) -> Arrays:
    return datasets.make_gaussian_quantiles(
        n_samples=POINTS, n_features=int(rng.integers(2, 12)), n_classes=3, random_state=_seed(rng)
    )


def clusters(rng: np.random.Generator) -> Arrays:
    return datasets.make_classification(
        POINTS,
        24,
        n_informative=int(rng.integers(6, 16)),
        n_classes=int(rng.integers(2, 8)),
        class_sep=rng.uniform(0.7, 1.8),
        flip_y=rng.uniform(0.0, 0.1),
        random_state=_seed(rng),
    )


def hastie(rng: np.random.Generator) -> Arrays:
    x, y = datasets.make_hastie_10_2(POINTS, random_state=_seed(rng))
    return x, (y > 0).astype(int)


def parity(rng: np.random.Generator) -> Arrays:
    x = rng.standard_normal((POINTS, int(rng.integers(4, 10))))
    return x, (x[:, : int(rng.integers(2, 4))] > 0).sum(axis=1) % 2


def spirals(rng: np.random.Generator) -> Arrays:
    arms = int(rng.integers(2, 5))
    y = rng.integers(0, arms, POINTS)
    radius = np.sqrt(rng.uniform(0.0, 1.0, POINTS))
    angle = 2 * np.pi * (rng.uniform(0.8, 1.6) * radius + y / arms) + 0.15 * rng.standard_normal(POINTS)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1), y


def digits(rng: np.random.Generator) -> Arrays:
    del rng
    return datasets.load_digits(return_X_y=True)


def breast(rng: np.random.Generator) -> Arrays:
    del rng
    return datasets.load_breast_cancer(return_X_y=True)


def _hidden(rng: np.random.Generator, x: Any, outputs: int) -> Any:
    width = int(rng.integers(4, 24))
    first = rng.standard_normal((x.shape[1], width)) * rng.uniform(0.5, 2.5) / np.sqrt(x.shape[1])
    return np.tanh(x @ first + rng.standard_normal(width)) @ rng.standard_normal((width, outputs)) / np.sqrt(width)


def teacher_classes(rng: np.random.Generator) -> Arrays:
    x = rng.standard_normal((POINTS, int(rng.integers(4, 20))))
    out = _hidden(rng, x, int(rng.integers(2, 6)))
    out = (out - out.mean(axis=0)) / out.std(axis=0)
    return x, (out + rng.uniform(0.0, 0.5) * rng.standard_normal(out.shape)).argmax(axis=1)


def teacher(rng: np.random.Generator) -> Arrays:
    x = rng.standard_normal((POINTS, int(rng.integers(4, 20))))
    out = _hidden(rng, x, int(rng.integers(1, 4)))
    return x, out + rng.uniform(0.0, 0.3) * rng.standard_normal(out.shape)


def friedman(rng: np.random.Generator) -> Arrays:
    make = (datasets.make_friedman1, datasets.make_friedman2, datasets.make_friedman3)[int(rng.integers(3))]
    x, y = make(POINTS, random_state=_seed(rng))
    return x, y + rng.uniform(0.0, 0.3) * y.std() * rng.standard_normal(POINTS)


def linear(rng: np.random.Generator) -> Arrays:
    inputs = int(rng.integers(4, 24))
    x = rng.standard_normal((POINTS, inputs)) * np.geomspace(rng.uniform(0.1, 1.0), 1.0, inputs)
    y = x @ rng.standard_normal(inputs)
    return x, y + rng.uniform(0.1, 0.7) * y.std() * rng.standard_normal(POINTS)


def waves(rng: np.random.Generator) -> Arrays:
    x = rng.uniform(-1, 1, (POINTS, 4))
    y = np.sin(rng.uniform(1, 5) * x[:, 0]) * x[:, 1] + np.cos(rng.uniform(1, 4) * x[:, 2])
    return x, y + rng.uniform(0.0, 0.4) * rng.standard_normal(POINTS)


def rolls(rng: np.random.Generator) -> Arrays:
    make = (datasets.make_swiss_roll, datasets.make_s_curve)[int(rng.integers(2))]
    x, along = make(POINTS, noise=rng.uniform(0.05, 0.5), random_state=_seed(rng))
    return x, along


def digit_images(rng: np.random.Generator) -> Arrays:
    x, y = digits(rng)
    return x.reshape(-1, 1, 8, 8), y


def bars(rng: np.random.Generator) -> Arrays:
    """Noisy images of 8 x 8 with a wave in one of several directions."""
    classes = int(rng.integers(3, 7))
    y = rng.integers(0, classes, POINTS)
    row, column = np.meshgrid(np.arange(8), np.arange(8), indexing="ij")
    angle = (np.pi * y / classes)[:, None, None]
    phase = rng.uniform(0, 2 * np.pi, (POINTS, 1, 1))
    image = np.sin(rng.uniform(0.8, 1.6) * (np.cos(angle) * row + np.sin(angle) * column) + phase)
    return (image + rng.uniform(0.3, 1.5) * rng.standard_normal(image.shape))[:, None], y


def patches(rng: np.random.Generator) -> Arrays:
    """Noisy images of 8 x 8 with one of several small patterns at a random place."""
    classes = int(rng.integers(3, 9))
    shapes = rng.standard_normal((classes, 3, 3))
    y = rng.integers(0, classes, POINTS)
    image = rng.uniform(0.3, 0.8) * rng.standard_normal((POINTS, 1, 8, 8))
    for k, (top, left) in enumerate(rng.integers(0, 6, (POINTS, 2))):
        image[k, 0, top : top + 3, left : left + 3] += shapes[y[k]]
    return image, y


def signals(rng: np.random.Generator) -> Arrays:
    """Sine, square or saw of any frequency and phase, 10 numbers."""
    phase = np.linspace(0, 1, 10) * rng.uniform(1, 3, (POINTS, 1)) + rng.uniform(0, 1, (POINTS, 1))
    y = rng.integers(0, 3, POINTS)
    sine = np.sin(2 * np.pi * phase)
    x = np.stack([sine, np.sign(sine), 2 * (phase % 1) - 1])[y, np.arange(POINTS)]
    return (x + rng.uniform(0.05, 0.4) * rng.standard_normal(x.shape))[..., None], y


def sums(rng: np.random.Generator) -> Arrays:
    """A function of the first numbers and the last of a sequence of 8."""
    x = rng.standard_normal((POINTS, 8, 1))
    return x, np.tanh(x[:, : int(rng.integers(2, 5)), 0].sum(axis=1)) + rng.uniform(0.2, 1.0) * x[:, -1, 0]


def counts(rng: np.random.Generator) -> Arrays:
    """How often the first of 8 one-hot tokens occurs."""
    tokens = int(rng.integers(4, 8))
    x = rng.integers(0, tokens, (POINTS, 8))
    return np.eye(tokens)[x], (x == x[:, :1]).sum(axis=1).clip(1, 4) - 1


SOURCES: dict[Form, tuple[Source, ...]] = {
    "vector": (
        blobs,
        teacher,
        moons,
        friedman,
        digits,
        linear,
        parity,
        waves,
        clusters,
        teacher_classes,
        spirals,
        rolls,
        shells,
        breast,
        circles,
        hastie,
    ),
    "image": (digit_images, bars, patches),
    "sequence": (signals, sums, counts),
}


def make(source: Source, rng: np.random.Generator, *, raw_targets: bool) -> Data:
    """Data of a source: shuffled, inputs standardised, real targets too unless raw ones are wanted."""
    x, y = source(rng)
    order = rng.permutation(len(x))
    inputs = np.asarray(x, dtype=np.float32)[order]
    axes = (0,) if inputs.ndim == 2 else tuple(range(inputs.ndim))
    inputs = (inputs - inputs.mean(axis=axes)) / (inputs.std(axis=axes) + 1e-6)
    targets = np.asarray(y)[order]
    if np.issubdtype(targets.dtype, np.integer):
        return Data(torch.tensor(inputs), torch.tensor(targets, dtype=torch.int64), "cls")
    targets = targets.reshape(len(targets), -1)
    if not raw_targets:
        targets = (targets - targets.mean(axis=0)) / targets.std(axis=0)
    return Data(torch.tensor(inputs), torch.tensor(targets, dtype=torch.float32), "reg")
