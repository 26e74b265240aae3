"""Facts about a dataset that are known without loading it."""

import math
from typing import Literal

from jobs.spec.base import Strict


class Facts(Strict):
    """Size and form of a dataset, found when it was uploaded.

    Attributes:
        task: Whether classes or numbers are to be predicted.
        samples: Samples of all splits.
        train_samples: Samples of the training split, null where the dataset comes unsplit.
        shape: Shape of one input, ``[F]`` or ``[channels, height, width]``; null for images of different sizes.
        dtype: Type of the inputs: uint8 or float32.
        classes: Number of classes; null for regression.
        class_names: Their names in order of the labels, where they have names.
        targets: Numbers to predict for each sample; null for classification.
    """

    task: Literal["classification", "regression"]
    samples: int
    train_samples: int | None
    shape: list[int] | None
    dtype: Literal["uint8", "float32"]
    classes: int | None = None
    class_names: list[str] | None = None
    targets: int | None = None

    def training_samples(self, val_fraction: float) -> int:
        """Samples of the training split, if ``val_fraction`` of an unsplit dataset is held back, rounded up."""
        if self.train_samples is not None:
            return self.train_samples
        return self.samples - math.ceil(val_fraction * self.samples)
