"""1cycle, in Smith's form and in the one that fastai and torch made of it."""

import math
from itertools import pairwise

from clr_core.errors import InvalidArgumentError
from clr_core.schedules import checks
from clr_core.schedules.schedule import Schedule
from clr_core.schedules.segments import Segments, through

ANNEALS = ("cos", "linear")


def one_cycle(
    max_lr: float,
    total_steps: int,
    *,
    div_factor: float = 10.0,
    annihilation_fraction: float = 13 / 95,
    final_div_factor: float = 100.0,
    base_momentum: float | None = None,
    max_momentum: float | None = None,
    anneal: str = "linear",
) -> Schedule:
    """Smith's 1cycle: one triangle a little shorter than the run, then the annihilation.

    With T = ``total_steps`` and a = max(2, round(``annihilation_fraction`` T)), the peak is step p = (T - a) // 2::

        0      -> p      initial_lr -> max_lr        max_momentum  -> base_momentum
        p      -> 2p     max_lr     -> initial_lr    base_momentum -> max_momentum
        2p     -> T - 1  initial_lr -> final_lr      max_momentum
        initial_lr = max_lr / div_factor             final_lr = initial_lr / final_div_factor

    Every one of these values is used by the update named, to the last bit, and ``max_lr`` by one update only.

    Smith 2018, "A disciplined approach to neural network hyper-parameters: Part 1" (arXiv 1803.09820), section 4.1;
    Smith & Topin 2017 (arXiv 1708.07120). The defaults are his ResNet-56 run: 0.08 to 0.8 to 0.08 over epochs 0, 41 and
    82, then to 0.0008 by epoch 95, with momentum from 0.95 to 0.85 and back.

    Args:
        max_lr: peak, > 0.
        total_steps: updates of the run, >= 4.
        div_factor: initial_lr = ``max_lr`` / ``div_factor``; > 1.
        annihilation_fraction: fraction of the run that annihilates, in (0, 1); at least two steps of the run are left
            to the triangle, or it is refused.
        final_div_factor: divides the **initial** LR: final_lr = initial_lr / ``final_div_factor``; >= 1.
        base_momentum: momentum at the LR peak, in (0, 1); Smith used 0.85. Neither this nor the next: momentum does
            not cycle.
        max_momentum: momentum at the LR foot, in [``base_momentum``, 1); Smith used 0.95.
        anneal: ``"linear"``, Smith's, or ``"cos"``, for which torch has ``three_phase=True``.

    Returns:
        A schedule of ``total_steps`` steps; past the end, final_lr.

    Raises:
        InvalidArgumentError: an argument outside of its range.
    """
    peak_lr = checks.finite("max_lr", max_lr, above=0)
    last = checks.steps("total_steps", total_steps, at_least=4) - 1
    initial_lr = peak_lr / checks.finite("div_factor", div_factor, above=1)
    final_lr = initial_lr / checks.finite("final_div_factor", final_div_factor, at_least=1)
    bounds = checks.momentum_bounds(base_momentum, max_momentum)
    shape = checks.one_of("anneal", anneal, ANNEALS)
    peak = _peak(last + 1, checks.fraction("annihilation_fraction", annihilation_fraction))
    knots = (0, peak, 2 * peak, last)
    lr = _through(knots, (initial_lr, peak_lr, initial_lr, final_lr), shape)
    momentum = bounds and _through(knots, (bounds[1], bounds[0], bounds[1], bounds[1]), shape)
    return Schedule(lr, momentum, last + 1)


def one_cycle_two_phase(
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
        max_lr: peak, > 0; met to the last bit only where p is a whole number.
        total_steps: updates of the run, >= 2.
        pct_start: **fraction** spent rising, in (1 / T, 1), since the peak must lie behind step 0.
        anneal: ``"cos"`` or ``"linear"``.
        div_factor: initial_lr = ``max_lr`` / ``div_factor``; > 1.
        final_div_factor: divides the **initial** LR, as in torch; fastai's ``div_final`` divides ``max_lr``. > 0, and
            final_lr below ``max_lr``.
        base_momentum: momentum at the LR peak, in (0, 1); torch's is 0.85. Neither this nor the next: momentum does
            not cycle.
        max_momentum: momentum at the LR foot, in [``base_momentum``, 1); torch's is 0.95.

    Returns:
        A schedule of ``total_steps`` steps; past the end, final_lr.

    Raises:
        InvalidArgumentError: an argument outside of its range.
    """
    peak_lr = checks.finite("max_lr", max_lr, above=0)
    last = checks.steps("total_steps", total_steps, at_least=2) - 1
    initial_lr = peak_lr / checks.finite("div_factor", div_factor, above=1)
    final_lr = initial_lr / checks.finite("final_div_factor", final_div_factor, at_least=1)
    bounds = checks.momentum_bounds(base_momentum, max_momentum)
    shape = checks.one_of("anneal", anneal, ANNEALS)
    peak = checks.fraction("pct_start", pct_start) * (last + 1) - 1
    if not 0 < peak < last:
        raise InvalidArgumentError("pct_start", pct_start, f"a fraction in (1 / total_steps, 1) = ({1 / (last + 1):g}, 1)")
    lr = _through((0, peak, last), (initial_lr, peak_lr, final_lr), shape)
    momentum = bounds and _through((0, peak, last), (bounds[1], bounds[0], bounds[1]), shape)
    return Schedule(lr, momentum, last + 1)
