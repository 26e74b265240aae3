"""The batch size of an evaluation, chosen so that it needs no more memory than training does."""

import math

from jobs.spec.conditions import Conditions

_FASTEST = 256  # samples: a small batch leaves a device idle, and an evaluation keeps nothing for a backward pass
_INPUT_BYTES = 1 << 24  # of them; images that are larger fill a device by themselves


def evaluation_batch(conditions: Conditions, shape: tuple[int, ...]) -> int:
    """Samples that a rank evaluates at once: those that it trains on at once, or more where memory is no concern.

    With ``accumulation_steps`` it is: pieces are small because a device is.

    Args:
        conditions: Of the training.
        shape: Of one sample.
    """
    piece = conditions.rank_batch_size // conditions.accumulation_steps
    if conditions.accumulation_steps > 1:
        return piece
    return max(piece, min(_FASTEST, _INPUT_BYTES // (4 * math.prod(shape))))
