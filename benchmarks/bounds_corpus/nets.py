"""Small networks of which many members are evaluated at once.

The parameters of M members lie in one tensor of shape (M, parameters); each layer reads its own columns.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

Architecture = Literal["linear", "mlp", "residual", "cnn", "attention", "recurrent"]
Norm = Literal["none", "bn", "ln"]
ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu,
    "tanh": torch.tanh,
    "gelu": functional.gelu,
    "silu": functional.silu,
    "sigmoid": torch.sigmoid,
}
GAINS = {"default": 1.0 / math.sqrt(3.0), "xavier": 1.0, "he": math.sqrt(2.0), "half": 0.5, "double": 2.0}
STATISTICS_MOMENTUM = 0.1
EPSILON = 1e-5


@dataclass(frozen=True)
class NetPlan:
    """What a network looks like."""

    architecture: Architecture
    norm: Norm
    activation: str
    width: int
    depth: int
    init: str
    zero_head: bool


@dataclass
class _Register:
    """Shapes of all parameters, with the standard deviation of their initial values, or a constant."""

    shapes: list[tuple[int, ...]] = field(default_factory=list)
    deviations: list[float] = field(default_factory=list)
    constants: list[float] = field(default_factory=list)

    def add(self, *shape: int, deviation: float = 0.0, constant: float = 0.0) -> int:
        self.shapes.append(shape)
        self.deviations.append(deviation)
        self.constants.append(constant)
        return len(self.shapes) - 1


class _Linear:
    def __init__(self, register: _Register, inputs: int, outputs: int, gain: float) -> None:
        self.weight = register.add(inputs, outputs, deviation=gain / math.sqrt(inputs))
        self.bias = register.add(outputs)

    def __call__(self, p: Sequence[Tensor], x: Tensor) -> Tensor:
        """(M, ..., inputs) to (M, ..., outputs)."""
        rows = x.reshape(x.shape[0], -1, x.shape[-1])
        out = torch.baddbmm(p[self.bias].unsqueeze(1), rows, p[self.weight])
        return out.reshape(*x.shape[:-1], -1)


class _Normalise:
    """Batch norm over all rows of a member, layer norm over the last axis, or nothing."""

    def __init__(self, register: _Register, norm: Norm, width: int) -> None:
        self.norm = norm
        self.running: tuple[Tensor, Tensor] | None = None
        if norm != "none":
            self.scale, self.shift = register.add(width, constant=1.0), register.add(width)

    def __call__(self, p: Sequence[Tensor], x: Tensor, *, training: bool) -> Tensor:
        if self.norm == "none":
            return x
        rows = x.reshape(x.shape[0], -1, x.shape[-1])
        mean, variance = self._statistics(rows, training=training)
        out = (rows - mean) * torch.rsqrt(variance + EPSILON) * p[self.scale].unsqueeze(1) + p[self.shift].unsqueeze(1)
        return out.reshape(x.shape)

    def _statistics(self, rows: Tensor, *, training: bool) -> tuple[Tensor, Tensor]:
        if self.norm == "ln":
            variance, mean = torch.var_mean(rows, dim=2, correction=0, keepdim=True)
            return mean, variance
        if not training and self.running is not None:
            return self.running
        variance, mean = torch.var_mean(rows, dim=1, correction=0, keepdim=True)
        if training:
            count = rows.shape[1]
            seen = mean.detach(), variance.detach() * (count / max(1, count - 1))
            before = self.running or (torch.zeros_like(mean), torch.ones_like(variance))
            self.running = (
                torch.lerp(before[0], seen[0], STATISTICS_MOMENTUM),
                torch.lerp(before[1], seen[1], STATISTICS_MOMENTUM),
            )
        return mean, variance


class StackedNet:
    """A network evaluated for M members at once.

    Attributes:
        count: Parameters of one member.
    """

    def __init__(self, plan: NetPlan, inputs: tuple[int, ...], outputs: int) -> None:
        self.plan = plan
        self.act = ACTIVATIONS[plan.activation]
        self.norms: list[_Normalise] = []
        self.layers: list[_Linear] = []
        self._register = _Register()
        builders = {
            "linear": self._build_mlp,
            "mlp": self._build_mlp,
            "residual": self._build_residual,
            "cnn": self._build_cnn,
            "attention": self._build_attention,
            "recurrent": self._build_recurrent,
        }
        last = builders[plan.architecture](inputs)
        self.head = self._linear(last, outputs, 0.0 if plan.zero_head else 1.0)
        self.count = sum(math.prod(shape) for shape in self._register.shapes)

    def _linear(self, inputs: int, outputs: int, gain: float | None = None) -> _Linear:
        gain = GAINS[self.plan.init] * (1.0 if gain is None else gain)
        return _Linear(self._register, inputs, outputs, gain)

    def _norm(self, width: int) -> None:
        self.norms.append(_Normalise(self._register, self.plan.norm, width))

    def _build_mlp(self, inputs: tuple[int, ...]) -> int:
        size = math.prod(inputs)
        depth = 0 if self.plan.architecture == "linear" else self.plan.depth
        for _ in range(depth):
            self.layers.append(self._linear(size, self.plan.width))
            self._norm(self.plan.width)
            size = self.plan.width
        self._body = self._mlp
        return size

    def _mlp(self, p: Sequence[Tensor], x: Tensor, *, training: bool) -> Tensor:
        h = x.flatten(2)
        for layer, norm in zip(self.layers, self.norms, strict=True):
            h = self.act(norm(p, layer(p, h), training=training))
        return h

    def _build_residual(self, inputs: tuple[int, ...]) -> int:
        width = self.plan.width
        self.layers.append(self._linear(math.prod(inputs), width))
        for _ in range(self.plan.depth):
            self._norm(width)
            self.layers += [self._linear(width, width), self._linear(width, width)]
        self._body = self._residual
        return width

    def _residual(self, p: Sequence[Tensor], x: Tensor, *, training: bool) -> Tensor:
        h = self.layers[0](p, x.flatten(2))
        for k, norm in enumerate(self.norms):
            inner = self.layers[1 + 2 * k](p, norm(p, h, training=training))
            h = h + self.layers[2 + 2 * k](p, self.act(inner))
        return h

    def _build_cnn(self, inputs: tuple[int, ...]) -> int:
        channels = inputs[0]
        for k in range(2):
            filters = max(4, self.plan.width // 8) * (k + 1)
            self.layers.append(self._linear(9 * channels, filters))
            self._norm(filters)
            channels = filters
        self._body = self._cnn
        return channels * 4

    def _cnn(self, p: Sequence[Tensor], x: Tensor, *, training: bool) -> Tensor:
        members, batch = x.shape[:2]
        image = x.flatten(0, 1)
        for layer, norm in zip(self.layers, self.norms, strict=True):
            size = image.shape[-1]
            columns = functional.unfold(image, 3, padding=1).transpose(1, 2).reshape(members, batch, size * size, -1)
            out = self.act(norm(p, layer(p, columns), training=training))
            image = functional.max_pool2d(out.flatten(0, 1).transpose(1, 2).reshape(-1, out.shape[-1], size, size), 2)
        return image.reshape(members, batch, -1)

    def _build_attention(self, inputs: tuple[int, ...]) -> int:
        width = self.plan.width
        self.place = self._register.add(inputs[0], width, deviation=0.1)
        self.layers = [self._linear(inputs[1], width), self._linear(width, 3 * width), self._linear(width, width)]
        self.layers += [self._linear(width, 2 * width), self._linear(2 * width, width)]
        self._norm(width)
        self._norm(width)
        self._body = self._attention
        return width

    def _attention(self, p: Sequence[Tensor], x: Tensor, *, training: bool) -> Tensor:
        embed, qkv, out, up, down = self.layers
        h = embed(p, x) + p[self.place].unsqueeze(1)
        q, k, v = qkv(p, self.norms[0](p, h, training=training)).chunk(3, dim=-1)
        scores = torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1]), dim=-1)
        h = h + out(p, scores @ v)
        h = h + down(p, self.act(up(p, self.norms[1](p, h, training=training))))
        return h.mean(dim=2)

    def _build_recurrent(self, inputs: tuple[int, ...]) -> int:
        width = self.plan.width
        self.layers = [self._linear(inputs[1], 2 * width), self._linear(width, 2 * width)]
        self._body = self._recurrent
        return width

    def _recurrent(self, p: Sequence[Tensor], x: Tensor, *, training: bool) -> Tensor:
        del training
        given = self.layers[0](p, x)
        h = torch.zeros(*x.shape[:2], self.plan.width)
        for t in range(x.shape[2]):
            gate, new = (given[:, :, t] + self.layers[1](p, h)).chunk(2, dim=-1)
            h = torch.lerp(h, torch.tanh(new), torch.sigmoid(gate))
        return h

    def initial(self, seeds: Sequence[int]) -> Tensor:
        """Initial parameters of one member for each seed, shape (len(seeds), count)."""
        rows = []
        for seed in seeds:
            source = torch.Generator().manual_seed(seed)
            parts = [
                constant + deviation * torch.randn(math.prod(shape), generator=source)
                for shape, deviation, constant in zip(
                    self._register.shapes, self._register.deviations, self._register.constants, strict=True
                )
            ]
            rows.append(torch.cat(parts))
        for norm in self.norms:
            norm.running = None
        return torch.stack(rows)

    def leaves(self, flat: Tensor) -> list[Tensor]:
        """Views of the parameters by layer, each a leaf that shares memory with ``flat``, shape (M, count)."""
        out, at = [], 0
        for shape in self._register.shapes:
            size = math.prod(shape)
            out.append(flat[:, at : at + size].view(-1, *shape).detach().requires_grad_())
            at += size
        return out

    def __call__(self, p: Sequence[Tensor], x: Tensor, *, training: bool) -> Tensor:
        """Outputs (M, batch, outputs) of inputs (M, batch, ...)."""
        return self.head(p, self._body(p, x, training=training))
