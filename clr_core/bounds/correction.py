"""The correction of the rule's own answer by what is known of the training."""

from typing import Final

from clr_core.bounds.training import Training

PLAIN_SGD: Final = 0.3  # decades: without momentum an explosion shows at once, so good rates lie nearer to the edge


def correction(training: Training) -> float:
    """How far the answer moves from the median of what the rule says of the replicas.

    Only the rule itself knows of lagging statistics, because they move the edge that it reads.

    Args:
        training: What is known of the training.

    Returns:
        Decades, positive towards higher rates; 0 if the training is unknown.
    """
    return PLAIN_SGD if training.is_plain_sgd else 0.0
