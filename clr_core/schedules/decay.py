"""Schedules that fall from one LR to another: a line, half a cosine, and warm-up, stable, decay."""

from clr_core.errors import InvalidArgumentError
from clr_core.schedules import validation
from clr_core.schedules.schedule import Schedule
from clr_core.schedules.segments import SHAPES, Line, Segments, through


def linear(lr: float, total_steps: int, final_lr: float = 0.0) -> Schedule:
    """A straight line from ``lr`` at step 0 to ``final_lr`` at step T = ``total_steps``.

    ``lr(s) = lr + (final_lr - lr) * s / T``. The run's last update is step T - 1, so none is wasted on an LR of 0;
    from step T on ``final_lr`` is held.

    Args:
        lr: LR of step 0, >= 0.
        total_steps: Updates of the run, >= 1.
        final_lr: LR arrived at, >= 0; above ``lr`` for a rising line.

    Returns:
        A schedule of ``total_steps`` steps.

    Raises:
        InvalidArgumentError: An argument outside its range; the message names it, its value and the range.
    """
    return _fall(lr, total_steps, final_lr, "linear")


def cosine(lr: float, total_steps: int, final_lr: float = 0.0) -> Schedule:
    """Half a cosine from ``lr`` at step 0 to ``final_lr`` at step T = ``total_steps``.

    ``lr(s) = final_lr + (lr - final_lr) * (1 + cos(pi s / T)) / 2``; from step T on ``final_lr`` is held, where
    torch's ``CosineAnnealingLR(T_max=T)`` would rise again.

    Loshchilov & Hutter 2017, "SGDR" (arXiv 1608.03983), equation 5, without restarts (`sequence` makes those).

    Args:
        lr: LR of step 0, >= 0.
        total_steps: Updates of the run, >= 1.
        final_lr: LR arrived at, >= 0.

    Returns:
        A schedule of ``total_steps`` steps.

    Raises:
        InvalidArgumentError: An argument outside its range; the message names it, its value and the range.
    """
    return _fall(lr, total_steps, final_lr, "cos")


def _fall(lr: float, total_steps: int, final_lr: float, shape: str) -> Schedule:
    first = validation.finite("lr", lr, at_least=0)
    total = validation.steps("total_steps", total_steps)
    final = validation.finite("final_lr", final_lr, at_least=0)
    return Schedule(through((0, total), (first, final), shape), None, total)


def wsd(  # noqa: PLR0913 - each is a number of the policy
    lr: float,
    total_steps: int,
    warmup_steps: int,
    decay_steps: int,
    *,
    initial_lr: float = 0.0,
    final_lr: float = 0.0,
    decay: str = "linear",
) -> Schedule:
    """Warm-up, stable, decay.

    With T = ``total_steps``, w = ``warmup_steps`` and d = ``decay_steps``: a straight line from ``initial_lr`` at step
    0 to ``lr`` at step w; ``lr`` until step T - d; then with t = (s - T + d) / d

    * ``"linear"``: ``lr + (final_lr - lr) * t``
    * ``"cos"``:    ``final_lr + (lr - final_lr) * (1 + cos(pi t)) / 2``
    * ``"sqrt"``:   ``lr + (final_lr - lr) * sqrt(t)``

    down to ``final_lr`` at step T, held from there on.

    Hu et al. 2024, "MiniCPM" (arXiv 2404.06395), section 4; the root: Hägele et al. 2024 (arXiv 2405.18392).

    Args:
        lr: LR of the stable part, > 0.
        total_steps: Updates of the run, >= 1.
        warmup_steps: Steps rising, >= 0.
        decay_steps: Steps falling, >= 0; together with ``warmup_steps`` at most ``total_steps``.
        initial_lr: LR of step 0, >= 0; of no effect without warm-up.
        final_lr: LR arrived at, >= 0; of no effect without decay.
        decay: ``"linear"``, ``"cos"`` or ``"sqrt"``.

    Returns:
        A schedule of ``total_steps`` steps.

    Raises:
        InvalidArgumentError: An argument outside its range; the message names it, its value and the range.
    """
    high = validation.finite("lr", lr, above=0)
    low, end = (
        validation.finite("initial_lr", initial_lr, at_least=0),
        validation.finite("final_lr", final_lr, at_least=0),
    )
    total = validation.steps("total_steps", total_steps)
    warm = validation.steps("warmup_steps", warmup_steps, at_least=0)
    fall = validation.steps("decay_steps", decay_steps, at_least=0)
    validation.one_of("decay", decay, SHAPES)
    if warm + fall > total:
        legal = f"at most total_steps - warmup_steps = {total - warm}"
        raise InvalidArgumentError("decay_steps", decay_steps, legal)
    parts = (
        Line(0, warm, low, high),
        Line(warm, total - fall, high, high),
        SHAPES[decay](total - fall, total, high, end),
    )
    return Schedule(Segments(tuple(part for part in parts if part.end > part.start)), None, total)
