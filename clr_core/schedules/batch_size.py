"""Batch sizes over steps, for the training loop to use beside a schedule of learning rates."""

from bisect import bisect_right
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clr_core.errors import InvalidArgumentError
from clr_core.schedules import validation


@dataclass(frozen=True, slots=True)
class BatchSizeSchedule:
    """The global batch size at every step: an immutable value, a pure function of the step.

    Attributes:
        starts: Steps at which a size begins, the first of them 0, in rising order.
        sizes: Samples in the batch from there on, over all ranks.
    """

    starts: tuple[int, ...]
    sizes: tuple[int, ...]

    def batch_size_at(self, step: int) -> int:
        """Return the samples of update number ``step``, from zero.

        Raises:
            InvalidArgumentError: ``step`` is negative.
        """
        if step < 0:
            raise InvalidArgumentError("step", step, "a step >= 0")
        return self.sizes[bisect_right(self.starts, step) - 1]

    def samples_before(self, step: int) -> int:
        """Return the samples of updates 0 to ``step`` - 1 together.

        Raises:
            InvalidArgumentError: ``step`` is negative.
        """
        if step < 0:
            raise InvalidArgumentError("step", step, "a step >= 0")
        ends = (*self.starts[1:], step)
        spans = zip(self.starts, ends, self.sizes, strict=True)
        return sum(max(min(end, step) - start, 0) * size for start, end, size in spans)

    def steps_for(self, samples: int) -> int:
        """Return the fewest updates that see ``samples`` samples or more.

        Raises:
            InvalidArgumentError: ``samples`` is negative.
        """
        if samples < 0:
            raise InvalidArgumentError("samples", samples, "a number of samples >= 0")
        part = bisect_right([self.samples_before(start) for start in self.starts], samples) - 1
        start = self.starts[part]
        return start + -(-(samples - self.samples_before(start)) // self.sizes[part])

    def curve(self, n: int) -> NDArray[np.int64]:
        """Return the batch sizes of steps 0 to ``n`` - 1, shape (n,), equal to `batch_size_at`.

        Raises:
            InvalidArgumentError: ``n`` is negative or no whole number.
        """
        steps = np.arange(validation.steps("n", n, at_least=0), dtype=np.int64)
        part = np.searchsorted(np.array(self.starts, dtype=np.int64), steps, side="right") - 1
        curve: NDArray[np.int64] = np.array(self.sizes, dtype=np.int64)[part]
        return curve


def constant_batch_size(batch_size: int) -> BatchSizeSchedule:
    """One batch size for ever.

    Args:
        batch_size: Samples in a batch over all ranks, >= 1.

    Raises:
        InvalidArgumentError: It is less, or no whole number.
    """
    return BatchSizeSchedule((0,), (validation.samples("batch_size", batch_size),))


def warm_start_batch_size(batch_size: int, small_batch_size: int, small_steps: int) -> BatchSizeSchedule:
    """Small batches first, then large ones.

    ``batch_size(s) = small_batch_size`` for s < ``small_steps``, ``batch_size`` from there on.

    Keskar et al. 2017, "On large-batch training for deep learning: generalization gap and sharp minima"
    (arXiv 1609.04836), section 4 (warm-started large batches; they switched after a number of epochs of batch 256).

    Args:
        batch_size: Samples in a batch over all ranks after the warm start, > ``small_batch_size``.
        small_batch_size: Samples in a batch over all ranks during it, >= 1.
        small_steps: Length of the warm start, >= 1.

    Raises:
        InvalidArgumentError: An argument outside its range; the message names it, its value and the range.
    """
    small = validation.samples("small_batch_size", small_batch_size)
    large = validation.samples("batch_size", batch_size)
    if large <= small:
        raise InvalidArgumentError("batch_size", batch_size, f"above small_batch_size = {small}")
    return BatchSizeSchedule((0, validation.steps("small_steps", small_steps)), (small, large))
