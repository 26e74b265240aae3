"""The batch size of an evaluation, chosen so that it needs no more memory than training does."""

import math

from jobs.spec.conditions import Conditions

_FASTEST = 256  # samples: a small batch underuses a device, and an evaluation stores nothing for a backward pass
_INPUT_BYTES = 1 << 24  # bytes of all samples; larger images keep a device busy in small batches


def evaluation_batch(conditions: Conditions, shape: tuple[int, ...]) -> int:
    """Return the samples that a rank evaluates at once: those it trains on at once, or more if memory allows.

    With ``accumulation_steps`` it does not: pieces are small because device memory is.

    Args:
        conditions: Conditions of the training.
        shape: Shape of one sample.
    """
    piece = conditions.rank_batch_size // conditions.accumulation_steps
    if conditions.accumulation_steps > 1:
        return piece
    return max(piece, min(_FASTEST, _INPUT_BYTES // (4 * math.prod(shape))))
