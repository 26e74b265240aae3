"""The training loop. Only the schedule sets the LR and momentum of a step."""

import math
from contextlib import nullcontext
from typing import Any

from clr_core.diagnosis import Explosion, diagnose_batch_size
from clr_core.schedules.batch_size import BatchSizeSchedule
from clr_core.torch import ScheduledLR
from jobs.errors import TrainingError
from jobs.spec.resolved import TrainingFacts
from jobs.spec.schedules.builder import build_schedule
from jobs.spec.training import batch_sizes
from jobs.spec.weight_averaging import cycle_ends
from jobs.status import Reason
from worker.rundir.control_files import is_asked_to_stop
from worker.rundir.plan import TrainingPlan
from worker.rundir.report import Report
from worker.train.checkpoint.checkpointer import Checkpointer
from worker.train.data.registry import load
from worker.train.data.splits import Data
from worker.train.loops.finalize import Finalizer
from worker.train.loops.swap import length_of
from worker.train.process_group import ProcessGroup
from worker.train.step.epochs import Epochs
from worker.train.step.learner import Learner
from worker.train.step.loss_exchange import LossBuffer
from worker.train.step.noise_scale import NoiseMeter
from worker.train.step.progress_state import ProgressState
from worker.train.step.step_metrics import Rates, gradient_norm, step_metrics


def run(world: ProcessGroup, plan: TrainingPlan, report: Report) -> None:
    """Train from the beginning, or from the plan's checkpoint, to the end."""
    data = load(plan, world.device)
    Training(world, plan, report, data).run()


