"""Probes: short runs of 1cycle with one peak rate each, from the initial weights of the range test."""

import math

import torch
from torch import Tensor

from clr_core.torch import ScheduledLR
from jobs.spec.runnable import ProbeRun
from jobs.spec.schedules.builder import Length, build_schedule
from jobs.spec.schedules.documents import OneCycleSchedule
from jobs.spec.schedules.rates import Rates
from worker.rundir.plan import LrFindPlan
from worker.rundir.report import Report
from worker.train.data.registry import load
from worker.train.loops.range_test import REPLICA_SEED_STRIDE, SweepContext, next_piece
from worker.train.process_group import ProcessGroup

EXCHANGE_STEPS = 10  # losses that travel together; a probe that diverged stops up to so many steps later
_FIRST_ORDER = 10_000  # beyond the orders of the data that replicas see
_ORDERS_OF_A_RUNG = 100


def run(world: ProcessGroup, plan: LrFindPlan, report: Report) -> None:
    """Run the probes of the plan that no other group of ranks has taken, one by one.

    The n-th run of each rate of a rung sees the data in the same order, so that rates can be compared run by run. What
    is reported is named ``probe_…``, by the number of the probe.
    """
    context = SweepContext(world, plan, plan.spec, load(plan, world.device), report)
    starts: dict[int, dict[str, float]] = {}  # by run: of one run all probes have the same initial weights
    place: int | None = plan.first_piece
    while place is not None:
        _Probing(context, plan.probes[place], starts).run()
        place = next_piece(world, plan, report, len(plan.probes))
    report.result({})


class _Probing:
    """One probe.

    Args:
        context: What all probes of a group share.
        probe: Which one.
        starts: What held-back data says of the initial weights of each run, as far as it has been asked.
    """

    def __init__(self, context: SweepContext, probe: ProbeRun, starts: dict[int, dict[str, float]]) -> None:
        self.context, self.probe, self.starts = context, probe, starts
        conditions = context.plan.conditions
        asked = OneCycleSchedule(name="one_cycle", max_lr=probe.lr)
        length = Length(probe.steps, len(context.data.train) / conditions.global_batch_size)
        momentum = conditions.optimizer.cycles_momentum
        schedule = build_schedule(asked, Rates.asked(asked), length, cycles_momentum=momentum)
        self.learner = context.learner(probe.run, schedule.lr_at(0))
        self.scheduler = ScheduledLR(self.learner.optimizer, schedule)
        self.order = context.spec.seed + REPLICA_SEED_STRIDE * (
            _FIRST_ORDER + _ORDERS_OF_A_RUNG * probe.rung + probe.run
        )

    def run(self) -> None:
        """Measure held-back data, train to the end, or until the loss is not finite, and measure again."""
        if self.probe.run not in self.starts:
            self.starts[self.probe.run] = self.learner.evaluate()
        self._report([0], {f"start_{name}": [value] for name, value in self.starts[self.probe.run].items()})
        lrs: list[float] = []
        losses: list[Tensor] = []
        for step in range(self.probe.steps):
            lrs.append(float(self.learner.optimizer.param_groups[0]["lr"]))
            losses.append(self.learner.step(step, self.order))
            self.scheduler.step()
            if len(losses) == EXCHANGE_STEPS or step + 1 == self.probe.steps:
                if not self._tell(step + 1 - len(losses), lrs, losses):
                    return
                lrs, losses = [], []
        self._report([self.probe.steps - 1], {name: [value] for name, value in self.learner.evaluate().items()})

    def _tell(self, first: int, lrs: list[float], losses: list[Tensor]) -> bool:
        """Report steps, averaged over ranks, up to the first whose loss is not finite.

        Returns:
            Whether all are finite.
        """
        means = self.context.world.average(torch.stack(losses).to(torch.float64)).tolist()
        kept = next((place + 1 for place, mean in enumerate(means) if not math.isfinite(mean)), len(means))
        steps = list(range(first, first + kept))
        self.context.done += kept
        self._report(steps, {"train_loss": means[:kept], "lr": lrs[:kept]})
        if math.isfinite(means[kept - 1]):
            return True
        self._report(steps[-1:], {"val_loss": [math.nan]})  # it has ended, and has none
        return False

    def _report(self, steps: list[int], values: dict[str, list[float]]) -> None:
        named = {f"probe_{name}": some for name, some in values.items()}
        self.context.report.points(steps, named, done=self.context.done, replica=self.probe.number)
