"""The training time at each step, in seconds: a sum over attempts, without the time between them.

Rank 0 sends the time it has trained with each part of its report. That is one point of the metric ``elapsed_s``, at the
last step of the part; times between two such points are interpolated linearly. An attempt that resumes continues from
the time at its checkpoint, since all later points are deleted.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from jobs.curves.series import Source
from jobs.errors import NoTimesError

METRIC = "elapsed_s"
MOST_ANCHORS = 2000  # of a long range: the lowest and the highest of equal stretches, which are the first and the last


def times_of(source: Source, steps: Sequence[int]) -> dict[int, float]:
    """Return the seconds of training at some steps, given in ascending order.

    Raises:
        NoTimesError: The job has no times.
    """
    if not steps:
        return {}
    clock = replace(source, metric=METRIC, start=0, end=None)
    around = replace(clock, end=steps[0]).last(), replace(clock, start=steps[-1]).first()
    inside = replace(clock, start=steps[0], end=steps[-1]).thinned(MOST_ANCHORS)
    anchors = dict(inside) | dict(each for each in around if each is not None)
    if not anchors:
        raise NoTimesError(source.job_id)
    known = sorted(anchors)
    found = np.interp(steps, known, [anchors[step] for step in known])
    return dict(zip(steps, found.tolist(), strict=True))


def before(source: Source, step: int) -> float:
    """Return the seconds of training before a step; 0 if there are none."""
    last = replace(source, metric=METRIC, end=step - 1).last() if step else None
    return 0.0 if last is None else last[1]
