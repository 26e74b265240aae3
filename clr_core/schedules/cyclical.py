"""Cyclical learning rates (L. N. Smith, "Cyclical Learning Rates for Training Neural Networks", arXiv:1506.01186)."""

from dataclasses import dataclass

from clr_core.errors import InvalidArgumentError
from clr_core.schedules.schedule import between, check_lr, check_momenta, check_step, check_steps, mirrored


@dataclass(frozen=True, slots=True)
class _Triangular:
    base_lr: float
    max_lr: float
    step_size: int
    base_momentum: float | None
    max_momentum: float | None

    @property
    def total_steps(self) -> None:
        return None

    def lr_at(self, step: int) -> float:
        return between(self.base_lr, self.max_lr, self._height(step))

    def momentum_at(self, step: int) -> float | None:
        return mirrored(self.base_momentum, self.max_momentum, self._height(step))

    def _height(self, step: int) -> float:
        position = check_step(step) % (2 * self.step_size)
        return min(position, 2 * self.step_size - position) / self.step_size


def triangular(
    base_lr: float,
    max_lr: float,
    step_size: int,
    *,
    base_momentum: float | None = None,
    max_momentum: float | None = None,
) -> _Triangular:
    """The triangular policy: the rate rises and falls linearly between two bounds, for ever.

    With ``position = step mod (2 * step_size)`` and
    ``height = min(position, 2 * step_size - position) / step_size``:
    ``lr = base_lr + (max_lr - base_lr) * height`` and, where momentum cycles,
    ``momentum = max_momentum - (max_momentum - base_momentum) * height``.

    Args:
        base_lr: Foot of the cycle, > 0; reached at multiples of ``2 * step_size``.
        max_lr: Peak of the cycle, > base_lr; reached at odd multiples of ``step_size``.
        step_size: Steps in half a cycle, >= 1. Smith: 2 to 10 epochs.
        base_momentum: Momentum at the peak of the rate, in [0, max_momentum]; None leaves momentum alone.
        max_momentum: Momentum at the foot, in [0, 1); given together with ``base_momentum``.

    Raises:
        InvalidArgumentError: An argument outside its range; the message names it, its value and the range.

    References:
        Smith 2017, arXiv:1506.01186, section 3.1; momentum: Smith 2018, arXiv:1803.09820, section 4.3.
    """
    check_lr("base_lr", base_lr)
    if check_lr("max_lr", max_lr) <= base_lr:
        raise InvalidArgumentError("max_lr", max_lr, f"> base_lr = {base_lr}")
    check_steps("step_size", step_size, 1)
    check_momenta(base_momentum, max_momentum)
    return _Triangular(float(base_lr), float(max_lr), step_size, base_momentum, max_momentum)
