"""Writes one LR to the groups of several optimizers, in the ratios that they were built with."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor
from torch.optim import Optimizer

from clr_core.errors import InvalidArgumentError


class GroupLRs:
    """The LRs of all groups of some optimizers.

    Attributes:
        highest: The highest LR of all groups at construction.
    """

    def __init__(self, optimizers: Sequence[Optimizer]) -> None:
        self._groups: list[dict[str, Any]] = [group for each in optimizers for group in each.param_groups]
        rates = [float(group["lr"]) for group in self._groups]
        self.highest = max(rates)
        self._ratios = [rate / self.highest if self.highest > 0 else 1.0 for rate in rates]
        self._written: list[tuple[object, int]] = []

    def write(self, lr: float) -> None:
        """Give the group of the highest LR ``lr``, and the others theirs. LRs held as tensors are filled."""
        for group, ratio in zip(self._groups, self._ratios, strict=True):
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(lr * ratio)
            else:
                group["lr"] = lr * ratio
        self._written = [_identity(group["lr"]) for group in self._groups]

    def refuse_others(self) -> None:
        """Raise if an LR is no longer what was written.

        Raises:
            InvalidArgumentError: It is not.
        """
        for group, (held, version) in zip(self._groups, self._written, strict=True):
            lr, now = _identity(group["lr"])
            if now != version or (lr is not held and lr != held):
                legal = "a function that leaves the LR alone: step no scheduler in it"
                raise InvalidArgumentError("step", f"an LR of {float(group['lr'])!r}", legal)


def _identity(lr: object) -> tuple[object, int]:
    """The LR and its version, which goes up when a tensor is written to."""
    return (lr, lr._version) if isinstance(lr, Tensor) else (lr, -1)  # noqa: SLF001 - it has no other name
