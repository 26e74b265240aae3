"""Exports a trained model as safetensors, with a JSON card that describes it."""

import json
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import nn

from worker.rundir.plan import TrainingPlan

MODEL, CARD = "model.safetensors", "model.json"
_PACKAGES = ("clr-service", "torch", "torchvision", "numpy", "safetensors", "scikit-learn")


def write_model(model: nn.Module, folder: Path) -> str:
    """Write the weights and buffers of a model; tensors that share memory are written once.

    Returns:
        Name of the file in ``folder``.
    """
    aside = folder / f"{MODEL}.part"
    safetensors.torch.save_model(model, str(aside), metadata={"format": "pt"})
    _settle(aside, folder / MODEL)
    return MODEL


def write_card(plan: TrainingPlan, result: dict[str, Any], device: torch.device, folder: Path) -> str:
    """Write the card of a model: what was asked, under which conditions, what came out, with which versions.

    Returns:
        Name of the file in ``folder``.
    """
    card = {
        "object": "model_card",
        "job_id": plan.job_id,
        "spec": plan.spec.model_dump(mode="json"),
        "conditions": plan.conditions.model_dump(mode="json"),
        "fingerprint": plan.conditions.fingerprint(),
        "resolved": plan.resolved.document(),
        "result": result,
        "format": {"file": MODEL, "load": "safetensors.torch.load_file", "keys": "names of torch's state_dict"},
        "versions": versions(device),
    }
    aside = folder / f"{CARD}.part"
    aside.write_text(json.dumps(card, indent=2))
    _settle(aside, folder / CARD)
    return CARD


def versions(device: torch.device) -> dict[str, str]:
    """What trained: packages, Python, and the device's name."""
    found = {"python": platform.python_version(), "machine": platform.machine(), "device": device.type}
    if device.type == "cuda":
        found |= {"device": torch.cuda.get_device_name(device), "cuda": str(torch.version.cuda)}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:  # a source tree without installation, a worker without torchvision
            continue
    return found


def _settle(aside: Path, path: Path) -> None:
    with aside.open("rb") as file:
        os.fsync(file.fileno())
    aside.rename(path)
