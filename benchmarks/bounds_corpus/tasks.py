"""Random tasks: everything follows from the number of the task."""

import math
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from benchmarks.bounds_corpus.nets import Architecture, NetPlan, Norm, StackedNet
from benchmarks.bounds_corpus.optimizers import Family, StackedOptimizer
from benchmarks.bounds_corpus.sources import SOURCES, Data, Form, make

# The strata: tasks take turns, so any run of a few dozen numbers holds every family and architecture.
TURNS: tuple[Family, ...] = (
    *("sgdm", "adam", "sgd", "rmsprop", "adamw", "nesterov", "adagrad", "sgdm", "nadam", "adam", "adamax", "sgd"),
)
ARCHITECTURES: tuple[Architecture, ...] = ("mlp", "linear", "mlp", "residual", "cnn", "mlp", "attention", "recurrent")
FORMS: dict[Architecture, Form] = {"cnn": "image", "attention": "sequence", "recurrent": "sequence"}
LENGTHS = ((60, 250), (250, 1000), (1000, 5000))  # one length of each task is drawn from each
COST = 6e8  # most weights x points of a training, which keeps long trainings to small networks and batches
PLACES: dict[Architecture, int] = {
    "cnn": 40,
    "attention": 24,
    "recurrent": 24,
}  # how often a weight is used for a point
DEPTHS: tuple[int, ...] = (1, 1, 2, 2, 3)
DECAYS = (0.0, 0.0, 5e-4, 5e-3)


@dataclass(frozen=True)
class CorpusTask:
    """One random task.

    Attributes:
        number: From which everything follows.
        source: Name of the data.
        lengths: Steps of its trainings, rising.
    """

    number: int
    source: str
    data: Data
    plan: NetPlan
    family: Family
    options: dict[str, Any]
    batch_size: int
    smoothing: float
    end_lr: float
    lengths: tuple[int, ...]

    @property
    def name(self) -> str:
        """Of the task without its length."""
        return f"c{self.number}_{self.source}_{self.plan.architecture}_{self.family}"

    @property
    def about(self) -> str:
        """Data, network and optimizer in words."""
        plan = self.plan
        return (
            f"{self.source}; {plan.architecture} w{plan.width} L{plan.depth} {plan.activation} norm-{plan.norm} "
            f"init-{plan.init}{'-zerohead' if plan.zero_head else ''}; {self.family} {self.options}; "
            f"clip {self.options['clip']} smooth {self.smoothing}"
        )

    def net(self) -> StackedNet:
        """A new network."""
        return StackedNet(self.plan, tuple(self.data.x.shape[1:]), self.data.outputs)

    def optimizer(self) -> StackedOptimizer:
        """A new optimizer."""
        return StackedOptimizer(self.family, **self.options)


def task_of(number: int) -> CorpusTask:
    """The task of a number, >= 0."""
    rng = np.random.default_rng(number)
    family = TURNS[number % len(TURNS)]
    architecture = ARCHITECTURES[(number + number // len(TURNS)) % len(ARCHITECTURES)]
    sources = SOURCES[FORMS.get(architecture, "vector")]
    source = sources[(number // len(ARCHITECTURES)) % len(sources)]
    data = make(source, rng, raw_targets=bool(rng.random() < 0.15))
    plan = _plan(architecture, rng)
    options = {
        "momentum": float(rng.choice([0.8, 0.9, 0.9, 0.9, 0.95])),
        "beta2": float(rng.choice([0.95, 0.99, 0.999, 0.999])),
        "weight_decay": float(rng.choice(DECAYS)) if family != "adamw" else float(rng.choice([0.01, 0.05, 0.1])),
        "clip": 1.0 if rng.random() < 0.1 else None,
    }
    batch_size = int(rng.choice([8, 16, 16, 32, 32, 64, 128] if architecture != "cnn" else [8, 16, 32]))
    weights = StackedNet(plan, tuple(data.x.shape[1:]), data.outputs).count
    most = COST / (weights * batch_size * PLACES.get(architecture, 1))
    return CorpusTask(
        number,
        source.__name__,
        data,
        plan,
        family,
        options,
        batch_size,
        0.1 if rng.random() < 0.1 else 0.0,
        float(rng.choice([10.0, 10.0, 100.0])),
        tuple(_length(low, high, most, rng) for low, high in LENGTHS if low <= max(most, LENGTHS[0][0])),
    )


def _length(low: int, high: int, most: float, rng: np.random.Generator) -> int:
    """Log-uniform from low to high, no more than most where that is above low."""
    return round(math.exp(rng.uniform(math.log(low), math.log(max(low + 1.0, min(high, most))))))


def _plan(architecture: Architecture, rng: np.random.Generator) -> NetPlan:
    small = architecture in {"attention", "recurrent"}
    norms: list[Norm] = ["none", "none", "bn", "ln"]
    norm = norms[int(rng.integers(len(norms)))]
    if architecture in {"linear", "recurrent"}:
        norm = "none"
    if architecture == "attention":
        norm = "ln"
    return NetPlan(
        architecture,
        norm,
        str(rng.choice(["relu", "relu", "tanh", "gelu", "silu", "sigmoid"])),
        int(rng.choice([8, 16] if small else [16, 16, 32, 32, 64])),
        int(rng.choice(DEPTHS)) if architecture != "linear" else 0,
        str(rng.choice(["default", "default", "xavier", "he", "half", "double"])),
        bool(rng.random() < 0.15),
    )


def jobs(first: int, count: int) -> list[tuple[int, int]]:
    """(number, stratum of the length) of all trainings, the short lengths of all tasks first."""
    return [(number, stratum) for stratum, number in product(range(len(LENGTHS)), range(first, first + count))]
