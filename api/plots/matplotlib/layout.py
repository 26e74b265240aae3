"""Lays out header, legend and notes around the panels, in pixels, so that nothing overlaps at any size."""

from collections.abc import Sequence
from textwrap import wrap
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Paper
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from api.plots.figure import Band, Dash, Figure, Line, Mark, Panel, Role, Rule, Span
from api.plots.matplotlib.text import drawable
from api.plots.themes import Theme

LARGE, MEDIUM, SMALL, TINY = 15.0, 13.0, 12.0, 11.0
LINE_HEIGHT = 1.35
CHARACTER, BOLD_CHARACTER = 0.58, 0.66  # mean width of a character of DejaVu Sans, in units of its size
LEGEND_GAP = 6.0
NOTES_SHARE = 0.35
HEADER_SHARE = 0.17  # largest share of the height that the title, and the verdict, may take
DASHES: dict[Dash, Any] = {"solid": "-", "dash": (0, (5, 3)), "dot": (0, (1.5, 2))}
PANEL, TALL_PANEL, ROW, AXIS = 60.0, 110.0, 15.0, 44.0  # minimum heights


def points(pixels: float) -> float:
    """Convert pixels to matplotlib's unit, 1/72 inch."""
    return pixels * 0.75


def write_header(paper: Paper, figure: Figure, theme: Theme, margin: float) -> float:
    """Write title and verdict; returns their height, including the margin above."""
    top = margin
    ink: Role = "ink"
    for text, size, role in ((figure.title, LARGE, ink), (figure.verdict, MEDIUM, figure.tone)):
        most = max(1, int(HEADER_SHARE * _height(paper) / (size * LINE_HEIGHT)))
        lines = _wrapped(text, _width(paper) - 2 * margin, size * BOLD_CHARACTER, most)
        _write(paper, lines, (margin, top), size, theme.colours[role], fontweight="bold")
        top += len(lines) * size * LINE_HEIGHT
    return top


def write_legend(paper: Paper, figure: Figure, theme: Theme, corner: tuple[float, float]) -> float:
    """Write the legend in as many columns as fit, if the figure is high enough; returns its height."""
    items = [item for panel in figure.panels for item in panel.items]
    handles = [_handle(item, theme) for item in items if not isinstance(item, Mark) and item.name]
    if not handles:
        return LEGEND_GAP
    left, top = corner
    place = (left / _width(paper), 1 - top / _height(paper))
    for columns in range(len(handles), 0, -1):
        legend = paper.legend(
            handles=handles, loc="upper left", bbox_to_anchor=place, ncols=columns, frameon=False, borderpad=0.3,
            borderaxespad=0.0, fontsize=points(TINY), labelcolor=theme.colours["ink"], columnspacing=1.4,
            handlelength=1.8, handletextpad=0.6,
        )  # fmt: skip
        legend.set_in_layout(False)
        extent = legend.get_window_extent(paper.canvas.get_renderer())  # type: ignore[attr-defined]
        if extent.height > _height(paper) - top - TALL_PANEL - AXIS:
            legend.remove()
            break
        if extent.width <= _width(paper) - 2 * left or columns == 1:
            return float(extent.height) + LEGEND_GAP
        legend.remove()
    return LEGEND_GAP


def write_notes(paper: Paper, figure: Figure, theme: Theme, margin: float, top: float) -> float:
    """Write the notes at the bottom, as many lines as fit below ``top``; returns their height."""
    lines = [line for note in figure.notes for line in _wrapped(note, _width(paper) - 2 * margin, TINY * CHARACTER)]
    below = _height(paper) - top
    fit = max(0, int(min(NOTES_SHARE * below, below - TALL_PANEL - AXIS) / (TINY * LINE_HEIGHT)))
    if len(lines) > fit:
        lines = [*lines[: fit - 1], "… and more: see the job's documents for the full text."] if fit else []
    height = len(lines) * TINY * LINE_HEIGHT
    _write(paper, lines, (margin, _height(paper) - height - margin / 2), TINY, theme.colours["ink"])
    return height + (margin / 2 if lines else 0.0)


def write_message(axes: Axes, figure: Figure, theme: Theme, width: int) -> None:
    """Write the message across the first panel."""
    axes.text(
        0.5, 0.95, "\n".join(_wrapped(figure.message or "", 0.62 * width, MEDIUM * CHARACTER)),
        transform=axes.transAxes, ha="center", va="top", color=theme.colours["ink"], fontsize=points(MEDIUM),
        linespacing=LINE_HEIGHT, zorder=10,
        bbox={"facecolor": theme.paper, "edgecolor": theme.colours[figure.tone], "boxstyle": "round,pad=0.7"},
    )  # fmt: skip


def fitting(panels: Sequence[Panel], height: float) -> list[tuple[Panel, float]]:
    """The panels from the top that fit into ``height`` pixels, with their heights; the first always fits.

    Panels of rows get the height that their text needs; the others share the rest by weight.
    """
    kept, needed = list(panels[:1]), TALL_PANEL
    for panel in panels[1:]:
        needed += _rows_height(panel) or PANEL
        if needed > height:
            break
        kept.append(panel)
    rest = height - sum(_rows_height(panel) for panel in kept)
    weights = sum(panel.weight for panel in kept if not panel.rows)
    return [(panel, _rows_height(panel) or rest * panel.weight / weights) for panel in kept]


def _rows_height(panel: Panel) -> float:
    return ROW * (len(panel.rows) + 1) if panel.rows else 0.0


def _handle(item: Line | Band | Span | Rule, theme: Theme) -> Any:
    colour, name = theme.colours[item.colour], drawable(item.name or "")
    if isinstance(item, Band | Span):
        return Patch(facecolor=colour, alpha=max(item.opacity, 0.25), linewidth=0, label=name)
    alpha = item.opacity if isinstance(item, Line) else 1.0
    return Line2D(
        [],
        [],
        color=colour,
        linewidth=points(item.width),
        linestyle=DASHES[item.dash],
        alpha=max(alpha, 0.5),
        label=name,
    )


def _wrapped(text: str, width: float, character: float, most: int | None = None) -> list[str]:
    return wrap(drawable(text), max(12, int(width / character)), max_lines=most, placeholder=" …") or [""]


def _write(paper: Paper, lines: list[str], corner: tuple[float, float], size: float, colour: str, **style: Any) -> None:
    for index, line in enumerate(lines):
        top = corner[1] + index * size * LINE_HEIGHT
        paper.text(
            corner[0] / _width(paper), 1 - top / _height(paper), line, ha="left", va="top", color=colour,
            fontsize=points(size), **style,
        ).set_in_layout(False)  # fmt: skip


def _width(paper: Paper) -> float:
    return float(paper.get_figwidth() * paper.dpi)


def _height(paper: Paper) -> float:
    return float(paper.get_figheight() * paper.dpi)