class Training:
    """One training on one rank.

    Args:
        world: The ranks.
        plan: What to train.
        report: Where rank 0 reports.
        data: The dataset on this rank's device.
    """

    def __init__(self, world: ProcessGroup, plan: TrainingPlan, report: Report, data: Data) -> None:
        self.spec, self.plan, self.report, self.world, self.data = plan.spec, plan, report, world, data
        sizes = batch_sizes(plan.conditions, plan.spec.batch_size_warm_start)
        self.epochs = Epochs(sizes, len(data.train))
        self.length = self.epochs.length_of(plan.spec)
        cycles_momentum = plan.conditions.optimizer.cycles_momentum
        schedule = build_schedule(plan.spec.schedule, plan.resolved, self.length, cycles_momentum=cycles_momentum)
        swa = plan.spec.swa
        self.cycle_ends = range(0) if swa is None else cycle_ends(plan.spec.schedule, swa, self.length)
        self.learner = Learner(
            world, data, plan.conditions,
            seed=plan.spec.seed, lr=schedule.lr_at(0), sizes=sizes, ema_decay=plan.spec.ema_decay,
            cycle_ends=self.cycle_ends or None,
        )  # fmt: skip
        self.scheduler = ScheduledLR(self.learner.optimizer, schedule)
        self.rates = Rates(self.learner.optimizer, cycles_momentum=cycles_momentum)
        self.loss_buffer = LossBuffer(world, plan.checkpoint_interval_s, lambda: is_asked_to_stop(report.folder))
        self.progress = ProgressState()
        self.explosion = Explosion(self.learner.objective.of_guessing)
        self.noise = self._noise_meter(sizes)
        self.checkpoints = Checkpointer(self.learner, report, plan.spec.seed)
        self.evaluation: dict[str, float] = {}

    def run(self) -> None:
        """Go through the steps that are left; evaluate as `Observe` says, save when rank 0's clock says so."""
        first, total = 0, self.length.total_steps
        if self.plan.resume is not None:
            first, self.progress = self.checkpoints.resume(self.plan.resume)
            self.explosion.first = self.progress.first_loss
            self.explosion.recent.extend(self.progress.recent_losses)
            self.scheduler.load_state_dict({"step": first})
            if self.noise is not None and self.progress.noise_scale is not None:
                self.noise.load_state_dict(self.progress.noise_scale)
        self._announce(total)
        last = total if self._has_reached_its_target() else first
        for step in range(last, total):
            self.rates.note()
            self._take_step(step)
            self.scheduler.step()
            last = step + 1
            evaluate = self._is_evaluated_after(step)
            if (self.loss_buffer.is_due or evaluate) and self._exchange(step, evaluate=evaluate):
                return  # asked to stop: what is left is for another attempt
            if self._has_reached_its_target():
                break
        self._end(last)

    def _announce(self, total: int) -> None:
        swap = self.spec.swap
        swap_steps = None if swap is None else length_of(swap, self.plan, len(self.data.train)).total_steps
        facts = TrainingFacts(
            total_steps=total, steps_per_epoch=self.length.steps_per_epoch, swap_steps=swap_steps
        )  # fmt: skip
        self.report.plan(total + (swap_steps or 0), facts)

    def _noise_meter(self, sizes: BatchSizeSchedule) -> NoiseMeter | None:
        options = self.spec.observe.noise_scale
        return NoiseMeter(options, self.learner.bare_model, self.plan.conditions, sizes) if options else None

    def _take_step(self, step: int) -> None:
        watched = self.noise if self.noise is not None and self.noise.is_due(step) else None
        with nullcontext() if watched is None else watched.measured():
            loss = self.learner.step(step, self.spec.seed)
        observed = self.spec.observe.gradient_norm
        norm = gradient_norm(self.learner.bare_model) if observed or watched is not None else None
        self.loss_buffer.add(step, loss, norm if observed else None)
        if watched is not None and norm is not None:
            self.loss_buffer.add_squares(step, watched.squares(step, norm))

    def _is_evaluated_after(self, step: int) -> bool:
        every = self.spec.observe.evaluate_every
        is_due = self.epochs.ends_at(step) if every is None else (step + 1) % every == 0
        return is_due or step + 1 == self.length.total_steps or step in self.cycle_ends

    def _has_reached_its_target(self) -> bool:
        target = self.spec.early_stop
        return target is not None and target.stop and self.progress.steps_to_target is not None

    def _exchange(self, step: int, *, evaluate: bool) -> bool:
        """Report the steps since the last exchange, evaluate, save where that is due.

        Returns:
            Whether this attempt is to end here.
        """
        exchange, rates, sizes = self.loss_buffer.exchange(), self.rates.take(), self.epochs.sizes
        done, epoch = step + 1, self.epochs.at(step + 1)
        samples = sizes.samples_before(done) - sizes.samples_before(exchange.steps[0])
        values = step_metrics(exchange, rates, samples)
        self.report.points(exchange.steps, values, done=done, epoch=epoch)
        self._refuse_divergence(exchange.steps, exchange.losses, rates["lr"])
        self._follow_loss(exchange.steps, exchange.losses, rates["lr"])
        self._note_noise(exchange.gradient_squares, done, epoch)
        if evaluate:
            self._evaluate(step, epoch)
        is_last = done == self.length.total_steps or self._has_reached_its_target()
        if is_last:
            self._refuse_ruin()
        if exchange.checkpoint_due or exchange.stop or is_last:
            self.checkpoints.save(done, self.progress)
        return exchange.stop and not is_last

    def _follow_loss(self, steps: list[int], losses: list[float], lrs: list[float]) -> None:
        self.progress.add(losses)
        found = self.explosion.see(steps, losses, lrs)
        self.progress.first_loss, self.progress.recent_losses = self.explosion.first, list(self.explosion.recent)
        if found is not None:
            self.report.alarm(found.to_dict())

    def _note_noise(self, squares: dict[int, tuple[float, float]], done: int, epoch: float) -> None:
        if self.noise is None or not squares:
            return
        steps, values = self.noise.add(squares)
        self.progress.noise_scale = self.noise.state_dict()
        if steps:
            self.report.points(steps, values, done=done, epoch=epoch)

    def _evaluate(self, step: int, epoch: float) -> None:
        self.evaluation = self.learner.evaluate()
        train_loss = self.progress.take_mean()
        found = self.evaluation | {"generalisation_gap": self.evaluation["val_loss"] - train_loss}
        self.report.points([step], {name: [value] for name, value in found.items()}, done=step + 1, epoch=epoch)
        if self.progress.record(self.evaluation, step + 1, self.spec.early_stop):
            self.checkpoints.hold_best(step + 1, self.progress)

    def _end(self, last: int) -> None:
        steps = (self.progress.steps_to_target or last) if self._has_reached_its_target() else last
        if not self.evaluation:  # resumed from the last checkpoint, with no step left
            self.evaluation = self.learner.evaluate()
        finalizer = Finalizer(self.world, self.plan, self.report, self.data, steps, self.epochs.at(steps))
        finalizer.run(self.learner, self.evaluation, self._verdict(steps))

    def _verdict(self, steps: int) -> dict[str, Any]:
        total, asked = self.length.total_steps, self.plan.conditions
        result = {"final": self.evaluation, "total_steps": total, "steps": steps, "stopped_early": steps != total}
        result["best"] = {"step": self.progress.best_step, "value": self.progress.best}
        if self.spec.early_stop is not None:
            result["steps_to_target"] = self.progress.steps_to_target
        if self.noise is not None:
            sizes = {"global_batch_size": asked.global_batch_size, "world_size": asked.world_size}
            result["diagnosis"] = {"batch_size": diagnose_batch_size(self.noise.scale, **sizes)}
        return result

    def _refuse_ruin(self) -> None:
        why = self.explosion.ruin(self.evaluation["val_loss"])
        if why is not None:
            raise TrainingError(Reason.DIVERGED, f"{why}: take a lower max_lr")

    def _refuse_divergence(self, steps: list[int], losses: list[float], lrs: list[float]) -> None:
        for step, loss, lr in zip(steps, losses, lrs, strict=True):
            if not math.isfinite(loss):
                raise TrainingError(
                    Reason.DIVERGED,
                    f"the training loss became {loss} at step {step}, at a learning rate of {lr:.3g}: "
                    "take a lower max_lr",
                )
