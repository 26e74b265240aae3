"""What the peers suggest for one raw curve: smoothing, stop rule and rule, rewritten from their sources.

fastai 2.8 (``callback/schedule.py``), pytorch-lightning 2.6 (``tuner/lr_finder.py``), torch-lr-finder 0.2.2
(``lr_finder.py``), pytorch-ignite (``handlers/lr_finder.py``).
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Peer = Callable[[Sequence[float], Sequence[float]], float]


def _bias_corrected(losses: Sequence[float], beta: float) -> Vector:
    out, mean = [], 0.0
    for k, loss in enumerate(losses):
        mean = beta * mean + (1 - beta) * loss
        out.append(mean / (1 - beta ** (k + 1)))
    return np.asarray(out)


def _plain(losses: Sequence[float], share: float) -> Vector:
    out = [losses[0]]
    for loss in losses[1:]:
        out.append(share * loss + (1 - share) * out[-1])
    return np.asarray(out)


def _stopped(losses: Vector, factor: float, first: int) -> int:
    best = np.inf
    for k, loss in enumerate(losses):
        if k >= first and loss > factor * best:
            return k + 1
        best = min(best, loss)
    return len(losses)


def _fastai(lrs: Sequence[float], losses: Sequence[float]) -> tuple[Vector, Vector]:
    smooth = _bias_corrected(losses, 0.98)
    end = _stopped(smooth, 4.0, 1)
    skip = len(lrs) // 10
    return np.asarray(lrs[:end])[skip:-5], smooth[:end][skip:-5]


def fastai_minimum(lrs: Sequence[float], losses: Sequence[float]) -> float:
    x, y = _fastai(lrs, losses)
    return float(x[y.argmin()]) / 10


def fastai_steep(lrs: Sequence[float], losses: Sequence[float]) -> float:
    x, y = _fastai(lrs, losses)
    return float(x[(np.diff(y) / np.diff(np.log(x))).argmin()])


def fastai_valley(lrs: Sequence[float], losses: Sequence[float]) -> float:
    x, y = _fastai(lrs, losses)
    n = len(y)
    longest = [1] * n
    start, end = 0, 0
    for i in range(1, n):
        for j in range(i):
            if y[i] < y[j] and longest[i] < longest[j] + 1:
                longest[i] = longest[j] + 1
            if longest[end] < longest[i]:
                end, start = i, end - longest[end]
    start = end - longest[end]
    section = (end - start) / 3
    return float(x[max(0, start + int(section) + int(section / 2))])


def fastai_slide(lrs: Sequence[float], losses: Sequence[float]) -> float:
    x, y = _fastai(lrs, losses)
    grad = np.gradient(y)
    right, left = -1, -16
    lr = float(x[max(left, -len(x))])
    while left >= -len(y) and abs(grad[right] - grad[left]) > 0.005:
        lr = float(x[left])
        right, left = right - 1, left - 1
    return lr


def torch_lr_finder(lrs: Sequence[float], losses: Sequence[float]) -> float:
    smooth = _plain(losses, 0.05)
    end = _stopped(smooth, 5.0, 1)
    x, y = np.asarray(lrs[:end])[10:-5], smooth[:end][10:-5]
    return float(x[np.gradient(y).argmin()])


def ignite(lrs: Sequence[float], losses: Sequence[float]) -> float:
    smooth = _plain(losses, 0.05)
    end = _stopped(smooth, 5.0, 1)
    y = smooth[:end]
    lowest = int(y.argmin())
    if lowest < 2:
        return float(lrs[lowest])
    return float(lrs[int(np.diff(y[: lowest + 1]).argmin()) + 1])


def lightning(lrs: Sequence[float], losses: Sequence[float]) -> float:
    smooth = _bias_corrected(losses, 0.98)
    end = _stopped(smooth, 4.0, 2)
    x, y = np.asarray(lrs[:end])[10:-1], smooth[:end][10:-1]
    return float(x[np.gradient(y, x).argmin()])  # a gradient in the rate itself, not in its logarithm


def raw_minimum_over_10(lrs: Sequence[float], losses: Sequence[float]) -> float:
    return lrs[min(range(len(losses)), key=losses.__getitem__)] / 10


PEERS: dict[str, Peer] = {
    "fastai minimum": fastai_minimum,
    "raw minimum / 10": raw_minimum_over_10,
    "ignite": ignite,
    "torch-lr-finder": torch_lr_finder,
    "fastai slide": fastai_slide,
    "fastai valley": fastai_valley,
    "fastai steep": fastai_steep,
    "lightning": lightning,
}
