"""A figure described by numbers, text and colour roles, independent of the renderer.

x and y are in axis units. None in a line is a gap. Panels are stacked and share x.
"""

from dataclasses import dataclass
from typing import Literal

Role = Literal["ink", "muted", "blue", "orange", "green", "red", "purple", "sky"]
Dash = Literal["solid", "dash", "dot"]
Symbol = Literal["circle", "square", "diamond", "triangle", "cross", "star", "pentagon"]
Values = tuple[float, ...]
Gapped = tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A curve; if it has a ``name``, the legend shows it."""

    x: Values
    y: Gapped
    colour: Role
    name: str | None = None
    width: float = 1.5
    opacity: float = 1.0
    dash: Dash = "solid"
    symbol: Symbol | None = None


@dataclass(frozen=True, slots=True)
class Band:
    """The area between two curves."""

    x: Values
    low: Values
    high: Values
    colour: Role
    name: str | None = None
    opacity: float = 0.2


@dataclass(frozen=True, slots=True)
class Span:
    """A range of x, shaded over the whole height of the panel."""

    low: float
    high: float
    colour: Role
    name: str | None = None
    opacity: float = 0.12


@dataclass(frozen=True, slots=True)
class Rule:
    """A vertical line, with a label beside its top: on its left or its right."""

    x: float
    colour: Role
    name: str | None = None
    label: str | None = None
    label_side: Literal["left", "right"] = "left"
    dash: Dash = "solid"
    width: float = 1.8


@dataclass(frozen=True, slots=True)
class Mark:
    """One point, with a label on its right and an optional interval along x."""

    x: float
    y: float
    colour: Role
    symbol: Symbol = "circle"
    label: str | None = None
    interval: tuple[float, float] | None = None
    size: float = 7.0
    raised: bool = False  # the label is above the point, clear of a curve through it


Item = Line | Band | Span | Rule | Mark


@dataclass(frozen=True, slots=True)
class Panel:
    """Axes. With ``rows``, y counts rows from the top (0, 1, …), and their names replace the tick numbers."""

    items: tuple[Item, ...]
    label: str = ""
    limits: tuple[float, float] | None = None
    weight: float = 1.0
    rows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure.

    Attributes:
        title: What was done, under which conditions.
        verdict: The result in one line, shown under the title.
        tone: Colour of the verdict.
        panels: From top to bottom.
        x_label: Label of the lowest panel.
        x_scale: Scale of all panels.
        x_limits: Limits of all panels; None to fit the data.
        message: Text across the first panel if there is nothing, or no bounds, to show.
        notes: Sentences below the panels.
    """

    title: str
    verdict: str
    tone: Role
    panels: tuple[Panel, ...]
    x_label: str
    x_scale: Literal["linear", "log"] = "linear"
    x_limits: tuple[float, float] | None = None
    message: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def description(self) -> str:
        """A text alternative for screen readers."""
        named = [item.name for panel in self.panels for item in panel.items if not isinstance(item, Mark) and item.name]
        shown = f"Shown over {self.x_label}: {'; '.join(named)}." if named else "Nothing is drawn yet."
        return " ".join([f"{self.verdict}.", *([self.message] if self.message else []), shown, *self.notes])
