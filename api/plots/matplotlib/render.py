"""Renders a figure as SVG or PNG with matplotlib's object interface: pyplot's global state is not thread-safe.

Imported on the first request for a plot: matplotlib takes memory that most API processes never need.
"""

from io import BytesIO
from threading import Lock
from typing import Any, Literal

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Paper

from api.plots.figure import Figure, Panel
from api.plots.matplotlib import layout, text
from api.plots.matplotlib.artists import draw_item
from api.plots.matplotlib.text import drawable
from api.plots.themes import Theme

DPI = 96  # CSS pixels to the inch
MARGIN = 12.0

# matplotlib's parameters and font caches are global to the process.
_LOCK = Lock()
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none", "svg.hashsalt": "clr-service", "text.parse_math": False,
    "font.family": ["DejaVu Sans", "sans-serif"], "font.size": layout.points(layout.SMALL),
    "axes.unicode_minus": True, "path.simplify": True,
}  # fmt: skip

Format = Literal["svg", "png"]


def render(figure: Figure, theme: Theme, width: int, height: int, file_format: Format) -> bytes:
    """Render a figure; the same figure, theme and size give the same bytes.

    Args:
        figure: What to draw.
        theme: Its colours.
        width: Width in pixels.
        height: Height in pixels.
        file_format: ``svg`` or ``png``.
    """
    with _LOCK, mpl.rc_context(_STYLE):
        paper = _draw(figure, theme, width, height)
        out = BytesIO()
        metadata = {"Date": None} if file_format == "svg" else {"Software": None}
        paper.savefig(out, format=file_format, dpi=DPI, facecolor=theme.paper, metadata=metadata)
    return text.described(out.getvalue(), figure) if file_format == "svg" else out.getvalue()


def _draw(figure: Figure, theme: Theme, width: int, height: int) -> Paper:
    # Add a hundredth of a pixel: rounding may put the product just below a whole number of pixels.
    paper = Paper(figsize=((width + 0.01) / DPI, (height + 0.01) / DPI), dpi=DPI, facecolor=theme.paper)
    FigureCanvasAgg(paper)
    top = layout.write_header(paper, figure, theme, MARGIN)
    top += layout.write_legend(paper, figure, theme, (MARGIN, top))
    bottom = layout.write_notes(paper, figure, theme, MARGIN, top)
    rest = height - top - bottom - MARGIN
    rect = (MARGIN / width, (bottom + MARGIN / 2) / height, 1 - 2 * MARGIN / width, rest / height)
    paper.set_layout_engine("constrained", rect=rect, h_pad=0.04, w_pad=0.02)
    fitted = layout.fitting(figure.panels, rest - layout.AXIS)
    panels = [panel for panel, _ in fitted]
    grid = paper.add_gridspec(len(panels), 1, height_ratios=[room for _, room in fitted])
    first = paper.add_subplot(grid[0, 0])
    below = [paper.add_subplot(grid[index, 0], sharex=first) for index in range(1, len(panels))]
    for axes, panel in zip((first, *below), panels, strict=True):
        _draw_panel(axes, panel, figure, theme)
        axes.tick_params(labelbottom=panel is panels[-1])
    (below or [first])[-1].set_xlabel(
        drawable(figure.x_label), color=theme.colours["ink"], fontsize=layout.points(layout.SMALL)
    )
    if figure.message is not None:
        layout.write_message(first, figure, theme, width)
    return paper


def _draw_panel(axes: Axes, panel: Panel, figure: Figure, theme: Theme) -> None:
    _dress(axes, panel, theme)
    axes.set_xscale(figure.x_scale)
    for item in panel.items:
        draw_item(axes, item, theme)
    axes.margins(x=0.01)
    if figure.x_limits is not None:
        axes.set_xlim(*figure.x_limits)
    if panel.limits is not None:
        axes.set_ylim(*panel.limits)
    if figure.x_scale == "log":
        text.mark_decades(axes)
    if panel.rows:
        axes.set_yticks(range(len(panel.rows)), [drawable(row) for row in panel.rows])
        axes.tick_params(axis="y", length=0)


def _dress(axes: Axes, panel: Panel, theme: Theme) -> None:
    ink = theme.colours["ink"]
    axes.set_facecolor(theme.paper)
    axes.grid(visible=True, which="major", axis="x" if panel.rows else "both", color=theme.grid, linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(theme.colours["muted"])
    axes.tick_params(which="both", colors=theme.colours["muted"], labelcolor=ink, labelsize=layout.points(layout.TINY))
    axes.set_ylabel(drawable(panel.label), color=ink, fontsize=layout.points(layout.SMALL))
