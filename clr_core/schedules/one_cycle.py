"""1cycle, in Smith's form and in the form of fastai and torch."""

import math

from clr_core.errors import InvalidArgumentError
from clr_core.schedules import validation
from clr_core.schedules.schedule import Schedule
from clr_core.schedules.segments import through

ANNEALS = ("cos", "linear")


def one_cycle(  # noqa: PLR0913 - each is a number of the policy
    max_lr: float,
    total_steps: int,
    *,
    div_factor: float = 10.0,
    annihilation_fraction: float = 0.1,
    final_div_factor: float = 100.0,
    base_momentum: float | None = None,
    max_momentum: float | None = None,
    anneal: str = "linear",
) -> Schedule:
    """Smith's 1cycle: one triangle a little shorter than the run, then the annihilation.

    With T = ``total_steps`` and a = max(2, round(``annihilation_fraction`` T)), the peak is step p = (T - a) // 2::

        0  -> p      initial_lr -> max_lr        max_momentum  -> base_momentum
        p  -> 2p     max_lr     -> initial_lr    base_momentum -> max_momentum
        2p -> T - 1  initial_lr -> final_lr      max_momentum
        initial_lr = max_lr / div_factor         final_lr = initial_lr / final_div_factor

    The update of each step named uses the value named to the last bit, and no other update uses ``max_lr``. Without
    annihilation (a fraction of 0) the triangle has p = (T - 1) // 2 and ends at step T - 1 with initial_lr.

    Smith 2018, "A disciplined approach to neural network hyper-parameters: Part 1" (arXiv 1803.09820), sections 4.1 and
    4.3; Smith & Topin 2017 (arXiv 1708.07120). His ResNet-56 went from 0.08 to 0.8 and back over epochs 0, 41 and 82,
    then to 0.0008 by epoch 95 (``annihilation_fraction=13 / 95``), with momentum from 0.95 to 0.85 and back.

    Args:
        max_lr: Peak, > 0.
        total_steps: Updates of the run, >= 4; >= 3 without annihilation.
        div_factor: Divides ``max_lr``: initial_lr = ``max_lr`` / ``div_factor``; > 1.
        annihilation_fraction: Fraction of the run that annihilates, in [0, 1 - 2 / T].
        final_div_factor: Divides the **initial** LR: final_lr = initial_lr / ``final_div_factor``; >= 1.
        base_momentum: Momentum at the LR peak, in [0, ``max_momentum``]; momentum does not cycle unless this and
            ``max_momentum`` are given. Smith: 0.85.
        max_momentum: Momentum at the LR foot and in the annihilation, in [0, 1). Smith: 0.95.
        anneal: ``"linear"`` as Smith has it, or ``"cos"``.

    Returns:
        A schedule of ``total_steps`` steps; past the end it holds final_lr.

    Raises:
        InvalidArgumentError: An argument outside its range; the message names it, its value and the range.
    """
    annihilates = validation.fraction("annihilation_fraction", annihilation_fraction, low=True)
    last = validation.steps("total_steps", total_steps, at_least=4 if annihilates else 3) - 1
    initial, peak, final = _levels(max_lr, div_factor, final_div_factor)
    bounds = validation.momentum_bounds(base_momentum, max_momentum)
    validation.one_of("anneal", anneal, ANNEALS)
    up, foot = _triangle(last + 1, annihilates)
    knots = (0, up, foot, last)
    lr = through(knots, (initial, peak, initial, final), anneal)
    momentum = bounds and through(knots, (bounds[1], bounds[0], bounds[1], bounds[1]), anneal)
    return Schedule(lr, momentum, last + 1)


def one_cycle_two_phase(  # noqa: PLR0913 - each is a number of the policy
    max_lr: float,
    total_steps: int,
    pct_start: float = 0.3,
    anneal: str = "cos",
    div_factor: float = 25.0,
    final_div_factor: float = 1e4,
    *,
    base_momentum: float | None = None,
    max_momentum: float | None = None,
) -> Schedule:
    """The 1cycle of fastai and torch: up, and down to nearly nothing, along half cosines.

    With T = ``total_steps`` and the peak at p = ``pct_start`` T - 1, which seldom is a whole step::

        0 -> p      initial_lr -> max_lr     max_momentum  -> base_momentum
        p -> T - 1  max_lr     -> final_lr   base_momentum -> max_momentum
        initial_lr = max_lr / div_factor     final_lr = initial_lr / final_div_factor

    ``torch.optim.lr_scheduler.OneCycleLR``, whose definition this is; after Gugger & Howard, fastai's
    ``fit_one_cycle``, which has its peak at ``pct_start`` T and its end at T.

    Args:
        max_lr: Peak, > 0; met to the last bit where p is a whole number, passed between two steps elsewhere.
        total_steps: Updates of the run, >= 2.
        pct_start: **Fraction** spent rising, in (1 / T, 1), for the peak has to lie behind step 0.
        anneal: ``"cos"`` or ``"linear"``.
        div_factor: Divides ``max_lr``: initial_lr = ``max_lr`` / ``div_factor``; > 1.
        final_div_factor: Divides the **initial** LR, as in torch (fastai's ``div_final`` divides ``max_lr``); >= 1.
        base_momentum: Momentum at the LR peak, in [0, ``max_momentum``]; momentum does not cycle unless this and
            ``max_momentum`` are given. torch: 0.85.
        max_momentum: Momentum at the LR foot, in [0, 1). torch: 0.95.

    Returns:
        A schedule of ``total_steps`` steps; past the end it holds final_lr.

    Raises:
        InvalidArgumentError: An argument outside its range; the message names it, its value and the range.
    """
    last = validation.steps("total_steps", total_steps, at_least=2) - 1
    initial, peak, final = _levels(max_lr, div_factor, final_div_factor)
    bounds = validation.momentum_bounds(base_momentum, max_momentum)
    validation.one_of("anneal", anneal, ANNEALS)
    top = validation.fraction("pct_start", pct_start) * (last + 1) - 1
    if not 0 < top < last:
        raise InvalidArgumentError("pct_start", pct_start, f"in (1 / total_steps, 1) = ({1 / (last + 1):g}, 1)")
    lr = through((0, top, last), (initial, peak, final), anneal)
    momentum = bounds and through((0, top, last), (bounds[1], bounds[0], bounds[1]), anneal)
    return Schedule(lr, momentum, last + 1)


def _levels(max_lr: float, div_factor: float, final_div_factor: float) -> tuple[float, float, float]:
    """Initial, highest and final LR."""
    peak = validation.finite("max_lr", max_lr, above=0)
    initial = peak / validation.finite("div_factor", div_factor, above=1)
    return initial, peak, initial / validation.finite("final_div_factor", final_div_factor, at_least=1)


def _triangle(total_steps: int, annihilation_fraction: float) -> tuple[int, int]:
    """Steps of the peak and of the foot behind it; the annihilation takes the odd step."""
    if annihilation_fraction == 0:
        return (total_steps - 1) // 2, total_steps - 1
    annihilation = max(2, math.floor(annihilation_fraction * total_steps + 0.5))
    if annihilation > total_steps - 2:
        legal = f"in [0, {1 - 2 / total_steps:g}], to leave two of {total_steps} steps to the triangle"
        raise InvalidArgumentError("annihilation_fraction", annihilation_fraction, legal)
    peak = (total_steps - annihilation) // 2
    return peak, 2 * peak
