"""The models that this server can train, each with a line of help and the JSON Schema of its document."""

from typing import Any

from jobs.catalog import OWN_MODELS, RESNETS, SMALL_IMAGE_FAMILIES, TORCHVISION_CLASSIFIERS
from jobs.model_specs import EntryPointModel, MlpModel, NamedModel, TorchvisionModel
from jobs.strict import Strict

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
