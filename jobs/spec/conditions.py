"""Conditions: everything that must be equal in a range test and in the training that uses its bounds."""

import hashlib
import json
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator
from pydantic_core.core_schema import ValidationInfo

from jobs.spec.base import Strict, Text, field_rule, model_rule, refuse
from jobs.spec.catalog import TRAIN_SAMPLES, EntryPointOptions
from jobs.spec.models import Model, NoOptions
from jobs.spec.optimizers import Optimizer

# Fields added after 0.1 are in the canonical JSON only if they differ from their defaults, so that fingerprints of
# older conditions do not change.
_LATER: dict[str, Any] = {
    "channels_last": False, "compile": False, "accumulation_steps": 1, "batch_norm_group_size": None,
    "nodes": 1,
}  # fmt: skip
_LATER_OPTIONS = {"optimizer": "fused", "model": "small_images"}


class NamedDataset(Strict):
    """A dataset that the server knows by name."""

    name: Literal["digits", "cifar10", "fashion_mnist", "mnist"]
    options: NoOptions = NoOptions()


class NpzOptions(Strict):
    """Where the arrays are, and how much of them is held back for validation where they come unsplit."""

    path: Annotated[Text, Field(min_length=1, max_length=255)]
    """The file, from the server's data folder."""
    val_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.2
    """Fraction held back for validation, if the arrays are not split."""

    @field_validator("path")
    @classmethod
    def _stays_inside(cls, path: str) -> str:
        parts = PurePosixPath(path).parts
        if path.startswith("/") or "\\" in path or ".." in parts or not path.endswith(".npz"):
            raise refuse(
                "path_outside",
                "must be a relative path that ends in .npz and stays in the server's data folder",
            )
        return path


class NpzDataset(Strict):
    """Arrays ``x_train, y_train, x_val, y_val`` (or ``x, y``) in an ``.npz`` file on the server."""

    name: Literal["npz"]
    options: NpzOptions


class UploadedOptions(Strict):
    """Which uploaded dataset, and how it is split and sized.

    ``image_size`` is the height and width that images are resized to. ``sha256`` is the content's; the server writes
    it in, so that the fingerprint covers the content.
    """

    id: Annotated[str, Field(pattern=r"^ds_[0-9a-f]{32}$")]
    val_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.2
    image_size: Annotated[int, Field(ge=4, le=1024)] | None = None
    """Height and width in pixels that images are resized to."""
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None


class UploadedDataset(Strict):
    """A dataset that was uploaded with ``POST /v1/datasets``."""

    name: Literal["uploaded"]
    options: UploadedOptions


class EntryPointDataset(Strict):
    """A dataset of your own, installed in the workers' environment (docs/datasets.md)."""

    name: Literal["entry_point"]
    options: EntryPointOptions


Dataset = Annotated[NamedDataset | NpzDataset | UploadedDataset | EntryPointDataset, Field(discriminator="name")]


