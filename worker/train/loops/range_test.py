"""The LR range test under the conditions of the later training: same ranks, same global batch, same optimizer."""

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor

from clr_core.range_test import BISECTIONS, DivergenceRule, RangeTestPlan, around_edge
from jobs.errors import TrainingError
from jobs.spec.job import LrFindSpec
from jobs.spec.resolved import RangeTestFacts
from jobs.status import Reason
from worker.rundir import control_files
from worker.rundir.activity import activity
from worker.rundir.control_files import is_asked_to_stop
from worker.rundir.plan import LrFindPlan, Resume
from worker.rundir.report import Report
from worker.train.checkpoint import checkpoint_file
from worker.train.data.registry import load
from worker.train.data.splits import Data
from worker.train.process_group import ProcessGroup
from worker.train.step.held_out_metrics import Measure, batch_norms
from worker.train.step.learner import Learner

REPLICA_SEED_STRIDE = 1_000_003  # replicas see other orders of the data, far from the seeds a user may try next
EXCHANGE_STEPS = 5  # losses that travel together; a sweep that diverged stops up to so many steps later


def run(world: ProcessGroup, plan: LrFindPlan, report: Report) -> None:
    """Run the replicas that no other group of ranks has taken, one by one, unless asked to stop after the next.

    Each starts from the same weights and sees the data in an order of its own, and depends on nothing that was run
    before it: any groups, in any order, give the same numbers. Short sweeps of a bisection are reported as further
    replicas: the n-th of replica r is ``replicas * n + r``.
    """
    test = plan.spec.range_test
    report.plan(plan.spec.total_steps, RangeTestFacts())
    rates = RangeTestPlan(test.start_lr, test.end_lr, test.steps, test.spacing)
    context = SweepContext(world, plan, plan.spec, load(plan, world.device), report)
    stopped = []
    replica: int | None = plan.first_piece
    while replica is not None:
        edge = context.sweep(rates, replica, replica)
        stopped.append(edge)
        for number in range(BISECTIONS if test.bisect else 0):
            if edge is None:
                break
            short = around_edge(rates, rates.lr_at(edge), number)
            found = context.sweep(short, replica, test.replicas * (number + 1) + replica)
            edge = None if found is None else _nearest(rates, short.lr_at(found))
        replica = next_piece(world, plan, report, test.replicas)
    report.result({"stopped_at_step": stopped})


def _weights(start: Resume) -> dict[str, Tensor]:
    try:
        with checkpoint_file.loading(start):
            weights: dict[str, Tensor] = checkpoint_file.read(start)["learner"]["model"]
    except TrainingError as error:
        raise TrainingError(Reason.INVALID_DATA, f"range_test.start_from: {error}") from error
    return weights


def next_piece(world: ProcessGroup, plan: LrFindPlan, report: Report, count: int) -> int | None:
    """The piece of the job that this group does next, the same on all of its ranks; rank 0 takes it."""
    taken = None
    if world.rank == 0 and not is_asked_to_stop(report.folder):
        taken = control_files.take_piece(plan.pieces_dir, count)
    told = int(world.total(torch.tensor(0 if taken is None else taken + 1, device=world.device)))
    return told - 1 if told else None


def _nearest(rates: RangeTestPlan, lr: float) -> int:
    """Step of a plan whose rate is closest, by its logarithm."""
    return min(range(rates.steps), key=lambda step: abs(math.log(rates.lr_at(step) / lr)))


@dataclass(slots=True)
class _Pending:
    """Steps whose losses the other ranks do not know yet."""

    steps: list[int] = field(default_factory=list)
    lrs: list[float] = field(default_factory=list)
    losses: list[Tensor] = field(default_factory=list)
    measured: dict[int, dict[str, float]] = field(default_factory=dict)

    def add(self, step: int, lr: float, loss: Tensor) -> None:
        """Keep this rank's loss of a step, on the device."""
        self.steps.append(step)
        self.lrs.append(lr)
        self.losses.append(loss)


@dataclass(slots=True)
class SweepContext:
    """What all sweeps of a job share."""

    world: ProcessGroup
    plan: LrFindPlan
    spec: LrFindSpec
    data: Data
    report: Report
    done: int = 0
    _initial: dict[str, Tensor] | None = field(default=None)

    def sweep(self, rates: RangeTestPlan, replica: int, series: int) -> int | None:
        """One sweep, reported as a series.

        Returns:
            Step at which it diverged, None if it did not.
        """
        learner = self.learner(replica, rates.start_lr)
        if self.done == 0:
            facts = RangeTestFacts(batch_norm=bool(batch_norms(learner.bare_model)))
            self.report.plan(self.spec.total_steps, facts)
        measure, rule = Measure(self.spec.range_test, learner), DivergenceRule()
        is_full = series == replica  # a short sweep tells the edge of the training loss, and nothing else
        order = self.spec.seed + REPLICA_SEED_STRIDE * (replica + 1)
        pending = _Pending()
        for step in range(rates.steps):
            lr = rates.lr_at(step)
            for group in learner.optimizer.param_groups:
                group["lr"] = lr
            pending.add(step, lr, learner.step(step, order))
            if is_full and measure.is_due(step, rates.steps):
                pending.measured[step] = measure.take()
            if len(pending.steps) == EXCHANGE_STEPS or step + 1 == rates.steps:
                self._tell(pending, rule, series)
                pending = _Pending()
            if rule.diverged_at is not None:
                break
        return rule.diverged_at

    def learner(self, replica: int, lr: float) -> Learner:
        """A learner that has made no step, with the initial weights of a replica."""
        activity.at("start")
        test = self.spec.range_test
        varied = test.vary == "data_order_and_initialisation"
        seed = self.spec.seed + (REPLICA_SEED_STRIDE * (replica + 1) if varied else 0)
        learner = Learner(self.world, self.data, self.plan.conditions, seed=seed, lr=lr)
        if self.plan.start is not None:
            if self._initial is None:
                self._initial = _weights(self.plan.start)
            learner.bare_model.load_state_dict(self._initial)
        return learner

    def _tell(self, pending: _Pending, rule: DivergenceRule, series: int) -> None:
        """Average over ranks, so that all see the same numbers; report up to the step of divergence, if any."""
        losses = self.world.average(torch.stack(pending.losses).to(torch.float64)).tolist()
        kept = len(losses)
        for place, loss in enumerate(losses):
            if rule.should_stop(pending.steps[place], loss):
                kept = place + 1
                break
        self.done += kept
        values = {"train_loss": losses[:kept], "lr": pending.lrs[:kept]}
        self.report.points(pending.steps[:kept], values, done=self.done, replica=series)
        for step, metrics in pending.measured.items():
            if step in pending.steps[:kept]:
                points = {name: [value] for name, value in metrics.items()}
                self.report.points([step], points, done=self.done, replica=series)
