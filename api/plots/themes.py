"""Colours by role: the palette of M. Okabe and K. Ito (2008), safe for all common kinds of colour blindness."""

from dataclasses import dataclass
from typing import Literal

from api.plots.figure import Role

ThemeName = Literal["light", "dark"]


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours of the background, the grid and each role."""

    paper: str
    grid: str
    colours: dict[Role, str]


THEMES: dict[ThemeName, Theme] = {
    "light": Theme(
        paper="#ffffff",
        grid="#e6e9ed",
        colours={
            "ink": "#24292f", "muted": "#68707a", "blue": "#0072b2", "orange": "#c77700", "green": "#00795a",
            "red": "#c04a00", "purple": "#a8487e", "sky": "#2f93c9",
        },
    ),
    "dark": Theme(
        paper="#14181d",
        grid="#2b323b",
        colours={
            "ink": "#e8ebee", "muted": "#9aa5b1", "blue": "#56b4e9", "orange": "#e69f00", "green": "#2fc79a",
            "red": "#ff7a33", "purple": "#dd93bb", "sky": "#9ad0f5",
        },
    ),
}  # fmt: skip
