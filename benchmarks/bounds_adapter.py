"""The service's reading of a range test as a function of plain lists, to score it on tasks of one's own."""

from collections.abc import Sequence
from typing import Any

from clr_core.bounds import Curve, Training, suggest_bounds

Sweep = tuple[Sequence[float], Sequence[float]]
WITH_MOMENTUM = {"sgdm": False, "nesterov": True}  # names of SGD with momentum; the values say if it is Nesterov's


def training_of(known: dict[str, Any]) -> Training:
    """What is known of a training, from the words of a benchmark.

    Args:
        known: ``optimizer`` (as ``Training`` has it, or ``sgdm`` or ``nesterov`` for SGD with momentum), ``momentum``,
            ``batch_norm``, ``clipped``, ``batch_size``, ``training_steps`` and ``epochs``.

    Returns:
        The training.
    """
    name = known["optimizer"]
    return Training(
        optimizer="sgd" if name in WITH_MOMENTUM else name,
        momentum=known["momentum"],
        nesterov=WITH_MOMENTUM.get(name),
        batch_norm=known["batch_norm"],
        clipped=known["clipped"],
        batch_size=known["batch_size"],
        steps=known["training_steps"],
        epochs=known["epochs"],
    )


def suggest(curves: Sequence[Sweep], known: dict[str, Any]) -> tuple[float, float, float] | None:
    """``max_lr`` and both ends of its interval at level 0.9, from sweeps of the training loss; None without bounds."""
    bounds = suggest_bounds([Curve.of(*curve) for curve in curves], level=0.9, training=training_of(known))
    if bounds.max_lr is None or bounds.max_lr_interval is None:
        return None
    return bounds.max_lr, bounds.max_lr_interval.low, bounds.max_lr_interval.high
