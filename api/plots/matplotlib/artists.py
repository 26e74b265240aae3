"""Draws the items of a panel with matplotlib."""

from matplotlib.axes import Axes

from api.plots.figure import Band, Item, Line, Mark, Rule, Span
from api.plots.matplotlib.layout import DASHES, TINY, points
from api.plots.matplotlib.text import drawable
from api.plots.themes import Theme

MARKERS = {
    "circle": "o", "square": "s", "diamond": "D", "triangle": "^", "cross": "X", "star": "*", "pentagon": "P",
}  # fmt: skip


def draw_item(axes: Axes, item: Item, theme: Theme) -> None:
    """Draw one item; its name becomes the label that the legend shows."""
    match item:
        case Line():
            _line(axes, item, theme.colours[item.colour])
        case Band():
            axes.fill_between(
                item.x, item.low, item.high, color=theme.colours[item.colour], alpha=item.opacity, linewidth=0
            )
        case Span():
            axes.axvspan(item.low, item.high, color=theme.colours[item.colour], alpha=item.opacity, linewidth=0)
        case Rule():
            _rule(axes, item, theme)
        case Mark():
            _mark(axes, item, theme)


def _line(axes: Axes, item: Line, colour: str) -> None:
    y = [float("nan") if value is None else value for value in item.y]
    axes.plot(
        item.x, y, color=colour, linewidth=points(item.width), alpha=item.opacity, linestyle=DASHES[item.dash],
        marker=MARKERS[item.symbol] if item.symbol else None, markersize=points(6),
    )  # fmt: skip


def _rule(axes: Axes, item: Rule, theme: Theme) -> None:
    colour = theme.colours[item.colour]
    axes.axvline(item.x, color=colour, linewidth=points(item.width), linestyle=DASHES[item.dash])
    if item.label is None:
        return
    is_left = item.label_side == "left"
    axes.annotate(
        drawable(item.label), xy=(item.x, 1.0), xycoords=("data", "axes fraction"),
        xytext=(-5 if is_left else 5, -4), textcoords="offset points", ha="right" if is_left else "left", va="top",
        color=colour, fontsize=points(TINY), fontweight="bold",
        bbox={"facecolor": theme.paper, "edgecolor": "none", "alpha": 0.75, "pad": 1.5},
    )  # fmt: skip


def _mark(axes: Axes, item: Mark, theme: Theme) -> None:
    colour = theme.colours[item.colour]
    if item.interval is not None:
        low, high = item.interval
        reach = [[max(item.x - low, 0.0)], [max(high - item.x, 0.0)]]
        axes.errorbar([item.x], [item.y], xerr=reach, color=colour, capsize=points(4), linewidth=points(2))
    axes.plot(
        [item.x], [item.y], linestyle="none", marker=MARKERS[item.symbol], markersize=points(item.size), color=colour,
        markeredgecolor=theme.paper, markeredgewidth=points(0.8), zorder=5,
    )  # fmt: skip
    if item.label is not None:
        end = item.x if item.interval is None else max(item.x, item.interval[1])
        axes.annotate(
            drawable(item.label), xy=(end, item.y), xytext=(7, 5 if item.raised else 0), textcoords="offset points",
            ha="left", va="bottom" if item.raised else "center", color=colour, fontsize=points(TINY),
        )  # fmt: skip
