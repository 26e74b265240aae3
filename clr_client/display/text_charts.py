"""Line charts drawn with characters."""

import math
from collections.abc import Sequence
from typing import TypeAlias

WIDTH, HEIGHT = 78, 16

Line: TypeAlias = tuple[Sequence[float], Sequence[float | None]]


def chart(
    lines: Sequence[Line],
    title: str,
    *,
    log_x: bool = False,
    marks: Sequence[float] = (),
    size: tuple[int, int] = (WIDTH, HEIGHT),
) -> str:
    """Draw lines over a common axis, without colours.

    Args:
        lines: x and y values of each line. Values that are None, or not positive on a logarithmic axis, are left out.
        title: Text above the chart.
        log_x: Whether the x axis is logarithmic.
        marks: x values of vertical lines.
        size: Total columns and rows.
    """
    import plotext  # noqa: PLC0415 - heavy

    figure = plotext.figure
    figure.clear()
    figure.title(title)
    figure.plot_size(*size)
    drawn = [_points(line, log_x) for line in lines]
    for points in drawn:
        if points:
            signal = figure.signal(*zip(*points, strict=True), marker="braille")
            signal.lines(True)
            figure.draw(signal)
    for mark in marks:
        figure.line(math.log10(mark) if log_x else mark, "vertical")
    if log_x:
        _label_decades([x for points in drawn for x, _ in points], figure.ruler("x"))
    return str(plotext.uncolorize(str(figure.build()))).rstrip("\n")


def clip_divergence(values: Sequence[float | None]) -> list[float | None]:
    """Clip the losses of a range test at half as far above their start as they fell below it."""
    known = [value for value in values if value is not None]
    if not known:
        return list(values)
    start, lowest = known[0], min(known)
    highest = start + 0.5 * (start - lowest) if start > lowest else max(known)
    return [None if value is None else min(value, highest) for value in values]


def _points(line: Line, log_x: bool) -> list[tuple[float, float]]:
    pairs = [(x, y) for x, y in zip(*line, strict=True) if y is not None and not (log_x and x <= 0)]
    return [(math.log10(x), y) for x, y in pairs] if log_x else pairs


def _label_decades(logs: Sequence[float], ruler: object) -> None:
    if not logs:
        return
    decades = range(math.ceil(min(logs)), math.floor(max(logs)) + 1)
    ruler.ticks(list(decades), [f"1e{decade}" for decade in decades])  # type: ignore[attr-defined]
