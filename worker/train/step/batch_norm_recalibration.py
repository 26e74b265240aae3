"""Recomputes batch norm's running statistics for averaged weights, which no training step has used."""

import torch

from worker.rundir.activity import activity
from worker.train.process_group import ProcessGroup
from worker.train.step.held_out_metrics import batch_norms
from worker.train.step.learner import Learner


@torch.no_grad()
def recompute(learner: Learner, world: ProcessGroup, seed: int) -> None:
    """Recompute the running statistics in one pass over the training data, shared by the ranks. All ranks call this.

    They are the means of the batches' means and variances (Izmailov et al. 2018, arXiv:1803.05407, section 3.2), with
    augmentation and pieces as in training. Every rank takes the same number of batches; the remaining data is left out.

    Args:
        learner: The learner, whose model has equal weights on every rank.
        world: The ranks.
        seed: Seed of the order in which the data is cut into batches.
    """
    norms = [norm for norm in batch_norms(learner.bare_model) if norm.track_running_stats]
    if not norms:
        return
    momenta = [norm.momentum for norm in norms]
    learner.bare_model.train()
    batches = (learner.batch(step, seed)[0] for step in _steps_of(learner, world))
    for number, part in enumerate(part for batch in batches for part in batch.split(learner.piece)):
        activity.at("ending")
        for norm in norms:
            norm.momentum = 1 / (number + 1)  # so the running mean is the mean of all batches so far
        learner.outputs(part)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
        for running in (norm.running_mean, norm.running_var):
            if running is not None:
                world.average(running)


def _steps_of(learner: Learner, world: ProcessGroup) -> range:
    """Return the steps of this rank in one pass; all steps if the ranks share the learner's batches anyway."""
    batches = max(len(learner.data.train) // learner.conditions.global_batch_size, 1)
    if learner.world.size > 1:
        return range(batches)
    share = max(batches // world.size, 1)
    return range(world.rank * share, (world.rank + 1) * share)
