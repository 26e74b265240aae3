"""Batch norm over groups of fixed size, or over all ranks."""

from typing import Any

import torch
from torch import Tensor, nn
from torch import distributed as dist
from torch.nn import functional

from worker.train.process_group import ProcessGroup

_BatchNorm = nn.modules.batchnorm._BatchNorm  # noqa: SLF001 - the base of 1d, 2d and 3d


def with_group_size(model: nn.Module, group_size: int) -> nn.Module:
    """Return the model with batch norms over groups of ``group_size`` samples in training.

    Hoffer et al. 2017, "Train longer, generalize better" (arXiv:1705.08741), section 4.2, ghost batch normalization.
    """
    return _replaced(model, lambda norm: GroupedBatchNorm(norm, group_size))


def synchronised(model: nn.Module, world: ProcessGroup) -> nn.Module:
    """Return the model with batch norms over the batches of all ranks in training."""
    if world.device.type == "cuda":
        converted: nn.Module = nn.SyncBatchNorm.convert_sync_batchnorm(model)
        return converted
    return _replaced(model, lambda norm: GlobalBatchNorm(norm, world.size))


def _replaced(model: nn.Module, replace: Any) -> nn.Module:
    if isinstance(model, _BatchNorm):
        replaced: nn.Module = replace(model)
        return replaced
    for name, child in model.named_children():
        setattr(model, name, _replaced(child, replace))
    return model


class _FromPlain(_BatchNorm):
    """A batch norm with the weights and buffers of a plain one, so that their names in a checkpoint are the same."""

    def __init__(self, norm: _BatchNorm) -> None:
        super().__init__(norm.num_features, norm.eps, norm.momentum, norm.affine, norm.track_running_stats)
        self.load_state_dict(norm.state_dict())

    def _check_input_dim(self, input: Tensor) -> None:  # noqa: A002 - torch's name
        if input.dim() < 2:  # noqa: PLR2004 - [N, C, ...]
            raise ValueError(f"batch norm needs inputs of [N, C, ...], got {input.dim()} dimensions")


class GroupedBatchNorm(_FromPlain):
    """Batch norm with the statistics of a group of samples; running statistics average over the groups.

    With G groups in the batch, samples with equal ``i % G`` form a group: folding groups into channels is then a view,
    and batches are in random order anyway.
    """

    def __init__(self, norm: _BatchNorm, group_size: int) -> None:
        super().__init__(norm)
        self.group_size = group_size

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - torch's name
        """Return normalised ``[N, C, ...]``; in training N must be a multiple of the group size."""
        if not self.training or len(input) == self.group_size:
            return super().forward(input)
        groups, channels = len(input) // self.group_size, input.shape[1]
        if len(input) % self.group_size:
            raise ValueError(f"a batch of {len(input)} is no multiple of the group size {self.group_size}")
        folded = input.reshape(self.group_size, groups * channels, *input.shape[2:])
        mean, variance = (_repeated(value, groups) for value in (self.running_mean, self.running_var))
        weight, bias = (_repeated(value, groups) for value in (self.weight, self.bias))
        out = functional.batch_norm(folded, mean, variance, weight, bias, True, self.momentum or 0.0, self.eps)
        for running, found in ((self.running_mean, mean), (self.running_var, variance)):
            if running is not None and found is not None:
                running.copy_(found.view(groups, channels).mean(0))
        return out.reshape(input.shape)


def _repeated(values: Tensor | None, times: int) -> Tensor | None:
    return None if values is None else values.repeat(times)


class _TotalOverRanks(torch.autograd.Function):
    """Sum over ranks, in both directions; torch's SyncBatchNorm refuses tensors on a CPU."""

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:  # noqa: ARG004
        total = values.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:  # noqa: ARG004
        total = gradients[0].contiguous().clone()
        dist.all_reduce(total)
        return total


class GlobalBatchNorm(_FromPlain):
    """Batch norm over the equally large batches of all ranks, on any device and backend."""

    def __init__(self, norm: _BatchNorm, world_size: int) -> None:
        super().__init__(norm)
        self.world_size = world_size

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - torch's name
        """Return normalised ``[N, C, ...]``. Squares are taken around the mean, which avoids cancellation."""
        if not self.training or self.world_size == 1:
            return super().forward(input)
        axes = [axis for axis in range(input.dim()) if axis != 1]
        shape = [-1 if axis == 1 else 1 for axis in range(input.dim())]
        count = input.numel() // input.shape[1] * self.world_size
        mean = self._total(input.sum(axes)) / count
        centred = input - mean.view(shape)
        variance = self._total(centred.square().sum(axes)) / count
        self._keep(mean, variance * (count / max(count - 1, 1)))
        out = centred * (variance + self.eps).rsqrt().view(shape)
        return out * self.weight.view(shape) + self.bias.view(shape) if self.affine else out

    @staticmethod
    def _total(values: Tensor) -> Tensor:
        total: Tensor = _TotalOverRanks.apply(values)  # type: ignore[no-untyped-call]
        return total

    @torch.no_grad()
    def _keep(self, mean: Tensor, unbiased: Tensor) -> None:
        if self.running_mean is None or self.running_var is None or self.num_batches_tracked is None:
            return
        self.num_batches_tracked.add_(1)
        factor = self.momentum if self.momentum is not None else 1 / float(self.num_batches_tracked)
        self.running_mean.lerp_(mean, factor)
        self.running_var.lerp_(unbiased, factor)
