"""Peak too low: training loss still falls as fast at the peak of the learning rate as before it."""

from collections.abc import Sequence
from typing import Final

from clr_core.diagnosis.finding import Evaluation, Finding
from clr_core.diagnosis.noise import WINDOW, least_change, level

FEWEST: Final = 7  # evaluations up to the peak: three levels of three, which share only their ends
PASSED: Final = 0.95  # of the peak: a rate below it says that the peak is over
RISEN: Final = 1.5  # the peak over the first rate: less is no cycle

_ADVICE: Final = (
    "A rate near the largest that a training bears stops the fall of the loss for a while. This peak did not, so a "
    "larger max_lr would train faster and regularise more: run a range test with a larger end_lr, or double max_lr "
    "(Smith & Topin, arXiv:1708.07120; Smith, arXiv:1803.09820, section 4.1)."
)


def peak_too_small(evaluations: Sequence[Evaluation]) -> Finding | None:
    """Detect that the second half of the rise to the peak lowered training loss as fast per step as the first half.

    Far below the largest rate that is stable, the loss falls in proportion to the rate (gradient flow), so the second
    half of the rise, with its larger rates, falls faster. Near that rate, noise holds the loss up: it falls slower or
    turns. It is checked once the peak is passed, from levels (medians of three) at the start, half-way and at the peak.

    Fails: if the loss is close to its floor before the peak, there is no finding; a warm-up out of a bad
    initialisation can delay the fall and look like a small peak.
    """
    if not evaluations:
        return None
    top = max(range(len(evaluations)), key=lambda place: evaluations[place].lr)
    peak, last = evaluations[top], evaluations[-1]
    if top + 1 < FEWEST or last.lr > PASSED * peak.lr or peak.lr < RISEN * evaluations[0].lr:
        return None
    losses = [one.train_loss for one in evaluations[: top + 1]]
    half = top // 2
    start, middle, end = losses[:WINDOW], losses[half - 1 : half + 2], losses[-WINDOW:]
    before = (level(start) - level(middle)) / (evaluations[half].step - evaluations[1].step)
    at_peak = (level(middle) - level(end)) / (evaluations[top - 1].step - evaluations[half].step)
    if level(middle) - level(end) <= least_change(losses, 2.0) or at_peak < before:
        return None
    message = (
        f"training loss fell by {at_peak:.3g} a step on the way to the peak of {peak.lr:.3g} at step {peak.step}, and "
        f"by {before:.3g} a step before: the peak did not slow it down"
    )
    evidence = {
        "fall_per_step_before": before, "fall_per_step_at_peak": at_peak, "half_way_step": evaluations[half].step,
        "peak_step": peak.step, "max_lr": peak.lr, "train_loss_at_peak": level(end),
    }  # fmt: skip
    return Finding("peak_too_small", last.step, message, _ADVICE, evidence)