class Conditions(Strict):
    """What a range test and a training share; its fingerprint stands on every suggestion.

    ``global_batch_size`` counts samples per step over all ranks. Each rank takes its part in ``accumulation_steps``
    pieces. Batch norm takes its statistics over a piece, over groups of ``batch_norm_group_size`` samples in it, or
    over the pieces of all ranks (``sync_batch_norm``). The ranks run on ``nodes`` workers, as many on each. What each
    option changes: docs/training.md.
    """

    model: Model
    """mlp, cnn, resnet9, a CIFAR ResNet such as resnet8, or a torchvision classifier such as resnet18."""
    dataset: Dataset
    optimizer: Optimizer
    """The optimizer."""
    world_size: Annotated[int, Field(ge=1, le=1024)]
    """Ranks that share the work; each takes a slot."""
    global_batch_size: Annotated[int, Field(ge=1, le=1_000_000)]
    """Samples per step over all ranks; a multiple of world_size."""
    precision: Literal["fp32", "bf16"] = "fp32"
    """Number format of forward and backward pass."""
    augmentation: Literal["none", "flip", "crop_flip", "crop_flip_cutout"] = "none"
    """How training images are changed at random."""
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    sync_batch_norm: bool = False
    """Batch norm takes its statistics over the pieces of all ranks."""
    channels_last: bool = False
    """Memory format of images; faster on GPUs."""
    compile: bool = False
    """Compile the model with torch.compile."""
    accumulation_steps: Annotated[int, Field(ge=1, le=10_000)] = 1
    """Pieces in which each rank takes its part of a batch."""
    batch_norm_group_size: Annotated[int, Field(ge=2, le=1_000_000)] | None = None
    """Samples over which batch norm takes its statistics; left out, a whole piece."""
    nodes: Annotated[int, Field(ge=1, le=1024)] = 1
    """Workers that the ranks are spread over, as many on each."""

    @field_rule("global_batch_size")
    @classmethod
    def _fits(cls, size: int, info: ValidationInfo) -> int:
        world_size = info.data.get("world_size", 1)
        if size % world_size:
            raise refuse("not_divisible", f"must be a multiple of world_size = {world_size}")
        dataset: Dataset | None = info.data.get("dataset")
        samples = None if dataset is None else TRAIN_SAMPLES.get(dataset.name)
        if dataset is not None and samples is not None and size > samples:
            raise refuse(
                "batch_larger_than_dataset",
                f"must be at most {samples}, the training images of {dataset.name}",
            )
        return size

    @field_rule("nodes")
    @classmethod
    def _has_as_many_ranks_on_each(cls, nodes: int, info: ValidationInfo) -> int:
        world_size = info.data.get("world_size", nodes)
        if world_size % nodes:
            raise refuse("not_divisible", f"must divide world_size = {world_size}")
        return nodes

    @model_rule
    def _parts_are_equal(self) -> Self:
        steps, size = self.accumulation_steps, self.rank_batch_size
        if size % steps:
            raise refuse("not_divisible", f"accumulation_steps must divide the rank's batch of {size}, got {steps}")
        group = self.batch_norm_group_size
        if group is not None and self.sync_batch_norm:
            raise refuse("two_batch_norms", "sync_batch_norm and batch_norm_group_size exclude each other")
        if group is not None and size // steps % group:
            raise refuse("not_divisible", f"batch_norm_group_size must divide {size // steps}, got {group}")
        return self

    @property
    def rank_batch_size(self) -> int:
        """Samples per step on each rank."""
        return self.global_batch_size // self.world_size

    def fingerprint(self) -> str:
        """``sha256:`` of the canonical JSON: sorted keys, no spaces, defaults written out except for later fields."""
        document = self.model_dump()
        document = {key: value for key, value in document.items() if key not in _LATER or value != _LATER[key]}
        _without_default(document["optimizer"], _LATER_OPTIONS["optimizer"])
        _without_default(document["model"]["options"], _LATER_OPTIONS["model"])
        canonical = json.dumps(document, sort_keys=True, separators=(",", ":"))
        return f"sha256:{hashlib.sha256(canonical.encode()).hexdigest()}"

    def differences(self, other: Self) -> list[str]:
        """Return the JSON pointers of the fields that differ."""
        return [f"/conditions/{path}" for path in _differing(self.model_dump(), other.model_dump())]


def _without_default(options: dict[str, Any], name: str) -> None:
    if options.get(name) is False:
        del options[name]


def _differing(ours: dict[str, Any], theirs: dict[str, Any]) -> list[str]:
    paths = []
    for key in sorted(ours.keys() | theirs.keys()):
        one, other = ours.get(key), theirs.get(key)
        if isinstance(one, dict) and isinstance(other, dict):
            paths += [f"{key}/{path}" for path in _differing(one, other)]
        elif one != other:
            paths.append(key)
    return paths
