"""Made-up curves of trainings, for the tests of each sign."""

import math
import random
from collections.abc import Callable, Sequence

from clr_core.diagnosis import Evaluation, diagnose

Curve = Callable[[float], float]
STEPS = 50


def triangle(x: float) -> float:
    """A 1cycle in short: up to the peak at 0.45, down to the first rate at 0.9, then annihilation."""
    if x < 0.9:
        return 0.1 + 0.9 * (1 - abs(x - 0.45) / 0.45)
    return 0.1 * 10 ** (-20 * (x - 0.9))


def curve(
    train: Curve, val: Curve, lr: Curve = triangle, *, count: int = 40, noise: float = 0.0, seed: int = 0
) -> list[Evaluation]:
    """Evaluations at ``count`` equal distances; the curves are functions of the fraction of the training done."""
    draw = random.Random(seed)
    return [
        Evaluation(
            (i + 1) * STEPS - 1, train(i / (count - 1)) + draw.gauss(0, noise),
            val(i / (count - 1)) + draw.gauss(0, noise), lr(i / (count - 1)),
        )
        for i in range(count)
    ]  # fmt: skip


def falling(x: float) -> float:
    return 0.05 + 2.2 * math.exp(-5 * x)


def turning(x: float) -> float:
    return falling(x) + 0.1 + 3 * max(x - 0.4, 0) ** 2


def codes(evaluations: Sequence[Evaluation]) -> set[str]:
    return {finding.code for finding in diagnose(evaluations)}
