"""torch's optimizers as formulas on the stacked parameters of many members, each with its own rate.

``w`` and ``g`` have the shape (members, parameters), ``lr`` (members, 1). A test compares each with torch.optim.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor

Family = Literal["sgd", "sgdm", "nesterov", "adam", "adamw", "rmsprop", "adagrad", "nadam", "adamax"]
FAMILIES: tuple[Family, ...] = ("sgd", "sgdm", "nesterov", "adam", "adamw", "rmsprop", "adagrad", "nadam", "adamax")
MOMENTUM_DECAY = 4e-3
ALPHA = 0.99


@dataclass
class StackedOptimizer:
    """One optimizer for all members.

    Attributes:
        family: Which.
        momentum: Momentum, or the first beta; 1cycle changes it during training.
        beta2: Second beta of Adam and its relatives.
        weight_decay: Added to the gradient; for AdamW taken off the weights.
        clip: Norm to which the gradient of each member is clipped, or None.
    """

    family: Family
    momentum: float = 0.9
    beta2: float = 0.999
    weight_decay: float = 0.0
    clip: float | None = None
    _state: dict[str, Tensor] = field(default_factory=dict)
    _steps: int = 0
    _product: float = 1.0

    @property
    def cycles_momentum(self) -> bool:
        """Whether 1cycle has a momentum to change."""
        return self.family not in {"sgd", "rmsprop", "adagrad"}

    def step(self, w: Tensor, g: Tensor, lr: Tensor) -> None:
        """Change ``w`` in place."""
        if self.clip is not None:
            g = g * (self.clip / (g.norm(dim=1, keepdim=True) + 1e-6)).clamp_max(1.0)
        if self.family == "adamw":
            w.mul_(1.0 - lr * self.weight_decay)
        elif self.weight_decay:
            g = g.add(w, alpha=self.weight_decay)
        self._steps += 1
        w.sub_(self._direction(g) * lr)

    def _direction(self, g: Tensor) -> Tensor:
        formulas: dict[Family, Callable[[Tensor], Tensor]] = {
            "sgd": lambda g: g,
            "sgdm": self._sgdm,
            "nesterov": self._nesterov,
            "adam": self._adam,
            "adamw": self._adam,
            "rmsprop": self._rmsprop,
            "adagrad": self._adagrad,
            "nadam": self._nadam,
            "adamax": self._adamax,
        }
        return formulas[self.family](g)

    def _zeros(self, name: str, like: Tensor) -> Tensor:
        if name not in self._state:
            self._state[name] = torch.zeros_like(like)
        return self._state[name]

    def _sgdm(self, g: Tensor) -> Tensor:
        return self._zeros("m", g).mul_(self.momentum).add_(g)

    def _nesterov(self, g: Tensor) -> Tensor:
        return g + self.momentum * self._sgdm(g)

    def _first(self, g: Tensor) -> Tensor:
        return self._zeros("m", g).lerp_(g, 1.0 - self.momentum)

    def _root(self, g: Tensor) -> Tensor:
        v = self._zeros("v", g).mul_(self.beta2).addcmul_(g, g, value=1.0 - self.beta2)
        return (v / (1.0 - self.beta2**self._steps)).sqrt_().add_(1e-8)

    def _adam(self, g: Tensor) -> Tensor:
        return self._first(g) / self._root(g) / (1.0 - self.momentum**self._steps)

    def _nadam(self, g: Tensor) -> Tensor:
        now, after = (
            self.momentum * (1.0 - 0.5 * 0.96 ** (k * MOMENTUM_DECAY)) for k in (self._steps, self._steps + 1)
        )
        self._product *= now
        m, root = self._first(g), self._root(g)
        ahead: Tensor = g * ((1.0 - now) / (1.0 - self._product)) + m * (after / (1.0 - self._product * after))
        return ahead / root

    def _adamax(self, g: Tensor) -> Tensor:
        u = self._zeros("u", g)
        torch.maximum(u.mul_(self.beta2), g.abs() + 1e-8, out=u)
        return self._first(g) / u / (1.0 - self.momentum**self._steps)

    def _rmsprop(self, g: Tensor) -> Tensor:
        v = self._zeros("v", g).mul_(ALPHA).addcmul_(g, g, value=1.0 - ALPHA)
        return g / v.sqrt().add_(1e-8)

    def _adagrad(self, g: Tensor) -> Tensor:
        return g / self._zeros("v", g).addcmul_(g, g).sqrt().add_(1e-10)
