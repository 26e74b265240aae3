"""Overfitting: validation loss rises while training loss falls."""

from collections.abc import Sequence
from typing import Final

from clr_core.diagnosis.finding import Evaluation, Finding
from clr_core.diagnosis.noise import WINDOW, least_change, level

SIGMAS: Final = 3.0  # a rise that noise alone makes once in some hundred evaluations

_ADVICE: Final = (
    "Rising validation loss is the sign of overfitting (Smith, arXiv:1803.09820, section 3.2). If it rises in the last "
    "part of a 1cycle, the annihilation is too long: shorten it or end the training earlier. If it rises before, the "
    "peak is too low: large learning rates regularise, so try a higher max_lr (section 4.1; Smith & Topin, "
    "arXiv:1708.07120). Else more of another regularisation: a larger weight decay first (section 4.4)."
)


def overfitting(evaluations: Sequence[Evaluation]) -> Finding | None:
    """Detect a lasting rise of validation loss while training loss keeps falling.

    The lowest level (median of three neighbours) of the validation loss is compared with the last one. Overfitting is
    a rise of more than three times the noise, over at least three evaluations that came after the lowest level, with a
    training loss that fell by more than its own noise in the same time.

    Fails: a validation loss that rises because batch norm's statistics lag behind at high rates looks the same while
    training loss falls. Fewer than seven evaluations are not enough.
    """
    if len(evaluations) < 2 * WINDOW + 1:
        return None
    val = [one.val_loss for one in evaluations]
    train = [one.train_loss for one in evaluations]
    levels = [level(val[i : i + WINDOW]) for i in range(len(val) - WINDOW + 1)]
    lowest = min(range(len(levels)), key=levels.__getitem__)
    if lowest + WINDOW > len(val) - WINDOW:
        return None  # the levels would share evaluations
    rise = levels[-1] - levels[lowest]
    fall = level(train[lowest : lowest + WINDOW]) - level(train[-WINDOW:])
    if rise <= least_change(val, SIGMAS) or fall <= least_change(train, 1.0):
        return None
    last, turn = evaluations[-1], evaluations[lowest + 1]
    return Finding(
        "overfitting", last.step,
        f"validation loss rose by {rise:.3g} since step {turn.step}, where it was {levels[lowest]:.3g}, while training "
        f"loss fell by {fall:.3g}",
        _ADVICE,
        {
            "val_loss_min": levels[lowest], "val_loss_min_step": turn.step, "val_loss": levels[-1], "rise": rise,
            "train_loss_fall": fall, "least_rise": least_change(val, SIGMAS), "lr": last.lr,
        },
    )  # fmt: skip
