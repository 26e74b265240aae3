"""Conditions: all that must be equal in a range test and in the training that uses its bounds."""

import hashlib
import json
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, Tag, field_validator
from pydantic_core.core_schema import ValidationInfo

from jobs.catalog import RESNETS, TORCHVISION_CLASSIFIERS, TRAIN_SAMPLES
from jobs.strict import Strict, Text, refuse


class NoOptions(Strict):
    """An empty object: this model or dataset takes no options."""


class MlpOptions(Strict):
    """Widths of the hidden layers."""

    hidden: list[Annotated[int, Field(ge=1, le=65_536)]] = Field(default=[128], max_length=20)


class MlpModel(Strict):
    """A multilayer perceptron over the flattened image, ReLU between layers."""

    name: Literal["mlp"]
    options: MlpOptions = MlpOptions()


class NamedModel(Strict):
    """A CIFAR ResNet (He et al. 2016, section 4.2) or a torchvision classifier, by name."""

    name: Annotated[str, Field(json_schema_extra={"enum": [*RESNETS, *TORCHVISION_CLASSIFIERS]})]
    options: NoOptions = NoOptions()

    @field_validator("name")
    @classmethod
    def _is_known(cls, name: str) -> str:
        if name not in RESNETS and name not in TORCHVISION_CLASSIFIERS:
            legal = ", ".join(("mlp", *RESNETS))
            raise refuse("unknown_model", f"must be {legal} or a torchvision classifier such as resnet18 or vgg11_bn")
        return name


class NamedDataset(Strict):
    """A dataset that the server knows by name."""

    name: Literal["digits", "cifar10", "fashion_mnist", "mnist"]
    options: NoOptions = NoOptions()


class NpzOptions(Strict):
    """Where the arrays are, and how much of them is held back for validation where they come unsplit."""

    path: Annotated[Text, Field(min_length=1, max_length=255)]
    val_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.2

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
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None


class UploadedDataset(Strict):
    """A dataset that was uploaded with ``POST /v1/datasets``."""

    name: Literal["uploaded"]
    options: UploadedOptions


class EntryPointOptions(Strict):
    """A dataset of the entry point group ``clr.datasets`` in the workers' environment, and what it is called with."""

    name: Annotated[Text, Field(min_length=1, max_length=100)]
    options: dict[str, Any] = {}  # noqa: RUF012 - pydantic copies defaults

    @field_validator("options")
    @classmethod
    def _is_finite(cls, options: dict[str, Any]) -> dict[str, Any]:
        try:
            json.dumps(options, allow_nan=False)
        except ValueError as error:
            raise refuse("finite_number", "must hold finite numbers only") from error
        return options


class EntryPointDataset(Strict):
    """A dataset of your own, installed in the workers' environment (docs/datasets.md)."""

    name: Literal["entry_point"]
    options: EntryPointOptions


class Sgd(Strict):
    """Stochastic gradient descent (`torch.optim.SGD`)."""

    name: Literal["sgd"]
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.0
    weight_decay: Annotated[float, Field(ge=0, le=1e3)] = 0.0
    nesterov: bool = False

    @field_validator("nesterov")
    @classmethod
    def _has_momentum(cls, nesterov: bool, info: ValidationInfo) -> bool:
        if nesterov and info.data.get("momentum") == 0:
            raise refuse("nesterov_without_momentum", "needs a momentum greater than 0")
        return nesterov

    @property
    def cycles_momentum(self) -> bool:
        """Whether there is a momentum for a schedule to cycle."""
        return self.momentum > 0


class Adam(Strict):
    """Adam, or AdamW with decoupled weight decay; the momentum that cycles is the first beta."""

    name: Literal["adam", "adamw"]
    betas: Annotated[list[Annotated[float, Field(ge=0, lt=1)]], Field(min_length=2, max_length=2)] = Field(
        default=[0.9, 0.999]
    )
    eps: Annotated[float, Field(gt=0, le=1)] = 1e-8
    weight_decay: Annotated[float, Field(ge=0, le=1e3)] = 0.0

    @property
    def cycles_momentum(self) -> bool:
        """Whether there is a momentum for a schedule to cycle."""
        return self.betas[0] > 0


def _name_in(document: Any, named: str) -> str:
    name = document.get("name") if isinstance(document, dict) else getattr(document, "name", None)
    return named if name == named else "named"


Model = Annotated[
    Annotated[MlpModel, Tag("mlp")] | Annotated[NamedModel, Tag("named")],
    Discriminator(lambda document: _name_in(document, "mlp")),
]
Dataset = Annotated[NamedDataset | NpzDataset | UploadedDataset | EntryPointDataset, Field(discriminator="name")]
Optimizer = Annotated[Sgd | Adam, Field(discriminator="name")]


class Conditions(Strict):
    """What a range test and a training share; its fingerprint stands on every suggestion.

    ``global_batch_size`` counts samples per step over all ranks.
    """

    model: Model
    dataset: Dataset
    optimizer: Optimizer
    world_size: Annotated[int, Field(ge=1, le=1024)]
    global_batch_size: Annotated[int, Field(ge=1, le=1_000_000)]
    precision: Literal["fp32", "bf16"] = "fp32"
    augmentation: Literal["none"] = "none"
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    sync_batch_norm: Literal[False] = False

    @field_validator("global_batch_size")
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

    @property
    def rank_batch_size(self) -> int:
        """Samples per step on each rank."""
        return self.global_batch_size // self.world_size

    def fingerprint(self) -> str:
        """``sha256:`` of the canonical JSON (sorted keys, no blanks, defaults written out)."""
        canonical = json.dumps(self.model_dump(), sort_keys=True, separators=(",", ":"))
        return f"sha256:{hashlib.sha256(canonical.encode()).hexdigest()}"

    def differences(self, other: Self) -> list[str]:
        """JSON pointers of the fields in which the two differ."""
        return [f"/conditions/{path}" for path in _differing(self.model_dump(), other.model_dump())]


def _differing(ours: dict[str, Any], theirs: dict[str, Any]) -> list[str]:
    paths = []
    for key in sorted(ours.keys() | theirs.keys()):
        one, other = ours.get(key), theirs.get(key)
        if isinstance(one, dict) and isinstance(other, dict):
            paths += [f"{key}/{path}" for path in _differing(one, other)]
        elif one != other:
            paths.append(key)
    return paths
