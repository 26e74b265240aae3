"""Specs of models: one document for each, from which `worker.train.models.registry` builds the model."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, field_validator
from pydantic_core.core_schema import ValidationInfo

from jobs.spec.base import Strict, field_rule, refuse
from jobs.spec.catalog import OWN_MODELS, RESNETS, SMALL_IMAGE_FAMILIES, TORCHVISION_CLASSIFIERS, EntryPointOptions

_HELP = {
    "mlp": "multilayer perceptron over the flattened input; options: the widths of its hidden layers",
    "cnn": "small convolutional network",
    "resnet9": "ResNet of nine layers, for images of 32 pixels or so",
    "entry_point": "a model of your own, installed in the workers' environment (docs/training.md)",
}


def catalog() -> list[dict[str, Any]]:
    """Documents of ``name``, ``help``, ``source`` (``builtin``, ``torchvision`` or ``own``) and ``schema``."""
    entries = [_entry("mlp", "builtin", MlpModel)]
    entries += [_entry(name, "builtin", NamedModel) for name in OWN_MODELS]
    entries += [_entry(name, "torchvision", TorchvisionModel) for name in TORCHVISION_CLASSIFIERS]
    return [*entries, _entry("entry_point", "own", EntryPointModel)]


def _entry(name: str, source: str, document: type[Strict]) -> dict[str, Any]:
    schema = document.model_json_schema()
    schema["properties"]["name"] = {"const": name, "type": "string"}
    if source == "torchvision" and not name.startswith(SMALL_IMAGE_FAMILIES):
        schema["$defs"]["TorchvisionOptions"]["properties"]["small_images"] = {"const": False, "type": "boolean"}
    return {"name": name, "help": _help_of(name, source), "source": source, "schema": schema}


def _help_of(name: str, source: str) -> str:
    if name in RESNETS:
        return f"ResNet of {name.removeprefix('resnet')} layers for small images (He et al. 2016, section 4.2)"
    if source == "torchvision":
        small = name.startswith(SMALL_IMAGE_FAMILIES)
        return "classifier of torchvision" + ("; option small_images adapts its stem" if small else "")
    return _HELP[name]


class NoOptions(Strict):
    """An empty object: this model or dataset takes no options."""


class MlpOptions(Strict):
    """Widths of the hidden layers."""

    hidden: list[Annotated[int, Field(ge=1, le=65_536)]] = Field(default=[128], max_length=20)
    """Widths of the hidden layers, such as 256, 128."""


class MlpModel(Strict):
    """A multilayer perceptron over the flattened image, ReLU between layers."""

    name: Literal["mlp"]
    options: MlpOptions = MlpOptions()


class NamedModel(Strict):
    """A small CNN, a ResNet-9 or a CIFAR ResNet (He et al. 2016, section 4.2), by name."""

    name: Annotated[str, Field(json_schema_extra={"enum": list(OWN_MODELS)})]
    options: NoOptions = NoOptions()

    @field_validator("name")
    @classmethod
    def _is_known(cls, name: str) -> str:
        if name not in OWN_MODELS:
            legal = ", ".join(("mlp", *OWN_MODELS))
            raise refuse(
                "unknown_model",
                f"must be {legal}, a torchvision classifier such as resnet18 or vgg11_bn, or entry_point",
            )
        return name


class TorchvisionOptions(Strict):
    """``small_images`` takes the early downsampling out of the stem, for images of 32 pixels or so."""

    small_images: bool = False


class TorchvisionModel(Strict):
    """A classifier of torchvision, by name."""

    name: Annotated[str, Field(json_schema_extra={"enum": list(TORCHVISION_CLASSIFIERS)})]
    options: TorchvisionOptions = TorchvisionOptions()

    @field_rule("options")
    @classmethod
    def _has_a_stem(cls, options: TorchvisionOptions, info: ValidationInfo) -> TorchvisionOptions:
        name = info.data.get("name", "")
        if options.small_images and not name.startswith(SMALL_IMAGE_FAMILIES):
            families = ", ".join(SMALL_IMAGE_FAMILIES)
            raise refuse("no_small_stem", f"small_images goes with models whose names begin with {families}")
        return options


class EntryPointModel(Strict):
    """A model of your own, installed in the workers' environment (docs/training.md)."""

    name: Literal["entry_point"]
    options: EntryPointOptions


def _form(document: Any) -> str:
    name = document.get("name") if isinstance(document, dict) else getattr(document, "name", None)
    if name in ("mlp", "entry_point"):
        return str(name)
    return "torchvision" if name in TORCHVISION_CLASSIFIERS else "named"


AnyModel = MlpModel | NamedModel | TorchvisionModel | EntryPointModel
Model = Annotated[
    Annotated[MlpModel, Tag("mlp")]
    | Annotated[NamedModel, Tag("named")]
    | Annotated[TorchvisionModel, Tag("torchvision")]
    | Annotated[EntryPointModel, Tag("entry_point")],
    Discriminator(_form),
]
