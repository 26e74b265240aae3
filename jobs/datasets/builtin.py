"""The built-in datasets, by name."""

from dataclasses import dataclass

from jobs.datasets.facts import Facts


@dataclass(frozen=True, slots=True)
class Builtin:
    """A built-in dataset: a line of help and its facts."""

    name: str
    help: str
    facts: Facts


def _images(train: int, val: int, shape: list[int], dtype: str = "uint8") -> Facts:
    return Facts.model_validate(
        {
            "task": "classification", "samples": train + val, "train_samples": train, "shape": shape, "dtype": dtype,
            "classes": 10,
        }
    )  # fmt: skip


BUILTINS = (
    Builtin("digits", "grey images of handwritten digits, in scikit-learn", _images(1437, 360, [1, 8, 8], "float32")),
    Builtin("cifar10", "colour images of ten kinds of things, from torchvision", _images(50_000, 10_000, [3, 32, 32])),
    Builtin("mnist", "grey images of handwritten digits, from torchvision", _images(60_000, 10_000, [1, 28, 28])),
    Builtin("fashion_mnist", "grey images of clothes, from torchvision", _images(60_000, 10_000, [1, 28, 28])),
)
