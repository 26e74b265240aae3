"""The end of a training after its last step: the requested averages, the result, the model and its card."""

import math
from dataclasses import dataclass
from typing import Any

from jobs.errors import TrainingError
from jobs.status import Reason
from worker.rundir.activity import activity
from worker.rundir.plan import TrainingPlan
from worker.rundir.report import Report
from worker.train.checkpoint.export import write_card, write_model
from worker.train.data.splits import Data
from worker.train.loops.swap import SecondPhase
from worker.train.process_group import ProcessGroup
from worker.train.step.batch_norm_recalibration import recompute
from worker.train.step.learner import Learner
from worker.train.step.weight_averaging import CycleAverage

Metrics = dict[str, float]
Result = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Finalizer:
    """Ends one training on one rank.

    Attributes:
        world: The ranks.
        plan: What was trained.
        report: Where rank 0 reports.
        data: The dataset on this rank's device.
        steps: Steps taken.
        epoch: Epochs by then.
    """

    world: ProcessGroup
    plan: TrainingPlan
    report: Report
    data: Data
    steps: int
    epoch: float

    def run(self, learner: Learner, evaluation: Metrics, result: Result) -> None:
        """Average where asked, and hand out; nothing is handed out where the attempt is asked to stop on the way.

        Args:
            learner: As it is after the last step, with running statistics that are the same on every rank.
            evaluation: Its metrics.
            result: The verdict so far.
        """
        activity.at("ending")
        if self.plan.spec.swap is not None:
            self._go_on_alone(learner, evaluation, result)
            return
        if learner.cycles is not None and learner.cycles.count > 0:
            result = result | self._average_cycles(learner, learner.cycles, evaluation)
        self._hand_out(learner, result, self.steps)

    def _go_on_alone(self, learner: Learner, evaluation: Metrics, result: Result) -> None:
        weights = learner.bare_model.state_dict()
        phase = SecondPhase(
            self.world, self.plan, self.report, self.data, weights, first=self.steps, epoch=self.epoch
        )  # fmt: skip
        found = phase.run()
        if found is not None:
            changed = {"final": found["average"], "swap": {"phase_1": evaluation, **found}}
            self._hand_out(phase.learner, result | changed, self.steps + phase.steps)

    def _average_cycles(self, learner: Learner, cycles: CycleAverage, evaluation: Metrics) -> Result:
        """Give the model the mean over cycles, and evaluate it; what that changes in the result."""
        cycles.take_over()
        recompute(learner, self.world, self.plan.spec.seed)
        average = learner.evaluate()
        values = {f"swa_{name}": [value] for name, value in average.items()}
        self.report.points([self.steps - 1], values, done=self.steps, epoch=self.epoch)
        return {"final": average, "swa": {"cycles": cycles.count, "last": evaluation, "average": average}}

    def _hand_out(self, learner: Learner, result: Result, done: int) -> None:
        activity.at("ending")
        if not math.isfinite(loss := result["final"]["val_loss"]):
            raise TrainingError(Reason.DIVERGED, f"validation loss of the averaged weights is {loss}: take lower rates")
        result = _finite(result)
        if self.report.writes:
            folder = self.report.folder
            with learner.evaluated_weights():
                self.report.file("model", done, write_model(learner.bare_model, folder))
            self.report.file("card", done, write_card(self.plan, result, self.world.device, folder))
        self.report.result(result)


def _finite(value: Any) -> Any:
    """The same document, with None for numbers that JSON does not have."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_finite(each) for each in value]
    return value
