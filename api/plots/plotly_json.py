"""Renders a figure as Plotly JSON. SVG traces only: WebGL traces need ``eval``, which our pages forbid."""

from html import escape
from math import log10
from textwrap import wrap
from typing import Any

from api.plots.figure import Band, Dash, Figure, Item, Line, Mark, Panel, Rule, Span
from api.plots.themes import Theme

FONT = "DejaVu Sans, Verdana, Arial, sans-serif"
GAP = 0.04
CHARACTER_PX = 7.2
LINE_PX = 17
DASHES: dict[Dash, str] = {"solid": "solid", "dash": "dash", "dot": "dot"}
SYMBOLS = {
    "circle": "circle", "square": "square", "diamond": "diamond", "triangle": "triangle-up", "cross": "x",
    "star": "star", "pentagon": "pentagon",
}  # fmt: skip


def render(figure: Figure, theme: Theme, width: int, height: int) -> dict[str, Any]:
    """Return ``{"data": [...], "layout": {...}}`` for ``Plotly.newPlot``.

    Args:
        figure: What to draw.
        theme: Its colours.
        width: Width in CSS pixels.
        height: Height in CSS pixels.
    """
    data: list[dict[str, Any]] = []
    notes = [line for note in figure.notes for line in wrap(note, max(20, int((width - 80) / CHARACTER_PX)))]
    layout = _layout(figure, theme, width, height, len(notes))
    for index, (panel, domain) in enumerate(zip(figure.panels, _domains(figure.panels), strict=True)):
        suffix = "" if index == 0 else str(index + 1)
        layout[f"yaxis{suffix}"] = _y_axis(panel, theme, domain)
        for item in panel.items:
            data += _traces(item, theme, suffix)
            layout["shapes"] += _shapes(item, theme, suffix)
            layout["annotations"] += _labels(item, theme, suffix, is_log=figure.x_scale == "log")
    if figure.message is not None:
        layout["annotations"].append(_message(figure, theme, width))
    if notes:
        layout["annotations"].append(
            _text("<br>".join(escape(line) for line in notes), theme, x=0, y=0, yshift=-48, yanchor="top")
            | {"xanchor": "left", "align": "left"}
        )
    return {"data": data, "layout": layout}


def _domains(panels: tuple[Panel, ...]) -> list[tuple[float, float]]:
    """Return the y domain of each panel, from top to bottom."""
    room = (1 - GAP * (len(panels) - 1)) / sum(panel.weight for panel in panels)
    domains, top = [], 1.0
    for panel in panels:
        bottom = max(0.0, top - room * panel.weight)
        domains.append((bottom, top))
        top = bottom - GAP
    return domains


def _layout(figure: Figure, theme: Theme, width: int, height: int, note_lines: int) -> dict[str, Any]:
    last = "" if len(figure.panels) == 1 else str(len(figure.panels))
    x_axis: dict[str, Any] = {
        "type": figure.x_scale, "title": {"text": figure.x_label}, "anchor": f"y{last}", "gridcolor": theme.grid,
        "zeroline": False,
    }  # fmt: skip
    if figure.x_limits is not None:
        is_log = figure.x_scale == "log"
        x_axis["range"] = [log10(end) if is_log else end for end in figure.x_limits]
    if figure.x_scale == "log":
        x_axis |= {"exponentformat": "power", "dtick": 1}
    title = {
        "text": escape(figure.title),
        "subtitle": {"text": escape(figure.verdict), "font": {"color": theme.colours[figure.tone]}},
        "x": 0.01, "xanchor": "left",
    }  # fmt: skip
    return {
        "title": title, "width": width, "height": height, "paper_bgcolor": theme.paper, "plot_bgcolor": theme.paper,
        "font": {"color": theme.colours["ink"], "family": FONT, "size": 12}, "hovermode": "closest",
        "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": 1.01, "yanchor": "bottom"},
        "margin": {"l": 70, "r": 30, "t": 120, "b": 56 + LINE_PX * note_lines}, "xaxis": x_axis,
        "shapes": [], "annotations": [], "meta": {"description": figure.description},
    }  # fmt: skip


def _y_axis(panel: Panel, theme: Theme, domain: tuple[float, float]) -> dict[str, Any]:
    axis: dict[str, Any] = {
        "domain": list(domain), "title": {"text": panel.label}, "gridcolor": theme.grid, "zeroline": False,
        "automargin": True,
    }  # fmt: skip
    if panel.limits is not None:
        axis["range"] = list(panel.limits)
    if panel.rows:
        axis |= {
            "tickmode": "array", "tickvals": list(range(len(panel.rows))),
            "ticktext": [escape(row) for row in panel.rows], "showgrid": False,
        }  # fmt: skip
    return axis


