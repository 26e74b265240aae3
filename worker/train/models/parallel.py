"""Wrappers around a model, chosen by the conditions: batch norm groups, memory format, compiler, data parallelism."""

import warnings

import torch
from torch import nn
from torch._inductor.cpp_builder import get_cpp_compiler
from torch._inductor.exc import InvalidCxxCompiler
from torch.nn.parallel import DistributedDataParallel
from torch.utils._triton import has_triton

from jobs.errors import TrainingError
from jobs.spec.conditions import Conditions
from jobs.spec.models import EntryPointModel
from jobs.status import Reason
from worker.train.models.batch_norm import synchronised, with_group_size
from worker.train.process_group import ProcessGroup


def arranged(model: nn.Module, conditions: Conditions, world: ProcessGroup) -> nn.Module:
    """Return the model on the device, with the batch norm and the memory format of the conditions."""
    if conditions.batch_norm_group_size is not None:
        model = with_group_size(model, conditions.batch_norm_group_size)
    elif conditions.sync_batch_norm:
        model = synchronised(model, world)
    model = model.to(world.device)
    if conditions.channels_last:
        model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in torch's overloads
    return model


def parallel(model: nn.Module, conditions: Conditions, world: ProcessGroup) -> nn.Module:
    """Return the model for a step: compiled if requested, and averaging gradients over ranks.

    With one rank there is nothing to average, so its model is not wrapped.

    Raises:
        TrainingError: There is no compiler on this host.
    """
    if conditions.compile:
        _require_compiler(world.device)
        compiled: nn.Module = torch.compile(model)  # type: ignore[assignment]  # a module stays a module
        model = compiled
    if world.size == 1:
        return model
    # torch 2.13 deprecates broadcast_buffers in favour of a name that older versions may lack.
    with warnings.catch_warnings(action="ignore", category=FutureWarning):
        return DistributedDataParallel(
            model,
            device_ids=[world.device] if world.device.type == "cuda" else None,
            gradient_as_bucket_view=True,
            broadcast_buffers=False,  # training does not read batch norm's buffers; an evaluation uses rank 0's
            static_graph=_is_static(conditions),
        )


def _is_static(conditions: Conditions) -> bool:
    """Return whether every step uses the same weights in the same order; ``no_sync`` and user code may not."""
    is_ours = not isinstance(conditions.model, EntryPointModel)
    return is_ours and conditions.accumulation_steps == 1 and not conditions.compile


def _require_compiler(device: torch.device) -> None:
    if device.type == "cuda":
        if not has_triton():
            raise _no_compiler("Triton, and a device that it supports")
        return
    try:
        get_cpp_compiler()
    except InvalidCxxCompiler as error:
        raise _no_compiler("a C++ compiler (g++ or clang++)") from error


def _no_compiler(needed: str) -> TrainingError:
    return TrainingError(
        Reason.NOT_INSTALLED, f"conditions.compile is true, and the worker has no compiler for torch.compile: {needed}"
    )
