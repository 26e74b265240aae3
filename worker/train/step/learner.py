"""The learner: model, optimizer and data, used in the same way by a range test and a training."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import NotRequired, TypedDict

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from clr_core.schedules import constant_batch_size
from clr_core.schedules.batch_size import BatchSizeSchedule
from jobs.errors import TrainingError
from jobs.spec.conditions import Conditions
from jobs.status import Reason
from worker.rundir.activity import activity
from worker.train.data.augmentation import augment, draw
from worker.train.data.batches import Feed, make_feed, validation_batches
from worker.train.data.splits import Data
from worker.train.evaluation import evaluation_batch
from worker.train.models.parallel import arranged, parallel
from worker.train.models.registry import build_model
from worker.train.process_group import ProcessGroup
from worker.train.step.objective import objective_of
from worker.train.step.optimizers import build_optimizer, to_evaluate, to_train
from worker.train.step.weight_averaging import CycleAverage, CycleAverageState, WeightAverage

_IMAGE_DIMENSIONS = 3  # shape of one image: channels, height, width


class LearnerState(TypedDict):
    """The state of a learner in a checkpoint, with the averages of weights that it keeps."""

    model: dict[str, Tensor]
    optimizer: dict[str, object]
    ema: NotRequired[dict[str, Tensor]]
    swa: NotRequired[CycleAverageState]


class Learner:
    """Model, optimizer and data on one rank. Every rank starts from the same weights.

    Args:
        world: The ranks.
        data: The dataset on this rank's device.
        conditions: What is trained, and how.
        seed: Seed of the initial weights.
        lr: Learning rate of the first step.
        sizes: Global batch size of every step; that of the conditions if left out.
        ema_decay: Decay of a moving average of the weights, if there is one.
        cycle_ends: Steps after which weights enter a plain average, if there is one.

    Attributes:
        piece: Samples per forward pass in a step.

    Raises:
        TrainingError: Model, data and conditions do not go together, or something is not installed here.
    """

    def __init__(  # noqa: PLR0913 - each is decided by another part of a spec
        self,
        world: ProcessGroup,
        data: Data,
        conditions: Conditions,
        *,
        seed: int,
        lr: float,
        sizes: BatchSizeSchedule | None = None,
        ema_decay: float | None = None,
        cycle_ends: range | None = None,
    ) -> None:
        _require_images(data, conditions)
        self.world, self.data, self.conditions = world, data, conditions
        self.sizes = sizes or constant_batch_size(conditions.global_batch_size)
        torch.manual_seed(seed)
        self.objective = objective_of(data, conditions.label_smoothing)
        self._model = arranged(build_model(conditions.model, data.shape, self.objective.outputs), conditions, world)
        torch.manual_seed(seed + world.rank)  # from here on ranks may draw different random numbers (dropout)
        self.optimizer = build_optimizer(conditions.optimizer, self._model.parameters(), lr)
        self.model = parallel(self._model, conditions, world)
        self.average = None if ema_decay is None else WeightAverage(self._model, ema_decay)
        self.cycles = None if cycle_ends is None else CycleAverage(self._model, cycle_ends)
        self.piece = conditions.rank_batch_size // conditions.accumulation_steps
        self._feed: Feed | None = None

    @property
    def bare_model(self) -> nn.Module:
        """The model without the wrappers of the compiler and DistributedDataParallel."""
        return self._model

    def state_dict(self) -> LearnerState:
        """Return all that the next step depends on, except random states and the step's number."""
        state = LearnerState(model=self._model.state_dict(), optimizer=self.optimizer.state_dict())
        if self.average is not None:
            state["ema"] = self.average.state_dict()
        if self.cycles is not None:
            state["swa"] = self.cycles.state_dict()
        return state

    def load_state_dict(self, state: LearnerState) -> None:
        """Restore a state that `state_dict` returned."""
        self._model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.average is not None:
            self.average.load_state_dict(state["ema"])
        if self.cycles is not None:
            self.cycles.load_state_dict(state["swa"])

    def step(self, step: int, seed: int) -> Tensor:
        """Make one update on this rank's part of the global batch; gradients are averaged over ranks.

        Args:
            step: Zero-based step, which determines the samples.
            seed: Seed of the data order.

        Returns:
            Loss of this rank's part before the update, a scalar on the device.
        """
        inputs, targets = self.batch(step, seed)
        self.optimizer.zero_grad(set_to_none=True)
        loss = self._backward(inputs, targets)
        self.optimizer.step()
        if self.average is not None:
            self.average.update()
        if self.cycles is not None:
            self.cycles.update(step)
        activity.step_ended()
        return loss

    def batch(self, step: int, seed: int) -> tuple[Tensor, Tensor]:
        """Return augmented inputs and targets of this rank at a step, as the model takes them."""
        inputs, targets = self._feed_of(seed).batch(step)
        return self._prepared(self._augmented(inputs, step, seed)), targets

    def outputs(self, inputs: Tensor) -> Tensor:
        """Return the model's outputs in the precision of the conditions, without communication between ranks."""
        with self._autocast():
            outputs: Tensor = self._model(inputs)
        return outputs

    def evaluate(self) -> dict[str, float]:
        """Return the objective's metrics on the validation split; each rank evaluates its share.

        With a moving average of the weights, its metrics are included as ``ema_…``.
        """
        with self.evaluated_weights():
            metrics = self._measure()
        if self.average is not None:
            with self.average.in_place():
                metrics |= {f"ema_{name}": value for name, value in self._measure().items()}
        return metrics

    @contextmanager
    def evaluated_weights(self) -> Iterator[None]:
        """Switch the model to the weights for evaluation within the block (schedule-free methods have two sets)."""
        to_evaluate(self.optimizer)
        yield
        to_train(self.optimizer)

    def _augmented(self, inputs: Tensor, step: int, seed: int) -> Tensor:
        kind = self.conditions.augmentation
        if kind == "none":
            return inputs
        first = self.world.rank * len(inputs)
        return augment(inputs, draw(seed, step, first, len(inputs), (inputs.shape[2], inputs.shape[3])), kind)

    def _prepared(self, inputs: Tensor) -> Tensor:
        if self.conditions.channels_last and inputs.dim() == _IMAGE_DIMENSIONS + 1:
            return inputs.contiguous(memory_format=torch.channels_last)
        return inputs

    def _backward(self, inputs: Tensor, targets: Tensor) -> Tensor:
        """Compute gradients of the mean loss over the rank's batch, by pieces. Only the last exchanges gradients."""
        if len(targets) <= self.piece:
            loss = self._loss(inputs, targets)
            loss.backward()
            return loss.detach()
        total = torch.zeros((), device=self.world.device)
        pieces = list(zip(inputs.split(self.piece), targets.split(self.piece), strict=True))
        for number, piece in enumerate(pieces, 1):
            with nullcontext() if number == len(pieces) else self._without_exchange():
                loss = self._loss(*piece) * (len(piece[1]) / len(targets))
                loss.backward()
            total += loss.detach()
        return total

    def _loss(self, inputs: Tensor, targets: Tensor) -> Tensor:
        with self._autocast():
            return self.objective.loss(self.model(inputs), targets, self.conditions.label_smoothing)

    def _without_exchange(self) -> AbstractContextManager[None]:
        return self.model.no_sync() if isinstance(self.model, DistributedDataParallel) else nullcontext()

    @torch.no_grad()
    def _measure(self) -> dict[str, float]:
        if self.world.size > 1:
            for buffer in self._model.buffers():  # batch norm's running statistics are those of rank 0
                torch.distributed.broadcast(buffer, 0)
        self._model.eval()
        sums = torch.zeros(self.objective.sums_size, dtype=torch.float64, device=self.world.device)
        size = evaluation_batch(self.conditions, self.data.shape)
        for inputs, targets in validation_batches(self.data, self.world, size):
            activity.at("evaluation")
            sums += self._sums(self._prepared(inputs), targets)
        self._model.train()
        return self.objective.metrics(self.world.total(sums), len(self.data.val))

    def _sums(self, inputs: Tensor, targets: Tensor) -> Tensor:
        try:
            return self.objective.sums(self.outputs(inputs), targets)
        except torch.OutOfMemoryError:
            if len(targets) <= self.piece:
                raise
        # A training batch fits into memory, so use its size. Every rank keeps its share of the split.
        parts = zip(inputs.split(self.piece), targets.split(self.piece), strict=True)
        return torch.stack([self.objective.sums(self.outputs(part), wanted) for part, wanted in parts]).sum(0)

    def _feed_of(self, seed: int) -> Feed:
        if self._feed is None or self._feed.order.seed != seed:
            self._feed = make_feed(self.data, self.world, seed=seed, sizes=self.sizes)
        return self._feed

    def _autocast(self) -> AbstractContextManager[object]:
        if self.conditions.precision == "bf16":
            return torch.autocast(self.world.device.type, dtype=torch.bfloat16)
        return nullcontext()


def _require_images(data: Data, conditions: Conditions) -> None:
    if conditions.augmentation != "none" and len(data.shape) != _IMAGE_DIMENSIONS:
        raise TrainingError(
            Reason.INVALID_DATA,
            f"augmentation {conditions.augmentation} needs images of (channels, height, width), and the samples have "
            f"the shape {list(data.shape)}",
        )