def _traces(item: Item, theme: Theme, suffix: str) -> list[dict[str, Any]]:
    axes = {"type": "scatter", "xaxis": "x", "yaxis": f"y{suffix}"}
    if isinstance(item, Line):
        return [axes | _line(item, theme)]
    if isinstance(item, Band):
        edge = axes | {"mode": "lines", "line": {"width": 0}, "x": list(item.x), "hoverinfo": "skip"}
        fill = {"fill": "tonexty", "fillcolor": _translucent(theme.colours[item.colour], item.opacity)}
        return [edge | {"y": list(item.low), "showlegend": False}, edge | fill | {"y": list(item.high)} | _named(item)]
    if isinstance(item, Mark):
        return [axes | _mark(item, theme)]
    return []


def _line(item: Line, theme: Theme) -> dict[str, Any]:
    colour = theme.colours[item.colour]
    trace: dict[str, Any] = {
        "mode": "lines+markers" if item.symbol else "lines", "x": list(item.x), "y": list(item.y),
        "opacity": item.opacity, "line": {"color": colour, "width": item.width, "dash": DASHES[item.dash]},
        "connectgaps": False,
    }  # fmt: skip
    if item.symbol:
        trace["marker"] = {"symbol": SYMBOLS[item.symbol], "size": 6, "color": colour}
    return trace | _named(item)


def _mark(item: Mark, theme: Theme) -> dict[str, Any]:
    colour = theme.colours[item.colour]
    trace: dict[str, Any] = {
        "mode": "markers", "x": [item.x], "y": [item.y], "showlegend": False,
        "marker": {"symbol": SYMBOLS[item.symbol], "size": item.size, "color": colour},
    }  # fmt: skip
    if item.interval is not None:
        low, high = item.interval
        trace["error_x"] = {
            "type": "data", "symmetric": False, "array": [max(high - item.x, 0.0)],
            "arrayminus": [max(item.x - low, 0.0)], "color": colour, "thickness": 2, "width": 4,
        }  # fmt: skip
    return trace


def _shapes(item: Item, theme: Theme, suffix: str) -> list[dict[str, Any]]:
    if not isinstance(item, Span | Rule):
        return []
    place = {"xref": "x", "yref": f"y{suffix} domain", "y0": 0, "y1": 1, **_named(item)}
    colour = theme.colours[item.colour]
    if isinstance(item, Span):
        fill = {"type": "rect", "layer": "below", "fillcolor": colour, "opacity": item.opacity, "line": {"width": 0}}
        return [place | fill | {"x0": item.low, "x1": item.high}]
    line = {"color": colour, "width": item.width, "dash": DASHES[item.dash]}
    return [place | {"type": "line", "x0": item.x, "x1": item.x, "line": line}]


def _labels(item: Item, theme: Theme, suffix: str, *, is_log: bool) -> list[dict[str, Any]]:
    if not isinstance(item, Rule | Mark) or item.label is None:
        return []
    text = escape(item.label).replace("\n", "<br>")
    style = {"font": {"color": theme.colours[item.colour], "size": 11}}
    if isinstance(item, Rule):
        x, left = item.x, item.label_side == "left"
        beside = {"yref": f"y{suffix} domain", "y": 1, "yanchor": "top", "align": "right" if left else "left"}
        beside |= {"xanchor": "right" if left else "left"}
    else:
        x = item.x if item.interval is None else max(item.x, item.interval[1])
        beside = {"yref": f"y{suffix}", "y": item.y, "xanchor": "left", "xshift": 8}
        beside["yanchor"] = "bottom" if item.raised else "middle"
    # Unlike shapes and traces, Plotly's annotations need the logarithm of x.
    place = {"xref": "x", "x": log10(x) if is_log else x, "text": text, "showarrow": False}
    return [place | beside | style]


def _message(figure: Figure, theme: Theme, width: int) -> dict[str, Any]:
    lines = wrap(figure.message or "", max(20, int(width * 0.7 / CHARACTER_PX)))
    text = _text("<br>".join(escape(line) for line in lines), theme, x=0.5, y=0.95, yref="y domain", yanchor="top")
    return text | {
        "xref": "x domain", "bgcolor": theme.paper, "bordercolor": theme.colours[figure.tone], "borderpad": 10,
        "font": {"size": 14},
    }  # fmt: skip


def _text(text: str, theme: Theme, **place: Any) -> dict[str, Any]:
    return {
        "text": text, "showarrow": False, "xref": "paper", "yref": "paper",
        "font": {"color": theme.colours["ink"], "size": 11}, **place,
    }  # fmt: skip


def _named(item: Line | Band | Span | Rule) -> dict[str, Any]:
    return {"name": escape(item.name), "showlegend": True} if item.name else {"showlegend": False}


def _translucent(colour: str, opacity: float) -> str:
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {opacity:g})"
