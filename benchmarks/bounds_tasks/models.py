"""The small networks of our own tasks."""

from itertools import pairwise

import torch
from torch import Tensor, nn


def mlp(sizes: list[int], activation: type[nn.Module], *, batch_norm: bool = False) -> nn.Sequential:
    """Fully connected network; ``sizes`` from inputs to outputs."""
    layers: list[nn.Module] = []
    for i, (width_in, width_out) in enumerate(pairwise(sizes)):
        layers.append(nn.Linear(width_in, width_out))
        if i < len(sizes) - 2:
            layers += [nn.BatchNorm1d(width_out)] if batch_norm else []
            layers.append(activation())
    return nn.Sequential(*layers)


class DigitsCnn(nn.Module):
    """Two convolutions on 8x8 images given as 64 numbers, with or without batch norm."""

    def __init__(self, *, batch_norm: bool) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Unflatten(1, (1, 8, 8)),
            nn.Conv2d(1, 8, 3, padding=1, bias=not batch_norm),
            nn.BatchNorm2d(8) if batch_norm else nn.Identity(),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(8, 16, 3, padding=1, bias=not batch_norm),
            nn.BatchNorm2d(16) if batch_norm else nn.Identity(),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(2),
            nn.Flatten(),
            nn.Linear(64, 10),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Logits (batch, 10) of images (batch, 64)."""
        out: Tensor = self.body(x)
        return out


class SequenceGru(nn.Module):
    """GRU over sequences of scalars (batch, time); one number out."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gru = nn.GRU(1, width, batch_first=True)
        self.head = nn.Linear(width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Prediction (batch, 1) from the last state."""
        states, _ = self.gru(x.unsqueeze(-1))
        out: Tensor = self.head(states[:, -1])
        return out


class TokenMixer(nn.Module):
    """One self-attention block with layer norm over (batch, time) token ids given as floats."""

    def __init__(self, tokens: int, time: int, width: int, classes: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(tokens, width)
        self.place = nn.Parameter(0.02 * torch.randn(time, width))
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attend = nn.MultiheadAttention(width, 2, batch_first=True)
        self.mix = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))
        self.head = nn.Linear(width, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (batch, classes)."""
        h = self.embed(x.long()) + self.place
        n = self.norm1(h)
        h = h + self.attend(n, n, n, need_weights=False)[0]
        h = h + self.mix(self.norm2(h))
        out: Tensor = self.head(h.mean(dim=1))
        return out


class SignalCnn(nn.Module):
    """Two convolutions along signals (batch, 32); three classes."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Unflatten(1, (1, 32)),
            nn.Conv1d(1, 12, 5, padding=2),
            nn.ReLU(),
            nn.MaxPool1d(2),
            nn.Conv1d(12, 24, 5, padding=2),
            nn.ReLU(),
            nn.AdaptiveMaxPool1d(2),
            nn.Flatten(),
            nn.Linear(48, 3),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Logits (batch, 3)."""
        out: Tensor = self.body(x)
        return out


class ResidualMlp(nn.Module):
    """Residual blocks with layer norm over (batch, inputs)."""

    def __init__(self, inputs: int, width: int, depth: int, outputs: int) -> None:
        super().__init__()
        self.first = nn.Linear(inputs, width)
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width), nn.GELU(), nn.Linear(width, width))
            for _ in range(depth)
        )
        self.last = nn.Linear(width, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Outputs (batch, outputs)."""
        h = self.first(x)
        for block in self.blocks:
            h = h + block(h)
        out: Tensor = self.last(h)
        return out
