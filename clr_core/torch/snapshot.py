"""Puts modules, optimizers, scalers and random states back to what they were, to the bit."""

import copy
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.amp.grad_scaler import GradScaler
from torch.optim import Optimizer

from clr_core.errors import InvalidArgumentError

Restore = Callable[[], Any]


class Snapshot:
    """The state of objects and of all random generators, as it is at construction.

    Tensors and dictionaries stay the objects that they are: their content is put back.

    Args:
        optimizers: Their parameters, the gradients of these, groups and states.
        objects: ``nn.Module`` (parameters, buffers, gradients, modes), ``GradScaler``, ``torch.Generator``, and
            whatever has ``state_dict`` and ``load_state_dict``.

    Raises:
        InvalidArgumentError: An object is none of these.
    """

    def __init__(self, optimizers: Sequence[Optimizer], objects: Sequence[object]) -> None:
        self._copies: dict[int, tuple[Tensor, Tensor]] = {}
        self._restores = [restore for each in objects for restore in self._of(each)]
        for optimizer in optimizers:  # last, since a scheduler among the objects may write to an optimizer
            self._restores.extend(self._of_optimizer(optimizer))
        self.random = RandomState()

    def restore(self) -> None:
        """Put everything back. May be called any number of times."""
        with torch.no_grad(), ExitStack() as remaining:
            remaining.callback(self.random.restore)
            for restore in reversed(self._restores):
                remaining.callback(restore)

    def is_unchanged(self, tensors: Sequence[Tensor]) -> bool:
        """Return whether all of the tensors hold what they held, as far as the snapshot has them."""
        held = [self._copies[id(tensor)] for tensor in tensors if id(tensor) in self._copies]
        return all(torch.equal(tensor.detach(), kept) for tensor, kept in held)

    def _of(self, each: Any) -> Iterator[Restore]:
        if isinstance(each, nn.Module):
            for module in each.modules():
                yield from self._of_module(module)
        elif isinstance(each, Optimizer):
            yield from self._of_optimizer(each)
        elif isinstance(each, GradScaler):
            yield self._held(vars(each))  # its state_dict leaves out what an interrupted step has begun
        elif isinstance(each, torch.Generator):
            state = each.get_state()
            yield lambda: each.set_state(state)
        elif hasattr(each, "state_dict") and hasattr(each, "load_state_dict"):
            kept = copy.deepcopy(each.state_dict())
            yield lambda: each.load_state_dict(copy.deepcopy(kept))
        else:
            legal = "modules, optimizers, scalers, generators or objects with state_dict and load_state_dict"
            raise InvalidArgumentError("restore", each, legal)

    def _of_module(self, module: nn.Module) -> Iterator[Restore]:
        mode = module.training
        yield lambda: setattr(module, "training", mode)
        yield self._held(module._parameters)  # noqa: SLF001 - the names of the public interface flatten
        yield self._held(module._buffers)  # noqa: SLF001
        for parameter in module.parameters(recurse=False):
            yield self._of_gradient(parameter)
        if type(module).get_extra_state is not nn.Module.get_extra_state:
            extra = copy.deepcopy(module.get_extra_state())
            yield lambda: module.set_extra_state(copy.deepcopy(extra))

    def _of_optimizer(self, optimizer: Optimizer) -> Iterator[Restore]:
        yield self._held(optimizer.state)
        for group in optimizer.param_groups:
            yield self._held(group)
            for parameter in group["params"]:
                yield self._of_gradient(parameter)

    def _of_gradient(self, parameter: Tensor) -> Restore:
        needed, restore = parameter.requires_grad, self._held(parameter.grad)

        def put_back() -> None:
            parameter.requires_grad_(needed)
            parameter.grad = restore()

        return put_back

    def _held(self, value: Any) -> Restore:
        """Return a function that puts the content of a value back and returns the value."""
        if isinstance(value, Tensor):
            return self._of_tensor(value)
        if isinstance(value, dict):
            return self._of_dictionary(value)
        if isinstance(value, list | tuple):
            parts = [self._held(each) for each in value]
            if isinstance(value, list):
                return lambda: _refill(value, [part() for part in parts])
            return lambda: value if type(value) is not tuple else tuple(part() for part in parts)
        kept = copy.deepcopy(value)
        return lambda: copy.deepcopy(kept)

    def _of_tensor(self, tensor: Tensor) -> Restore:
        if id(tensor) not in self._copies:
            self._copies[id(tensor)] = tensor, tensor.detach().clone()
        kept = self._copies[id(tensor)][1]

        def put_back() -> Tensor:
            tensor.detach().copy_(kept)
            return tensor

        return put_back

    def _of_dictionary(self, value: dict[Any, Any]) -> Restore:
        parts = {key: self._held(each) for key, each in value.items()}

        def put_back() -> dict[Any, Any]:
            restored = {key: part() for key, part in parts.items()}
            value.clear()
            value.update(restored)
            return value

        return put_back


class RandomState:
    """The random states of Python, numpy, torch and its devices, as they are at construction."""

    def __init__(self) -> None:
        self._python, self._numpy, self._torch = random.getstate(), np.random.get_state(), torch.get_rng_state()
        # Asking a device that nothing has used yet would set it up.
        self._cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else None
        self._mps = torch.mps.get_rng_state() if torch.backends.mps.is_available() else None
        self._xpu = torch.xpu.get_rng_state_all() if torch.xpu.is_initialized() else None

    def restore(self) -> None:
        """Put all states back."""
        random.setstate(self._python)
        np.random.set_state(self._numpy)
        torch.set_rng_state(self._torch)
        if self._cuda is not None:
            torch.cuda.set_rng_state_all(self._cuda)
        if self._mps is not None:
            torch.mps.set_rng_state(self._mps)
        if self._xpu is not None:
            torch.xpu.set_rng_state_all(self._xpu)

    def seeds(self, count: int) -> list[int]:
        """Return seeds that follow from torch's state alone, without drawing from it."""
        generator = torch.Generator()
        generator.set_state(self._torch)
        seeds: list[int] = torch.randint(2**31, (count,), generator=generator).tolist()
        return seeds


def seed_all(seed: int) -> None:
    """Seed Python, numpy, torch and its devices."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def _refill(held: list[Any], values: list[Any]) -> list[Any]:
    held[:] = values
    return held
