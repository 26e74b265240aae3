"""Text in figures: supported characters, tick labels, and an SVG's text for screen readers."""

import re
from functools import cache
from html import escape
from math import floor, log10
from typing import Any

from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from api.plots.figure import Figure

SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
FEW_DECADES = 2.0


def mark_decades(axes: Axes) -> None:
    """Label the powers of ten, and also 2 and 5 if there are few."""
    low, high = axes.get_xlim()
    few = log10(high / low) < FEW_DECADES
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if few else (1.0,)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _place: power_of_ten(value)))
    axes.xaxis.set_minor_formatter(NullFormatter())


def power_of_ten(value: float) -> str:
    """A tick label: ``10⁻³`` for a power of ten, ``0.02`` for other values."""
    exponent = floor(log10(value) + 1e-9)
    if abs(value / 10.0**exponent - 1) > 1e-6:  # noqa: PLR2004 - rounding
        return f"{value:.3g}"
    return "10" + str(exponent).translate(SUPERSCRIPTS)


_ROOT = re.compile(rb"<svg\b[^>]*>")


def described(document: bytes, figure: Figure) -> bytes:
    """Add ``<title>`` and ``<desc>`` as the first children of the root (SVG 1.1, section 5.4)."""
    title, text = escape(drawable(figure.title)), escape(drawable(figure.description))
    words = f'\n <title id="title">{title}</title>\n <desc id="desc">{text}</desc>'.encode()

    def opened(root: re.Match[bytes]) -> bytes:
        return root[0][:-1] + b' role="img" aria-labelledby="title desc">' + words

    return _ROOT.sub(opened, document, count=1)


MISSING = "\N{WHITE SQUARE}"


def drawable(text: str) -> str:
    """Remove control characters other than line breaks, and characters that the font lacks."""
    known = _known()
    return "".join(
        character if character == "\n" or ord(character) in known else MISSING
        for character in text
        if character == "\n" or character.isprintable()
    )


@cache
def _known() -> dict[int, Any]:
    characters: dict[int, Any] = get_font(findfont(FontProperties(family=["DejaVu Sans"]))).get_charmap()
    return characters
