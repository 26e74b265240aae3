"""Specs of optimizers: one document for each, from which `worker.train.step.optimizers` builds the optimizer."""

from typing import Annotated, Literal

from pydantic import Field
from pydantic_core.core_schema import ValidationInfo

from jobs.spec.base import Strict, field_rule, refuse

Betas = Annotated[list[Annotated[float, Field(ge=0, lt=1)]], Field(min_length=2, max_length=2)]
Decay = Annotated[float, Field(ge=0, le=1e3, description="Weight decay of the optimizer.")]
Eps = Annotated[float, Field(gt=0, le=1)]


class Sgd(Strict):
    """Stochastic gradient descent (`torch.optim.SGD`); ``fused`` updates all weights in one kernel."""

    name: Literal["sgd"]
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Left as it is unless the schedule cycles it."""
    weight_decay: Decay = 0.0
    nesterov: bool = False
    fused: bool = False

    @field_rule("nesterov")
    @classmethod
    def _has_momentum(cls, nesterov: bool, info: ValidationInfo) -> bool:
        if nesterov and info.data.get("momentum") == 0:
            raise refuse("nesterov_without_momentum", "needs a momentum greater than 0")
        return nesterov

    @property
    def cycles_momentum(self) -> bool:
        """Whether there is a momentum for a schedule to cycle."""
        return self.momentum > 0


class Adam(Strict):
    """Adam, or AdamW with decoupled weight decay; the momentum that cycles is the first beta."""

    name: Literal["adam", "adamw"]
    betas: Betas = Field(default=[0.9, 0.999])
    eps: Eps = 1e-8
    weight_decay: Decay = 0.0
    fused: bool = False

    @property
    def cycles_momentum(self) -> bool:
        """Whether there is a momentum for a schedule to cycle."""
        return self.betas[0] > 0


class ScheduleFreeSgd(Strict):
    """Schedule-free SGD (Defazio et al. 2024, arXiv:2405.15682), of the extra ``schedulefree``."""

    name: Literal["schedulefree_sgd"]
    momentum: Annotated[float, Field(gt=0, lt=1)] = 0.9
    weight_decay: Decay = 0.0

    @property
    def cycles_momentum(self) -> bool:
        """False: here momentum is the weight of an average, and must not change."""
        return False


class AdaptiveExtra(Strict):
    """Schedule-free AdamW, or Prodigy (Mishchenko & Defazio 2024, arXiv:2306.06101), each of an extra.

    Prodigy finds the rate itself; the schedule's is a factor on it, 1 being the usual peak.
    """

    name: Literal["schedulefree_adamw", "prodigy"]
    betas: Betas = Field(default=[0.9, 0.999])
    eps: Eps = 1e-8
    weight_decay: Decay = 0.0

    @property
    def cycles_momentum(self) -> bool:
        """False: neither method is defined for changing betas."""
        return False


AnyOptimizer = Sgd | Adam | ScheduleFreeSgd | AdaptiveExtra
Optimizer = Annotated[AnyOptimizer, Field(discriminator="name")]
