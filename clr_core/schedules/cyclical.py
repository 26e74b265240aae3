"""Cyclical learning rates: triangular, triangular2, exp_range."""

from collections.abc import Callable

from clr_core.schedules import validation
from clr_core.schedules.schedule import Schedule
from clr_core.schedules.triangle import CustomHeight, Height, Power, Triangles

PER = ("cycle", "step")


def triangular(  # noqa: PLR0913 - each is a number of the policy
    base_lr: float,
    max_lr: float,
    step_size: int,
    *,
    step_size_down: int | None = None,
    base_momentum: float | None = None,
    max_momentum: float | None = None,
    scale: Callable[[int], float] | None = None,
    scale_per: str = "cycle",
) -> Schedule:
    """Triangles between ``base_lr`` and ``max_lr``.

    ``lr(s) = base_lr + (max_lr - base_lr) * rise(s) * scale``, where ``rise`` climbs from 0 to 1 in ``step_size``
    steps, falls back in ``step_size_down``, and begins anew.

    Smith 2017, "Cyclical Learning Rates for Training Neural Networks" (arXiv 1506.01186), section 3.1. He advises 2 to
    10 epochs for ``step_size``, at least 3 cycles, and to stop where a cycle ends (section 3.2).

    Args:
        base_lr: Foot, >= 0; used at steps 0, c, 2c, … where c is the length of a cycle.
        max_lr: Peak, > ``base_lr``; used at steps ``step_size``, c + ``step_size``, …
        step_size: Steps in the rising half of a cycle, >= 1.
        step_size_down: Steps in the falling half, >= 1; ``step_size`` if not given.
        base_momentum: Momentum at the LR peak, in [0, ``max_momentum``]; momentum does not cycle unless this and
            ``max_momentum`` are given.
        max_momentum: Momentum at the LR foot, in [0, 1).
        scale: A form of one's own: the height of the triangle, in [0, 1], as a function of the cycle or the step,
            both from zero. The swing of the momentum shrinks likewise.
        scale_per: ``"cycle"`` or ``"step"``: what ``scale`` is a function of.

    Returns:
        An endless schedule.

    Raises:
        InvalidArgumentError: An argument outside its range, or, where it is met, a value of ``scale``; the message
            names it, its value and the range.
    """
    validation.one_of("scale_per", scale_per, PER)
    height = None if scale is None else CustomHeight(scale, scale_per == "step")
    return _cycles((base_lr, max_lr), (step_size, step_size_down), (base_momentum, max_momentum), height)


def triangular2(
    base_lr: float,
    max_lr: float,
    step_size: int,
    *,
    step_size_down: int | None = None,
    base_momentum: float | None = None,
    max_momentum: float | None = None,
) -> Schedule:
    """Triangles whose height halves with every cycle.

    ``lr(s) = base_lr + (max_lr - base_lr) * rise(s) / 2 ** cycle``, cycles counted from zero.

    Smith 2017 (arXiv 1506.01186), section 3.1. Arguments, result and errors as for `triangular`.
    """
    return _cycles((base_lr, max_lr), (step_size, step_size_down), (base_momentum, max_momentum), Power(0.5))


def exp_range(  # noqa: PLR0913 - each is a number of the policy
    base_lr: float,
    max_lr: float,
    step_size: int,
    gamma: float,
    *,
    step_size_down: int | None = None,
    base_momentum: float | None = None,
    max_momentum: float | None = None,
) -> Schedule:
    """Triangles whose height shrinks by ``gamma`` with every step.

    ``lr(s) = base_lr + (max_lr - base_lr) * rise(s) * gamma ** s``.

    Smith 2017 (arXiv 1506.01186), section 3.1. The paper's text has both boundaries decline; this is the form of his
    code, and of Keras's and torch's: the difference declines, the foot stays. He used 0.99994 on CIFAR-10.

    Args:
        base_lr: Foot, >= 0; used at steps 0, c, 2c, … where c is the length of a cycle.
        max_lr: Peak, > ``base_lr``; not reached where ``gamma ** s`` < 1.
        step_size: Steps in the rising half of a cycle, >= 1.
        gamma: Factor per step, in (0, 1].
        step_size_down: Steps in the falling half, >= 1; ``step_size`` if not given.
        base_momentum: Momentum where the LR would be ``max_lr``, in [0, ``max_momentum``]; as for `triangular`.
        max_momentum: Momentum at the LR foot, in [0, 1).

    Returns:
        An endless schedule.

    Raises:
        InvalidArgumentError: An argument outside its range; the message names it, its value and the range.
    """
    shrink = Power(validation.fraction("gamma", gamma, high=True), per_step=True)
    return _cycles((base_lr, max_lr), (step_size, step_size_down), (base_momentum, max_momentum), shrink)


def _cycles(
    rates: tuple[float, float],
    sizes: tuple[int, int | None],
    momenta: tuple[float | None, float | None],
    height: Height | None,
) -> Schedule:
    """Check what all three have in common, and build."""
    base_lr, max_lr = validation.rate_bounds(*rates)
    up = validation.steps("step_size", sizes[0])
    down = up if sizes[1] is None else validation.steps("step_size_down", sizes[1])
    bounds = validation.momentum_bounds(*momenta)
    momentum = None if bounds is None else Triangles(bounds[1], bounds[0], up, down, height)
    return Schedule(Triangles(base_lr, max_lr, up, down, height), momentum)
