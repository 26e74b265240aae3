"""1cycle against eight times as many updates of the standard policy, and against plain schedules at its own budget.

Through the whole service, which this script starts in a temporary folder: CIFAR-10 images are uploaded, a ``compare``
job with the preset ``super_convergence`` runs a range test and trains every arm with every seed, and the table, the
figure and the last line (JSON) are what the API answers. What was expected, and what came out: docs/results.md.

    python benchmarks/super_convergence.py DATA.npz [--recipe resnet20] [--steps 400] [--out FOLDER]
    python benchmarks/super_convergence.py DATA.npz --recipe resnet56      # on GPUs: 10,000 against 80,000 updates

DATA.npz holds train_x, train_y, test_x, test_y (or x_train, …): uint8 images [N, 32, 32, 3] and their classes.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clr_cli.output.comparison_table import comparison_table
from clr_client.client import Client
from local_stack.stack import Stack

CLASSES = 10
METRIC = "val_accuracy"
TIMEOUT_S = 6 * 3600.0


@dataclass(frozen=True)
class Recipe:
    """What is trained on, and how. ``max_lr`` None: from a range test. ``pixels`` 16 is the mean of 2 x 2 pixels."""

    model: str
    train_images: int
    val_images: int
    pixels: int
    batch: int
    steps: int
    ratio: int
    seeds: int
    standard_lr: float
    weight_decay: float
    max_lr: float | None = None
    augmentation: str = "flip"
    precision: str = "fp32"


RECIPES = {
    "resnet8": Recipe("resnet8", 5_000, 2_000, 16, 128, 400, 8, 3, 0.1, 5e-4),
    "resnet20": Recipe("resnet20", 5_000, 2_000, 16, 128, 240, 8, 2, 0.1, 5e-4),
    # Smith & Topin 2017 (arXiv:1708.07120): batch 1,000, the standard policy at 0.35, 1cycle up to 3.
    "resnet56": Recipe("resnet56", 50_000, 10_000, 32, 1000, 10_000, 8, 1, 0.35, 1e-4, 3.0, "crop_flip", "bf16"),
}


def images_of(path: Path, recipe: Recipe) -> dict[str, NDArray[Any]]:
    """The first images of each class, as many as the recipe has, in its size; ``x_train, y_train, x_val, y_val``."""
    found = {}
    with np.load(path) as file:
        for part, words, wanted in (
            ("train", ("train",), recipe.train_images),
            ("val", ("test", "val"), recipe.val_images),
        ):
            x, y = (
                _array(file, [name for word in words for name in (f"{word}_{axis}", f"{axis}_{word}")]) for axis in "xy"
            )
            rows = np.sort(np.concatenate([np.flatnonzero(y == each)[: wanted // CLASSES] for each in range(CLASSES)]))
            if len(rows) < wanted:
                raise SystemExit(f"{path} has too few {part} images of some class: {wanted} are needed in all")
            found[f"x_{part}"], found[f"y_{part}"] = _shrunk(x[rows], recipe.pixels), y[rows].astype(np.int64)
    return found


def _array(file: Any, names: list[str]) -> NDArray[Any]:
    found: NDArray[Any] | None = next((file[name] for name in names if name in file.files), None)
    if found is None:
        raise SystemExit(f"the file has no array {' or '.join(names)}: it holds {', '.join(file.files)}")
    return found


def _shrunk(images: NDArray[Any], pixels: int) -> NDArray[Any]:
    """Means over squares of pixels."""
    count, height, width, channels = images.shape
    side = height // pixels
    if side == 1:
        return images
    squares = images.reshape(count, pixels, side, width // side, side, channels)
    shrunk: NDArray[Any] = np.rint(squares.mean(axis=(2, 4))).astype(np.uint8)
    return shrunk


def spec_of(recipe: Recipe, dataset_id: str) -> dict[str, Any]:
    """The ``compare`` job."""
    preset: dict[str, Any] = {
        "name": "super_convergence", "steps": recipe.steps, "ratio": recipe.ratio, "standard_lr": recipe.standard_lr,
    }  # fmt: skip
    if recipe.max_lr is not None:
        preset["max_lr"] = recipe.max_lr
    return {
        "kind": "compare", "name": f"super-convergence, {recipe.model}", "preset": preset,
        "seeds": list(range(recipe.seeds)),
        "conditions": {
            "model": {"name": recipe.model}, "dataset": {"name": "uploaded", "options": {"id": dataset_id}},
            "optimizer": {"name": "sgd", "momentum": 0.9, "weight_decay": recipe.weight_decay},
            "world_size": 1, "global_batch_size": recipe.batch, "augmentation": recipe.augmentation,
            "precision": recipe.precision,
        },
    }  # fmt: skip


def summary(document: Mapping[str, Any], recipe: Recipe, seconds: float) -> dict[str, Any]:
    """The last line: the ratio of updates of 1cycle (median; null where half of the seeds fall short), and all arms."""
    arms = {arm["name"]: arm for arm in document["arms"]}
    return {
        "update_ratio": arms["1cycle"]["update_ratio"]["median"],
        "update_ratios": {name: arm["update_ratio"] for name, arm in arms.items()},
        "final_accuracy": {name: arm["final"].get(METRIC) for name, arm in arms.items()},
        "final_accuracies": {name: [run["final"].get(METRIC) for run in arm["runs"]] for name, arm in arms.items()},
        "equal_budget": {each["arm"]: each["difference"] for each in document["equal_budget"]["differences"]},
        "max_lr": arms["1cycle"]["max_lr"], "steps": {name: arm["steps"] for name, arm in arms.items()},
        "seconds_to_target": {name: arm["seconds_to_target"]["median"] for name, arm in arms.items()},
        "model": recipe.model, "images": [recipe.train_images, recipe.val_images], "pixels": recipe.pixels,
        "batch": recipe.batch, "seeds": recipe.seeds, "wall_s": round(seconds, 1), "cores": os.cpu_count(),
    }  # fmt: skip


def run(data: Path, recipe: Recipe, out: Path, slots: int | None) -> dict[str, Any]:
    """Start the service, upload the images, compare, and write table and figure to ``out``."""
    begun = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="clr-") as folder,
        Stack(f"{folder}/data", port=0, slots=slots, start_timeout_s=300) as stack,
        Client(stack.url, timeout_s=300) as client,
    ):
        file = Path(folder) / "cifar10.npz"
        np.savez(file, allow_pickle=False, **images_of(data, recipe))
        dataset = client.upload_dataset(file, name="CIFAR-10 images")
        job = client.submit(spec_of(recipe, dataset["id"]))
        print(f"{job['id']}: {len(job['children'])} jobs", flush=True)
        job = client.wait(job["id"], timeout_s=TIMEOUT_S)
        document = client.comparison(job["id"])
        seconds = time.monotonic() - begun
        out.mkdir(parents=True, exist_ok=True)
        for suffix in ("svg", "png"):
            (out / f"super_convergence_{recipe.model}.{suffix}").write_bytes(client.plot(job["id"], suffix, height=800))
        (out / f"super_convergence_{recipe.model}.json").write_text(json.dumps(document, indent=1))
    print(comparison_table(document))
    print(f"Figure: {out}/super_convergence_{recipe.model}.svg; {seconds:.0f} s in all")
    if job["status"] != "succeeded":
        raise SystemExit(f"{job['id']} {job['status']}: {job['error']}")
    return summary(document, recipe, seconds)


def recipe_of(asked: argparse.Namespace) -> Recipe:
    """A recipe with what was typed put in."""
    changes = {
        name: getattr(asked, name) for name in ("steps", "ratio", "seeds", "train_images", "val_images", "max_lr")
    }
    recipe = RECIPES[asked.recipe]
    return Recipe(**(vars(recipe) | {name: value for name, value in changes.items() if value is not None}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", type=Path, help="CIFAR-10 images as .npz")
    parser.add_argument("--recipe", choices=RECIPES, default="resnet8")
    parser.add_argument("--slots", type=int, default=None, help="slots of the worker (default: as clr up)")
    parser.add_argument("--out", type=Path, default=Path("superconvergence-out"))
    for name in ("steps", "ratio", "seeds", "train-images", "val-images"):
        parser.add_argument(f"--{name}", type=int, default=None)
    parser.add_argument("--max-lr", type=float, default=None, help="peak of 1cycle, in place of a range test")
    asked = parser.parse_args()
    found = json.dumps(run(asked.data, recipe_of(asked), asked.out, asked.slots))
    print(json.dumps(json.loads(found, parse_float=lambda digits: round(float(digits), 6))))


if __name__ == "__main__":
    main()
