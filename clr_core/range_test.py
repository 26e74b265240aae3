"""The learning-rate range test: the rate of each step, and when to stop.

Source: L. N. Smith, "Cyclical Learning Rates for Training Neural Networks", 2015/2017 (arXiv:1506.01186),
section 3.3: train a few epochs while the rate rises from a small to a large value, and read the bounds of the
cycle from the curve of loss or accuracy over rate.  Smith's sweep is linear; the exponential one (Gugger
2018, fastai) spends the same number of steps in every decade and needs no guess of the order of magnitude.
"""

import math
from bisect import insort
from dataclasses import dataclass
from statistics import median
from typing import Final, Literal

from clr_core.errors import InvalidArgumentError

Spacing = Literal["exponential", "linear"]
SPACINGS: Final[tuple[Spacing, ...]] = ("exponential", "linear")

BISECTIONS: Final = 2  # short sweeps after a full one; a third would be narrower than the noise of the edge
_REACH: Final = 1.0  # decades below the edge at which the first short sweep begins, so that it shows a fall
_SHORTEST: Final = 20  # steps: fewer are hard to read
_NARROWEST: Final = 1.5  # end over start of a short sweep at either end of the full one

_MIN_STEPS: Final = 2
_CLOSEST: Final = 1e-12  # relative distance of neighbouring rates that rounding cannot close


@dataclass(frozen=True, slots=True)
class RangeTestPlan:
    """The rates of one range test, one for each step (one step is one optimizer update, counted from zero).

    Formulas, with n = ``steps``, a = ``start_lr``, b = ``end_lr`` and step k = 0 … n - 1:

    * exponential: lr(k) = a · (b / a)^(k / (n - 1))
    * linear:      lr(k) = a + (b - a) · k / (n - 1)

    lr(0) is a and lr(n - 1) is b, exactly; rates rise strictly.

    Attributes:
        start_lr: First and smallest rate.
        end_lr: Last and largest rate.
        steps: Number of updates, both ends included.
        spacing: ``"exponential"`` or ``"linear"``.

    Raises:
        InvalidArgumentError: A field outside its legal range; the error names field, value and range.
    """

    start_lr: float = 1e-7
    end_lr: float = 10.0
    steps: int = 100
    spacing: Spacing = "exponential"

    def __post_init__(self) -> None:
        if not (math.isfinite(self.start_lr) and self.start_lr > 0):
            raise InvalidArgumentError("start_lr", self.start_lr, "a finite number > 0")
        if not (math.isfinite(self.end_lr) and self.end_lr > self.start_lr):
            raise InvalidArgumentError("end_lr", self.end_lr, f"a finite number > start_lr ({self.start_lr!r})")
        if type(self.steps) is not int or self.steps < _MIN_STEPS:
            raise InvalidArgumentError("steps", self.steps, f"an integer >= {_MIN_STEPS}")
        if self.end_lr / self.start_lr - 1.0 < self.steps * _CLOSEST:
            raise InvalidArgumentError("end_lr", self.end_lr, f"so far above start_lr that {self.steps} rates differ")
        if self.spacing not in SPACINGS:
            raise InvalidArgumentError("spacing", self.spacing, f"one of {', '.join(SPACINGS)}")

    def lr_at(self, step: int) -> float:
        """Rate of one step.

        Args:
            step: Zero-based step, 0 <= step < ``steps``.

        Returns:
            The rate, between ``start_lr`` and ``end_lr``.

        Raises:
            InvalidArgumentError: The step is outside the plan.
        """
        if not 0 <= step < self.steps:
            raise InvalidArgumentError("step", step, f"an integer from 0 to {self.steps - 1}")
        last = self.steps - 1
        if step == 0:
            return float(self.start_lr)
        if step == last:
            return float(self.end_lr)
        fraction = step / last
        if self.spacing == "linear":
            lr = self.start_lr * (1.0 - fraction) + self.end_lr * fraction
        else:
            log_start, log_end = math.log(self.start_lr), math.log(self.end_lr)
            lr = math.exp(log_start * (1.0 - fraction) + log_end * fraction)
        return min(max(lr, self.start_lr), self.end_lr)  # rounding must not leave the range

    def lrs(self) -> list[float]:
        """All rates, ``steps`` of them, in the order in which they are used."""
        return [self.lr_at(step) for step in range(self.steps)]


