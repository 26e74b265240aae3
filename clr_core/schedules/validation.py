"""Validation of arguments: every builder calls it at construction, and it refuses illegal values."""

import math
from collections.abc import Collection

from clr_core.errors import InvalidArgumentError


def finite(name: str, value: float, *, above: float | None = None, at_least: float | None = None) -> float:
    """Return ``value`` as a float if it is a finite number within the limits.

    Args:
        name: Of the argument.
        value: Of the argument; booleans are no numbers here.
        above: Exclusive lower limit.
        at_least: Inclusive lower limit.

    Raises:
        InvalidArgumentError: It is not.
    """
    limit = f" > {above:g}" if above is not None else f" >= {at_least:g}" if at_least is not None else ""
    legal = f"a finite number{limit}"
    if not _is_number(value) or not math.isfinite(value):
        raise InvalidArgumentError(name, value, legal)
    if (above is not None and value <= above) or (at_least is not None and value < at_least):
        raise InvalidArgumentError(name, value, legal)
    return float(value)


def _is_number(value: object) -> bool:
    """Numbers of numpy included, booleans and text not."""
    return hasattr(value, "__float__") and not isinstance(value, bool | str)


def steps(name: str, value: int, *, at_least: int = 1) -> int:
    """Return ``value`` as an int if it is a whole number of steps, ``at_least`` or more.

    Raises:
        InvalidArgumentError: It is not (floats and booleans included).
    """
    return _whole(name, value, at_least, "steps")


def samples(name: str, value: int) -> int:
    """Return ``value`` as an int if it is a whole number of samples, one or more.

    Raises:
        InvalidArgumentError: It is not (floats and booleans included).
    """
    return _whole(name, value, 1, "samples")


def _whole(name: str, value: int, at_least: int, unit: str) -> int:
    if not hasattr(value, "__index__") or isinstance(value, bool) or value < at_least:
        raise InvalidArgumentError(name, value, f"a whole number of {unit} >= {at_least}")
    return int(value)


def fraction(name: str, value: float, *, low: bool = False, high: bool = False) -> float:
    """Return ``value`` as a float if it lies in (0, 1); ``low`` and ``high`` say which ends belong to the range.

    Raises:
        InvalidArgumentError: It does not.
    """
    legal = f"a fraction in {'[' if low else '('}0, 1{']' if high else ')'}"
    inside = _is_number(value) and (0 < value < 1 or (low and value == 0) or (high and value == 1))
    if not inside:
        raise InvalidArgumentError(name, value, legal)
    return float(value)


def one_of(name: str, value: str, legal: Collection[str]) -> str:
    """Return ``value`` if it is one of ``legal``.

    Raises:
        InvalidArgumentError: It is not.
    """
    if value not in legal:
        raise InvalidArgumentError(name, value, "one of " + ", ".join(sorted(legal)))
    return value


def rate_bounds(base_lr: float, max_lr: float) -> tuple[float, float]:
    """Return foot and peak of a cycle if 0 <= ``base_lr`` < ``max_lr``.

    Raises:
        InvalidArgumentError: They are not so.
    """
    return finite("base_lr", base_lr, at_least=0), finite("max_lr", max_lr, above=base_lr)


def momentum_bounds(base_momentum: float | None, max_momentum: float | None) -> tuple[float, float] | None:
    """Return (base, max) if both are given with 0 <= base <= max < 1, None if neither is.

    Raises:
        InvalidArgumentError: Only one is given, or they are not so.
    """
    if base_momentum is None and max_momentum is None:
        return None
    if base_momentum is None or max_momentum is None:
        name = "base_momentum" if base_momentum is None else "max_momentum"
        raise InvalidArgumentError(name, None, "given together with its counterpart, or both left out")
    high = fraction("max_momentum", max_momentum, low=True)
    low = fraction("base_momentum", base_momentum, low=True)
    if low > high:
        raise InvalidArgumentError("base_momentum", low, f"in [0, max_momentum = {high:g}]")
    return low, high
