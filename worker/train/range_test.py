"""The LR range test under the conditions of the training to come: same ranks, same global batch, same optimizer."""

import torch

from clr_core.range_test import DivergenceRule, RangeTestPlan
from jobs.spec import LrFindSpec
from worker.train.data import Data
from worker.train.datasets import load
from worker.train.learner import Learner
from worker.train.plan import Plan
from worker.train.report import Report
from worker.train.world import World

REPLICA_SEED_STRIDE = 1_000_003  # replicas see other orders of the data, far from the seeds a user may try next


def run(world: World, plan: Plan, report: Report) -> None:
    """Run every replica: each starts from the same weights and sees the data in an order of its own."""
    assert isinstance(plan.spec, LrFindSpec)  # noqa: S101 - by the job's kind
    test = plan.spec.range_test
    rates = RangeTestPlan(test.start_lr, test.end_lr, test.steps, test.spacing)
    report.plan(test.steps * test.replicas, {})
    data = load(plan, world.device)
    stopped = [_sweep(world, plan, data, rates, report, replica) for replica in range(test.replicas)]
    report.result({"stopped_at_step": stopped})


def _sweep(world: World, plan: Plan, data: Data, rates: RangeTestPlan, report: Report, replica: int) -> int | None:
    learner = Learner(world, data, plan.conditions, seed=plan.spec.seed, lr=rates.start_lr)
    rule = DivergenceRule()
    order = plan.spec.seed + REPLICA_SEED_STRIDE * (replica + 1)
    for step in range(rates.steps):
        lr = rates.lr_at(step)
        for group in learner.optimizer.param_groups:
            group["lr"] = lr
        # Averaged first, so that all ranks see the same number and stop at the same step.
        loss = float(world.average(learner.step(step, order).to(torch.float64)))
        done = replica * rates.steps + step + 1
        report.points([step], {"train_loss": [loss], "lr": [lr]}, done=done, replica=replica)
        if rule.should_stop(step, loss):
            return step
    return None
