"""The second phase of SWAP: every rank trains alone from the same weights, then the weights are averaged.

Gupta, Serrano & DeCoste 2020 (arXiv:2001.02312), algorithm 1, phases 2 and 3. Ranks exchange no gradients. What they
tell each other a few times a second is their losses, for rank 0 to report, and whether this attempt is to end.

A checkpoint of this phase would hold the weights of every rank. There is none: an attempt that is lost begins the phase
anew from the checkpoint at its start, and comes to the same result to the last bit.
"""

import math
import time
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from clr_core.schedules import constant_batch_size
from clr_core.torch import ScheduledLR
from jobs.errors import TrainingError
from jobs.spec.schedules.builder import Length, build_schedule
from jobs.spec.schedules.rates import Rates
from jobs.spec.weight_averaging import Swap
from jobs.status import Reason
from worker.rundir.control_files import is_asked_to_stop
from worker.rundir.plan import TrainingPlan
from worker.rundir.report import Report
from worker.train.data.splits import Data
from worker.train.process_group import ProcessGroup
from worker.train.step.batch_norm_recalibration import recompute
from worker.train.step.epochs import Epochs
from worker.train.step.learner import Learner
from worker.train.step.loss_exchange import EXCHANGE_INTERVAL_S, MOST_STEPS

SEED_STRIDE = 1_000_003  # seeds of the ranks' data orders, far from those of phase 1


def length_of(swap: Swap, plan: TrainingPlan, samples: int) -> Length:
    """Length of the phase in steps of a rank, of so many samples a pass over the data."""
    size = swap.conditions_of_a_rank(plan.conditions).global_batch_size
    steps = swap.steps or math.ceil((swap.epochs or 0.0) * samples / size)
    return Length(steps, samples / size)


@dataclass(slots=True)
class _Pending:
    """Steps since the last exchange."""

    steps: list[int] = field(default_factory=list)
    lrs: list[float] = field(default_factory=list)
    losses: list[Tensor] = field(default_factory=list)
    begun: float = field(default_factory=time.monotonic)


class SecondPhase:
    """Phases 2 and 3 on one rank.

    Args:
        world: The ranks.
        plan: What to train.
        report: Where rank 0 reports, for every rank.
        data: The dataset on this rank's device.
        weights: Weights and running statistics at the end of phase 1, the same on every rank.
        first: Steps taken by then; the phase's own are counted on from there.
        epoch: Epochs by then.

    Attributes:
        learner: Its model is that of this rank, and after `run` the average.
        steps: Steps of the phase.
    """

    def __init__(  # noqa: PLR0913 - each is decided by another part of a training
        self,
        world: ProcessGroup,
        plan: TrainingPlan,
        report: Report,
        data: Data,
        weights: dict[str, Tensor],
        *,
        first: int,
        epoch: float,
    ) -> None:
        assert plan.spec.swap is not None  # noqa: S101 - there is no second phase without
        swap, cycles_momentum = plan.spec.swap, plan.conditions.optimizer.cycles_momentum
        self._world, self._report, self._first, self._epoch = world, report, first, epoch
        self._seed = plan.spec.seed + SEED_STRIDE * (world.rank + 1)
        self._shared_seed = plan.spec.seed
        length = length_of(swap, plan, len(data.train))
        self.steps = length.total_steps
        asked = swap.conditions_of_a_rank(plan.conditions)
        self._epochs = Epochs(constant_batch_size(asked.global_batch_size), len(data.train))
        rates = Rates.asked(swap.schedule)
        schedule = build_schedule(swap.schedule, rates, length, cycles_momentum=cycles_momentum)
        self.learner = Learner(ProcessGroup(0, 1, world.device), data, asked, seed=self._seed, lr=schedule.lr_at(0))
        self.learner.bare_model.load_state_dict(weights)
        self._scheduler = ScheduledLR(self.learner.optimizer, schedule)
        self._period = 1

    def run(self) -> dict[str, Any] | None:
        """Refine, average and evaluate. All ranks call this.

        Returns:
            Metrics of the ``ranks`` and of their ``average``, and the ``steps`` of each rank; None where the attempt is
            asked to stop.
        """
        pending = _Pending()
        metrics: list[dict[str, float]] = []
        for step in range(self.steps):
            pending.steps.append(step)
            pending.lrs.append(float(self.learner.optimizer.param_groups[0]["lr"]))
            pending.losses.append(self.learner.step(step, self._seed))
            self._scheduler.step()
            is_last = step + 1 == self.steps
            ends_epoch = is_last or self._epochs.ends_at(step)
            if ends_epoch or len(pending.steps) >= self._period:
                if self._exchange(pending):
                    return None
                pending = _Pending()
            if ends_epoch:
                metrics = self._evaluate_ranks(step)
        return {"steps": self.steps, "ranks": metrics, "average": self._average()}

    def _exchange(self, pending: _Pending) -> bool:
        """Report every rank's losses; whether the attempt is to end, as rank 0 says."""
        seconds = max(time.monotonic() - pending.begun, 1e-6)
        period = min(max(round(EXCHANGE_INTERVAL_S * len(pending.steps) / seconds), 1), MOST_STEPS)
        losses = torch.stack(pending.losses).to(torch.float64)
        said = torch.tensor([is_asked_to_stop(self._report.folder), period], dtype=torch.float64, device=losses.device)
        rows = [row.tolist() for row in self._world.gather(torch.cat([losses, said]))]
        stop, period = rows[0][-2:]
        self._period = int(period)
        for rank, row in enumerate(rows):
            self._tell(rank, pending.steps, {"swap_train_loss": row[:-2], "swap_lr": pending.lrs})
            self._refuse_divergence(rank, pending, row[:-2])
        return bool(stop)

    def _tell(self, rank: int, steps: list[int], values: dict[str, list[float]]) -> None:
        done = steps[-1] + 1
        self._report.points(
            [self._first + step for step in steps], values,
            done=self._first + done, epoch=self._epoch + self._epochs.at(done), replica=rank,
        )  # fmt: skip

    def _refuse_divergence(self, rank: int, pending: _Pending, losses: list[float]) -> None:
        for step, lr, loss in zip(pending.steps, pending.lrs, losses, strict=True):
            if not math.isfinite(loss):
                raise TrainingError(
                    Reason.DIVERGED,
                    f"the training loss of rank {rank} became {loss} at step {step} of the second phase, at a learning "
                    f"rate of {lr:.3g}: take a lower rate in swap.schedule",
                )

    def _evaluate_ranks(self, step: int) -> list[dict[str, float]]:
        """Metrics of every rank's own model on the whole validation split."""
        own = self.learner.evaluate()
        values = torch.tensor(list(own.values()), dtype=torch.float64, device=self._world.device)
        found = [dict(zip(own, row.tolist(), strict=True)) for row in self._world.gather(values)]
        for rank, metrics in enumerate(found):
            self._tell(rank, [step], {f"swap_{name}": [value] for name, value in metrics.items()})
        return found

    @torch.no_grad()
    def _average(self) -> dict[str, float]:
        """Give every rank the mean of the ranks' weights; its metrics."""
        for value in self.learner.bare_model.state_dict().values():
            if value.is_floating_point():
                value.copy_(self._world.average(value.contiguous()))  # channels_last is not contiguous
        recompute(self.learner, self._world, self._shared_seed)
        average = self.learner.evaluate()
        last = self._first + self.steps
        values = {name: [value] for name, value in average.items()}
        self._report.points([last - 1], values, done=last, epoch=self._epoch + self._epochs.at(self.steps))
        return average
