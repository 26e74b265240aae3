"""Ticks of a logarithmic axis as plain text: matplotlib writes them as formulas, which names are not to be read as."""

from math import floor, log10

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
FEW_DECADES = 2.0


def mark_decades(axes: Axes) -> None:
    """Label the powers of ten, and 2 and 5 between them where there are few."""
    low, high = axes.get_xlim()
    few = log10(high / low) < FEW_DECADES
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if few else (1.0,)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _place: power_of_ten(value)))
    axes.xaxis.set_minor_formatter(NullFormatter())


def power_of_ten(value: float) -> str:
    """``10⁻³`` for a thousandth, ``0.02`` for what lies between powers."""
    exponent = floor(log10(value) + 1e-9)
    if abs(value / 10.0**exponent - 1) > 1e-6:  # noqa: PLR2004 - rounding
        return f"{value:.3g}"
    return "10" + str(exponent).translate(SUPERSCRIPTS)
