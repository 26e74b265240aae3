"""The 1cycle policy (L. N. Smith, arXiv:1803.09820; Smith & Topin, "Super-Convergence", arXiv:1708.07120)."""

import math
from dataclasses import dataclass

from clr_core.errors import InvalidArgumentError
from clr_core.schedules.schedule import between, check_lr, check_momenta, check_step, check_steps, mirrored

LEAST_STEPS = 3


@dataclass(frozen=True, slots=True)
class _OneCycle:
    max_lr: float
    initial_lr: float
    final_lr: float
    peak: int  # step at which the rate is max_lr
    foot: int  # step at which it is back at initial_lr
    last: int  # last step, at which it is final_lr
    base_momentum: float | None
    max_momentum: float | None

    @property
    def total_steps(self) -> int:
        return self.last + 1

    def lr_at(self, step: int) -> float:
        if step <= self.foot:
            return between(self.initial_lr, self.max_lr, self._height(step))
        past = min(step - self.foot, self.last - self.foot) / (self.last - self.foot) if self.last > self.foot else 0.0
        return between(self.initial_lr, self.final_lr, past)

    def momentum_at(self, step: int) -> float | None:
        return mirrored(self.base_momentum, self.max_momentum, self._height(step))

    def _height(self, step: int) -> float:
        if check_step(step) <= self.peak:
            return step / self.peak
        return max(self.foot - step, 0) / (self.foot - self.peak)


def one_cycle(  # noqa: PLR0913 - each is a number of the policy
    max_lr: float,
    total_steps: int,
    *,
    div_factor: float = 10.0,
    annihilation_fraction: float = 0.1,
    final_div_factor: float = 100.0,
    base_momentum: float | None = None,
    max_momentum: float | None = None,
) -> _OneCycle:
    """The 1cycle policy in Smith's three phases: linear up, linear down, then the annihilation.

    With ``last = total_steps - 1``, the foot at step ``f = round((1 - annihilation_fraction) * last)`` and the
    peak at ``p = round(f / 2)``, each kept apart by at least one step:

    * steps 0 … p: from ``initial_lr = max_lr / div_factor`` up to ``max_lr``, which step p has exactly;
    * steps p … f: back to ``initial_lr``;
    * steps f … last: down to ``final_lr = initial_lr / final_div_factor``.

    Momentum mirrors the rate and stays at ``max_momentum`` during the annihilation. Steps past the last one
    hold its values.

    Args:
        max_lr: Peak, > 0.
        total_steps: Length in steps, >= 3.
        div_factor: ``max_lr / initial_lr``, > 1.
        annihilation_fraction: Fraction of the steps spent below the initial rate, in [0, 1); 0 leaves it out.
        final_div_factor: ``initial_lr / final_lr``, >= 1. (fastai divides ``max_lr`` by the factor of that name.)
        base_momentum: Momentum at the peak of the rate, in [0, max_momentum]; None leaves momentum alone.
        max_momentum: Momentum at its foot, in [0, 1); given together with ``base_momentum``.

    Raises:
        InvalidArgumentError: An argument outside its range; the message names it, its value and the range.

    References:
        Smith 2018, arXiv:1803.09820, section 4.1 and 4.3: "the maximum should be the value chosen from the LR
        range test ... a lower learning rate, i.e., one tenth ... the last part of training at several orders of
        magnitude less". Example of the authors' files: 0.08 → 0.8 → 0.08, then to 0.0008.
    """
    check_lr("max_lr", max_lr)
    check_steps("total_steps", total_steps, LEAST_STEPS)
    _check_factors(div_factor, annihilation_fraction, final_div_factor)
    check_momenta(base_momentum, max_momentum)
    last = total_steps - 1
    if annihilation_fraction > 0:
        foot = min(max(round((1 - annihilation_fraction) * last), 2), max(last - 1, 2))
    else:
        foot = last
    peak = max(round(foot / 2), 1)
    initial_lr = max_lr / div_factor
    return _OneCycle(
        float(max_lr),
        initial_lr,
        initial_lr / final_div_factor,
        peak,
        foot,
        last,
        base_momentum,
        max_momentum,
    )


def _check_factors(div_factor: float, annihilation_fraction: float, final_div_factor: float) -> None:
    if not (math.isfinite(div_factor) and div_factor > 1):
        raise InvalidArgumentError("div_factor", div_factor, "a finite number > 1")
    if not 0 <= annihilation_fraction < 1:
        raise InvalidArgumentError("annihilation_fraction", annihilation_fraction, "in [0, 1)")
    if not (math.isfinite(final_div_factor) and final_div_factor >= 1):
        raise InvalidArgumentError("final_div_factor", final_div_factor, "a finite number >= 1")
