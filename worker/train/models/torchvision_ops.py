"""Makes ``import torchvision`` work beside a CPU build of torch.

The published torchvision wheel is compiled against a CUDA build; beside a CPU build its operators do not load and the
import fails at "operator torchvision::nms does not exist". Only where they do not load are the two schemas that the
import asks for defined, without an implementation: models, transforms and datasets need none. Defining them before real
operators load would abort the process, so the real ones are tried first.
"""

import importlib.util
from pathlib import Path
from typing import Any

import torch

_SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
_kept: list[torch.library.Library] = []  # a library that is collected takes its schemas along


def import_torchvision() -> Any:
    """The ``torchvision`` package, with its operators or without."""
    if not _kept and not _operators_load():
        library = torch.library.Library("torchvision", "FRAGMENT")
        for schema in _SCHEMAS:
            library.define(schema)
        _kept.append(library)
    return importlib.import_module("torchvision")


def _operators_load() -> bool:
    spec = importlib.util.find_spec("torchvision")
    if spec is None or spec.origin is None:
        return False
    for path in Path(spec.origin).parent.glob("_C*.so"):
        try:
            torch.ops.load_library(str(path))
        except OSError:
            return False
        return True
    return False
