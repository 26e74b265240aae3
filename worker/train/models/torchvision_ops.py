"""Makes ``import torchvision`` work beside a CPU build of torch.

The published torchvision wheel is compiled against a CUDA build; beside a CPU build its operators do not load and the
import fails at "operator torchvision::nms does not exist". Only if they do not load, this module defines the two
schemas that the import needs, without an implementation: models, transforms and datasets need none. If they were
defined before the real operators load, the process would abort, so the real ones are tried first.
"""

import importlib.util
from pathlib import Path
from typing import Any

import torch

_SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
_kept: list[torch.library.Library] = []  # if a library is garbage-collected, its schemas are removed


def import_torchvision() -> Any:
    """Return the ``torchvision`` package, with or without its operators."""
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
