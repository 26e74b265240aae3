"""Plateau: training loss no longer falls, although the schedule should make it."""

from collections.abc import Sequence
from math import ceil
from typing import Final

from clr_core.diagnosis.finding import Evaluation, Finding
from clr_core.diagnosis.noise import WINDOW, least_change, level, noise

SHORTEST: Final = 8  # evaluations: two levels of three, and two between them
SHARE: Final = 0.25  # of the training so far: what is flat for less may be the crossing of a saddle
LEARNED: Final = 0.05  # of the first loss: a training that has so little left has no plateau but an end
END_SIGMAS: Final = 3.0  # noise above that: an end that noise hides is no plateau either
CONSTANT: Final = 1.01  # highest over lowest rate of a stretch that counts as constant
FALLEN: Final = 2.0  # a rate that fell so far should let the loss fall with it

_ADVICE: Final = (
    "A training loss that stays flat and high is underfitting (Smith, arXiv:1803.09820, section 3.1): try a larger "
    "max_lr from a range test, less weight decay or other regularisation, or a larger model. Cycling the rate crosses "
    "saddle points faster than a constant one (Smith, arXiv:1506.01186, section 3.1)."
)


def plateau(evaluations: Sequence[Evaluation]) -> Finding | None:
    """Detect a flat training loss while the rate was constant, or fell to less than half.

    Around the peak of a cycle a flat loss is usual, and in the annihilation, below the first rate, it is the end: there
    nothing is said. The stretch is the last quarter of the training so far, at least eight evaluations; flat is a fall
    from its first three to its last three of less than the noise of the stretch.

    Fails: with step drops there is no finding for a stretch with a drop of less than half.
    """
    length = max(SHORTEST, ceil(SHARE * len(evaluations)))
    if len(evaluations) < length + WINDOW:
        return None
    stretch = evaluations[-length:]
    rates = [one.lr for one in stretch]
    constant = max(rates) <= CONSTANT * min(rates)
    fallen = rates[0] >= FALLEN * rates[-1] and rates[-1] >= evaluations[0].lr
    train = [one.train_loss for one in stretch]
    now = level(train[-WINDOW:])
    fall = level(train[:WINDOW]) - now
    start = level([one.train_loss for one in evaluations[:WINDOW]])
    has_ended = now <= LEARNED * start + END_SIGMAS * noise(train)
    if not (constant or fallen) or has_ended or fall > least_change(train, 1.0):
        return None
    last = evaluations[-1]
    if constant and len({one.lr for one in evaluations}) > 1 and last.lr < evaluations[0].lr:
        return None  # the flat end of an annihilation
    message = (
        f"training loss stayed at {now:.3g} from step {stretch[0].step} to {last.step}, while the learning rate went "
        f"from {rates[0]:.3g} to {rates[-1]:.3g}"
    )
    evidence = {
        "train_loss": now, "train_loss_first": start, "fall": fall, "since_step": stretch[0].step,
        "least_fall": least_change(train, 1.0), "lr": last.lr, "lr_then": rates[0],
    }  # fmt: skip
    return Finding("plateau", last.step, message, _ADVICE, evidence)
