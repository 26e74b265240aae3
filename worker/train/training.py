"""Training: one readable loop. The schedule says the LR and momentum of every step; nothing else does."""

import math
from dataclasses import dataclass
from typing import Any

from clr_core.torch_scheduler import ScheduledLR
from jobs.batch_sizes import batch_sizes
from jobs.errors import TrainingError
from jobs.schedules import build_schedule
from jobs.spec import TrainSpec
from jobs.status import Reason
from worker.train import checkpoint
from worker.train.data import Data
from worker.train.datasets import load
from worker.train.epochs import Epochs
from worker.train.learner import Learner
from worker.train.ledger import Ledger
from worker.train.plan import Plan
from worker.train.report import Report
from worker.train.world import World


def run(world: World, plan: Plan, report: Report) -> None:
    """Train from the beginning, or from the plan's checkpoint, to the end."""
    data = load(plan, world.device)
    Training(world, plan, report, data).run()


@dataclass(slots=True)
class _Rates:
    """LR and momentum as the optimizer really had them, step by step since the last exchange."""

    lr: list[float]
    momentum: list[float]


class Training:
    """One training on one rank.

    Args:
        world: The ranks.
        plan: What to train.
        report: Where rank 0 reports.
        data: The dataset on this rank's device.
    """

    def __init__(self, world: World, plan: Plan, report: Report, data: Data) -> None:
        assert isinstance(plan.spec, TrainSpec)  # noqa: S101 - by the job's kind
        self.spec, self.plan, self.report = plan.spec, plan, report
        sizes = batch_sizes(plan.conditions, plan.spec.batch_size_warm_start)
        self.epochs = Epochs(sizes, len(data.train))
        self.length = self.epochs.length_of(plan.spec)
        self.cycles_momentum = plan.conditions.optimizer.cycles_momentum
        schedule = build_schedule(plan.spec.schedule, plan.resolved, self.length, cycles_momentum=self.cycles_momentum)
        self.learner = Learner(
            world, data, plan.conditions,
            seed=plan.spec.seed, lr=schedule.lr_at(0), sizes=sizes, ema_decay=plan.spec.ema_decay,
        )  # fmt: skip
        self.scheduler = ScheduledLR(self.learner.optimizer, schedule)
        self.ledger = Ledger(world, plan.checkpoint_interval_s)
        self.rates = _Rates([], [])
        self.evaluation: dict[str, float] = {}

    def run(self) -> None:
        """Go through the steps that are left; evaluate at each epoch's end, save when rank 0's clock says so."""
        first = 0
        if self.plan.resume is not None:
            first = checkpoint.restore(self.learner, self.plan.resume)
            self.scheduler.load_state_dict({"step": first})
        total = self.length.total_steps
        self.report.plan(total, {"total_steps": total, "steps_per_epoch": self.length.steps_per_epoch})
        for step in range(first, total):
            self._note_rates()
            self.ledger.add(step, self.learner.step(step, self.spec.seed))
            self.scheduler.step()
            ends_epoch = self._ends_epoch(step)
            if self.ledger.is_due or ends_epoch:
                self._exchange(step, evaluate=ends_epoch)
        if not self.evaluation:  # resumed from the last checkpoint, with no step left
            self.evaluation = self.learner.evaluate()
        self.report.result({"final": self.evaluation, "total_steps": total})

    def _ends_epoch(self, step: int) -> bool:
        return step + 1 == self.length.total_steps or self.epochs.ends_at(step)

    def _note_rates(self) -> None:
        group: dict[str, Any] = self.learner.optimizer.param_groups[0]
        self.rates.lr.append(float(group["lr"]))
        if self.cycles_momentum:
            self.rates.momentum.append(float(group["betas"][0] if "betas" in group else group["momentum"]))

    def _exchange(self, step: int, *, evaluate: bool) -> None:
        exchange = self.ledger.exchange()
        sizes = self.epochs.sizes
        samples = sizes.samples_before(exchange.steps[-1] + 1) - sizes.samples_before(exchange.steps[0])
        speed = samples / max(exchange.seconds, 1e-9)
        values = {"train_loss": exchange.losses, "lr": self.rates.lr}
        if self.cycles_momentum:
            values["momentum"] = self.rates.momentum
        values["samples_per_s"] = [speed] * len(exchange.steps)
        done, epoch = step + 1, self.epochs.at(step + 1)
        self.report.points(exchange.steps, values, done=done, epoch=epoch)
        self.rates = _Rates([], [])
        self._refuse_divergence(exchange.steps, exchange.losses, values["lr"])
        if evaluate:
            self.evaluation = self.learner.evaluate()
            self.report.points(
                [step], {name: [value] for name, value in self.evaluation.items()}, done=done, epoch=epoch
            )
        if exchange.checkpoint_due or done == self.length.total_steps:
            checkpoint.save(self.learner, self.report, done)

    def _refuse_divergence(self, steps: list[int], losses: list[float], lrs: list[float]) -> None:
        for step, loss, lr in zip(steps, losses, lrs, strict=True):
            if not math.isfinite(loss):
                raise TrainingError(
                    Reason.DIVERGED,
                    f"the training loss became {loss} at step {step}, at a learning rate of {lr:.3g}: "
                    "take a lower max_lr",
                )
