"""Finds signs of trouble in the curves of a training, as Smith does: pure functions from evaluations to findings.

Source of the signs: L. N. Smith, "A disciplined approach to neural network hyper-parameters: Part 1", 2018
(arXiv:1803.09820), section 3; the rules and their constants are ours, docs/diagnosis.md says where they fail.
"""

from collections.abc import Sequence

from clr_core.diagnosis.batch_size import diagnose_batch_size
from clr_core.diagnosis.divergence import diverged_at, divergence
from clr_core.diagnosis.explosion import Explosion
from clr_core.diagnosis.finding import Evaluation, Finding, finite_part
from clr_core.diagnosis.overfitting import overfitting
from clr_core.diagnosis.peak import peak_too_small
from clr_core.diagnosis.plateau import plateau

__all__ = ["Evaluation", "Explosion", "Finding", "diagnose", "diagnose_batch_size", "diverged_at"]

_RULES = (divergence, overfitting, plateau, peak_too_small)


def diagnose(evaluations: Sequence[Evaluation]) -> list[Finding]:
    """Return the findings of a curve up to its last evaluation; at most one of each code.

    Args:
        evaluations: All evaluations in order of steps. Those from the first non-finite one on are ignored.

    Raises:
        InvalidArgumentError: Steps are not strictly increasing.
    """
    part = finite_part(evaluations)
    return [finding for rule in _RULES if (finding := rule(part)) is not None]
