"""Divergence: training loss is not a finite number, or has risen far above its earlier level."""

import math
from collections.abc import Sequence
from typing import Final

from clr_core.diagnosis.finding import Evaluation, Finding
from clr_core.diagnosis.noise import least_change

RISE: Final = 3.0  # that of `clr_core.range_test.DivergenceRule`: two further falls above the start
PATIENCE: Final = 2  # consecutive evaluations above the start: a single one may be a bump at the peak
CLIMB: Final = 0.1  # of the fall: how far above the start counts, so that a return to it alone does not

WORTH_NOISE: Final = 4  # evaluations from which a noise can be told

_ADVICE: Final = (
    "The learning rate is too high for these conditions: take a lower max_lr, best from a range test under the same "
    "conditions, whose curve shows where the loss turns up (Smith, arXiv:1506.01186, section 3.3). A large weight "
    "decay or momentum lowers the rate that a training bears (Smith, arXiv:1803.09820, sections 4.3 and 4.4)."
)


def diverged_at(steps: Sequence[int], losses: Sequence[float], lrs: Sequence[float]) -> Finding | None:
    """Return the first training loss that is NaN or infinite, with its learning rate.

    Args:
        steps: Zero-based steps, rising.
        losses: Training loss of each, the mean over all ranks.
        lrs: Learning rate of each.
    """
    for step, loss, lr in zip(steps, losses, lrs, strict=True):
        if not math.isfinite(loss):
            message = f"training loss became {loss} at step {step}, at a learning rate of {lr:.3g}"
            return Finding("divergence", step, message, _ADVICE, {"lr": lr})
    return None


def divergence(evaluations: Sequence[Evaluation]) -> Finding | None:
    """Detect a training loss that has exploded but is still finite.

    With first the mean training loss of the first evaluation, best the lowest and fall = first - best, it has when

    * the last one is above best + 3 · fall, the rule of the range test, or
    * the last two are above first + 0.1 · fall: the training is worse off than after its first epoch, and stays so.

    A fall within twice the noise counts as none, and without a fall there is no finding. An exploded curve may recover,
    so this is an alarm and no failure.
    """
    losses = [one.train_loss for one in evaluations]
    if len(losses) < PATIENCE + 2:
        return None
    best = min(range(len(losses)), key=losses.__getitem__)
    fall = losses[0] - losses[best]
    before = losses[: best + 1]
    if fall <= 0 or (len(before) > WORTH_NOISE and fall <= least_change(before, 2.0)):
        return None
    last = evaluations[-1]
    lowest_of_last = min(losses[-PATIENCE:])
    exploded = losses[-1] > losses[best] + RISE * fall
    if not exploded and lowest_of_last <= losses[0] + CLIMB * fall:
        return None
    highest = max(evaluations[best:], key=lambda one: one.lr)
    message = (
        f"training loss climbed to {losses[-1]:.3g} by step {last.step}, after {losses[best]:.3g} at step "
        f"{evaluations[best].step}; the learning rate was up to {highest.lr:.3g} since then"
    )
    evidence = {
        "train_loss": losses[-1], "train_loss_first": losses[0], "train_loss_min": losses[best],
        "train_loss_min_step": evaluations[best].step, "lr": last.lr, "lr_max_since": highest.lr,
    }  # fmt: skip
    return Finding("divergence", last.step, message, _ADVICE, evidence)
