"""Turning points of a track, derived from its form, so that the highest step is found without a search of all steps."""

from math import ceil, floor, log

import numpy as np

from clr_core.schedules.composition import Joined, Scaled, Warmed
from clr_core.schedules.piecewise_constant import Stairs
from clr_core.schedules.schedule import Track
from clr_core.schedules.segments import Segments
from clr_core.schedules.triangle import Power, Triangles

_LOOKED_AT = 64


def peak_step(track: Track, n: int) -> int:
    """Return the step below ``n`` >= 1 where ``track`` is highest; of several, the first that was looked at.

    Time and memory do not depend on ``n``. Between two turns a track rises, falls, or has one hill, so the hill is
    searched for around the highest turn. Tracks that are not of this package are looked at evenly.
    """
    steps = np.array(sorted({*turns(track, n - 1), *np.linspace(0, n - 1, _LOOKED_AT).astype(int).tolist()}))
    while True:
        best = int(track.curve(steps).argmax())
        low, high = steps[max(best - 1, 0)], steps[min(best + 1, len(steps) - 1)]
        closer = np.unique(np.append(np.linspace(low, high, _LOOKED_AT).astype(np.int64), steps[best]))
        if high - low < _LOOKED_AT:  # then all steps in between are among them
            return int(closer[track.curve(closer).argmax()])
        steps = closer


def turns(track: Track, last: int) -> set[int]:
    """Return steps from 0 to ``last`` at which ``track`` may turn; of endless cycles, in the first and the last."""
    match track:
        case Segments(parts):
            found = {step for part in parts for step in _around(part.end)}
        case Stairs(milestones):
            found = {step for milestone in milestones for step in (milestone - 1, milestone)}
        case Triangles():
            found = _turns_of_cycles(track, last)
        case Scaled():
            found = turns(track.track, last)
        case Warmed():
            found = {track.steps - 1, track.steps, *turns(track.track, last), *turns(track.track, track.steps)}
        case Joined():
            found = _turns_of_parts(track, last)
        case _:
            found = set()
    return {0, last} | {step for step in found if 0 <= step <= last}


def _turns_of_parts(track: Joined, last: int) -> set[int]:
    ends = [*track.starts[1:], track.end + 1]
    parts = zip(track.starts, ends, track.tracks, strict=True)
    return {start + step for start, end, part in parts if start <= last for step in turns(part, end - 1 - start)}


def _turns_of_cycles(track: Triangles, last: int) -> set[int]:
    cycle = track.up + track.down
    begun = last // cycle * cycle
    found = {start + turn for start in (0, begun - cycle, begun) for turn in (0, track.up)}
    height = track.height
    if isinstance(height, Power) and height.per_step and height.factor < 1:
        found |= {*_around(-1 / log(height.factor))}  # where s * factor ** s is highest
    return found


def _around(place: float) -> tuple[int, int]:
    return floor(place), ceil(place)