def short_steps(steps: int) -> int:
    """Return the steps of one short sweep beside full sweeps of ``steps`` steps."""
    return max(_SHORTEST, steps // 2)


def around_edge(plan: RangeTestPlan, edge_lr: float, number: int) -> RangeTestPlan:
    """Return the short sweep of a bisection: more steps around the edge, from the same initial weights.

    It begins ``REACH / 2 ** number`` decades below the edge of the previous sweep and ends a third as many above it,
    within the rates of the full sweep; its rates rise exponentially. Of a full sweep of 100 steps over seven decades 14
    fall into a decade; the first short sweep has 50 in 1.33 decades, the second 50 in 0.67.

    Source: ours; the idea is to repeat the test around the value that matters, as Smith (arXiv:1803.09820, section
    4.1) advises for a first coarse grid.
    Fails: an edge that depends on how long the network has been trained lies higher in a short sweep, which spends
    no time at low rates.  Both are seen, and their median is taken (``clr_core.bounds.suggest_bounds``).

    Args:
        plan: The full sweep.
        edge_lr: Rate at which the previous sweep diverged, from ``start_lr`` to ``end_lr``.
        number: Number of the short sweep, from 0.

    Raises:
        InvalidArgumentError: The edge is outside the plan.
    """
    if not plan.start_lr <= edge_lr <= plan.end_lr:
        raise InvalidArgumentError("edge_lr", edge_lr, f"from {plan.start_lr!r} to {plan.end_lr!r}")
    below = _REACH / 2.0**number
    start = max(plan.start_lr, edge_lr / 10.0**below)
    end = min(plan.end_lr, edge_lr * 10.0 ** (below / 3.0))
    return RangeTestPlan(start, max(end, start * _NARROWEST), short_steps(plan.steps), "exponential")


class DivergenceRule:
    """Detects when a range test has diverged, from one loss per step, averaged over ranks.

    Other tools stop at loss > 4 · best, which ends a sweep at once if the loss is negative, and never if it starts near
    zero. This rule compares differences of losses only, so that adding a constant to the loss or multiplying it by a
    positive factor changes nothing (but for the last rounding):

    * level(k): median of the last ``window`` losses, which one spike cannot move;
    * first: the first level; best: the lowest level so far;
    * noise: 1.4826 · median |loss(i) - loss(i - 1)| / √2 up to the best level, the standard deviation of the
      batch loss if it is Gaussian; later steps are left out, because the explosion itself would count as
      noise;
    * scale = max(first - best, 4 · noise, 1e-6 · |best|), the last for the rounding of float32.

    The sweep has diverged when ``patience`` losses in a row exceed best + ``rise`` · scale, or at the first
    loss that is NaN or infinite.  With rise = 3, a curve that fell by d has then climbed two further d above
    its start.

    State is the list of losses seen: the same losses give the same answers.  A loss that was diverged stays
    so.

    Source: the requirement is Smith (arXiv:1506.01186), section 3.3 (stop where the loss goes up); the rule
    is ours.
    Fails: a loss already exploding within the first ``window`` steps counts its own explosion as noise and
    stops at the first non-finite loss or at the end of the plan only.

    Args:
        rise: How many scales above the best level count as diverged, > 0.
        window: Number of losses in a level, >= 1.
        patience: Number of losses in a row that must be too high, >= 1.
    """

    def __init__(self, *, rise: float = 3.0, window: int = 5, patience: int = 3) -> None:
        if not (math.isfinite(rise) and rise > 0):
            raise InvalidArgumentError("rise", rise, "a finite number > 0")
        if window < 1:
            raise InvalidArgumentError("window", window, "an integer >= 1")
        if patience < 1:
            raise InvalidArgumentError("patience", patience, "an integer >= 1")
        self._rise, self._window, self._patience = float(rise), window, patience
        self._losses: list[float] = []
        self._jumps: list[float] = []
        self._first = self._best = math.inf
        self._scale = 0.0
        self._above = 0
        self._diverged_at: int | None = None

    @property
    def diverged_at(self) -> int | None:
        """Step at which the sweep diverged, or None."""
        return self._diverged_at

    def should_stop(self, step: int, loss: float) -> bool:
        """Add the loss of one step and return whether the sweep has diverged.

        Args:
            step: Zero-based step, reported by ``diverged_at``.
            loss: Training loss of this step, the mean over all ranks; may be negative, NaN or infinite.

        Returns:
            True from the step of divergence on.
        """
        if self._diverged_at is None and self._exceeds(float(loss)):
            self._diverged_at = step
        return self._diverged_at is not None

    def _exceeds(self, loss: float) -> bool:
        if not math.isfinite(loss):
            return True
        if self._losses:
            insort(self._jumps, abs(loss - self._losses[-1]))
        self._losses.append(loss)
        if len(self._losses) < self._window:
            return False
        self._above = self._above + 1 if loss > self._best + self._rise * self._scale else 0
        level = median(self._losses[-self._window :])
        if level < self._best:
            self._lower(level)
        return self._above >= self._patience

    def _lower(self, level: float) -> None:
        self._first = level if math.isinf(self._first) else self._first
        self._best = level
        typical_jump = self._jumps[len(self._jumps) // 2] if self._jumps else 0.0  # sorted, so this is the median
        noise = 1.4826 * typical_jump / math.sqrt(2.0)
        self._scale = max(self._first - level, 4.0 * noise, 1e-6 * abs(level))
