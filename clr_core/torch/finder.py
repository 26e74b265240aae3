"""`find_lr`: LR range tests in a training loop of one's own."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, Literal

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.optim import SGD, Optimizer

from clr_core.bounds import Curve, LrBounds, Training, suggest_bounds
from clr_core.errors import InvalidArgumentError
from clr_core.range_test import DivergenceRule, RangeTestPlan
from clr_core.schedules import validation
from clr_core.torch import ranks
from clr_core.torch.found_lr import FoundLR
from clr_core.torch.group_lrs import GroupLRs
from clr_core.torch.progress import Progress
from clr_core.torch.snapshot import Snapshot, seed_all

EXCHANGE_STEPS: Final = 10  # losses read at once; a sweep ends up to so many steps after it has diverged
_AUTO: Final = (3, 5, 8)
_NARROW: Final = 0.5  # decades


def find_lr(  # noqa: PLR0913 - each is a decision of the caller's
    step: Callable[[Any], Tensor | float],
    loader: Iterable[Any],
    *,
    optimizers: Optimizer | Sequence[Optimizer],
    restore: object | Sequence[object] = (),
    replicas: int | Literal["auto"] = "auto",
    plan: RangeTestPlan | None = None,
    progress: bool | None = None,
) -> FoundLR:
    """Find the bounds of a cyclical LR by range tests that call your own step function.

    Each sweep begins with the same weights and sees other batches. The LR rises before every call of ``step``.
    Afterwards, and after an exception or Ctrl-C too, everything is as it was: parameters, buffers, gradients, modes,
    optimizers, and the random states of Python, numpy, torch and its devices, all of them to the bit. Only an iterator
    has moved on.

    All groups of all optimizers keep the ratios of their LRs: the one with the highest LR takes the LR of the range
    test. Where ``torch.distributed`` has a process group, every rank calls this: losses are averaged over the ranks,
    and all ranks come to the same answer.

    Args:
        step: Makes one optimizer update from one batch and returns the loss, a number or a tensor of one element. It
            must not step a scheduler. For accumulation, let a batch be a list of batches.
        loader: Batches: any iterable. It is begun anew whenever it ends; an iterator must last for all sweeps.
        optimizers: Those that ``step`` steps.
        restore: What else ``step`` changes: modules, scalers, generators, and whatever has ``state_dict`` and
            ``load_state_dict``.
        replicas: Number of sweeps; ``"auto"`` makes three, and up to eight until the interval of ``max_lr`` spans half
            a decade or less.
        plan: LRs of a sweep; 100 steps from 1e-7 to 10 if left out.
        progress: Whether to show a bar on standard error; on a terminal if left out. Rank 0 alone shows it.

    Returns:
        Bounds, curves, a plot and a schedule. ``max_lr`` is None, with warnings, where no bound can be defended.

    Raises:
        InvalidArgumentError: An argument that is not as said above; the loader has no batch, or an iterator ended;
            ``step`` returned no scalar, changed the LR, or changed no parameter of an optimizer.
    """
    if not callable(step):
        raise InvalidArgumentError("step", step, "a function of a batch that returns the loss")
    given = [optimizers] if isinstance(optimizers, Optimizer) else _list("optimizers", optimizers)
    _check_optimizers(given)
    objects = [restore] if not isinstance(restore, list | tuple) else list(restore)
    counts = _AUTO if replicas == "auto" else (validation.steps("replicas", replicas),)
    sweeps = _Sweeps(step, loader, given, objects, plan or RangeTestPlan())
    training = _training(given, objects)
    with Progress(progress if ranks.rank() == 0 else False) as bar:
        try:
            bounds = sweeps.until(counts, training, bar)
        finally:
            sweeps.restore()
    return FoundLR(bounds, tuple(sweeps.curves), sweeps.lrs.highest)


class _Sweeps:
    """Range tests from the same state, one after the other."""

    def __init__(
        self,
        step: Callable[[Any], Tensor | float],
        loader: Iterable[Any],
        optimizers: list[Optimizer],
        objects: list[object],
        plan: RangeTestPlan,
    ) -> None:
        self._step, self._optimizers, self._plan = step, optimizers, plan
        sampler = getattr(loader, "sampler", None)
        generators = {id(g): g for source in (loader, sampler) if (g := getattr(source, "generator", None)) is not None}
        self._generators = list(generators.values())
        self._snapshot = Snapshot(optimizers, [*objects, *self._generators])
        self._seeds = self._snapshot.random.seeds(max(_AUTO))
        self._batches = _Batches(loader)
        self.lrs = GroupLRs(optimizers)
        self.curves: list[Curve] = []

    def until(self, counts: Sequence[int], training: Training, bar: Progress) -> LrBounds:
        """Sweep until the bounds are narrow, or there is no bound, or the last of the counts is reached."""
        for count in counts:
            while len(self.curves) < count:
                self._sweep(count, bar)
            interval = suggest_bounds(self.curves, training=training).max_lr_interval
            if interval is None or math.log10(interval.high / interval.low) <= _NARROW:
                break
        return suggest_bounds(self.curves, training=training)

    def restore(self) -> None:
        """Put everything back."""
        self._batches.restore()
        self._snapshot.restore()

    def _sweep(self, count: int, bar: Progress) -> None:
        number = len(self.curves)
        if number:
            self._snapshot.restore()
            self._seed(number)
        rule, losses, pending = DivergenceRule(), list[float](), list[Tensor]()
        for k in range(self._plan.steps):
            lr = self._plan.lr_at(k)
            self.lrs.write(lr)
            pending.append(_scalar(self._step(self._batches.next())))
            self.lrs.refuse_others()
            if len(pending) == EXCHANGE_STEPS or k + 1 == self._plan.steps:
                for loss in ranks.mean_losses(pending):
                    losses.append(loss)
                    if rule.should_stop(len(losses) - 1, loss):
                        break
                pending = []
                bar.at(number, count, (k + 1) / self._plan.steps, f"lr {lr:.2e}, loss {losses[-1]:.4g}")
            if rule.diverged_at is not None:
                break
        if all(map(math.isfinite, losses)):  # a scaler skips the updates of others
            self._refuse_idle_optimizers()
        self.curves.append(Curve.of([self._plan.lr_at(k) for k in range(len(losses))], losses))

    def _seed(self, number: int) -> None:
        """Draw other random numbers than the sweeps before, by the state that everything began with."""
        seed = self._seeds[number % len(self._seeds)] + number // len(self._seeds)
        seed_all(seed)
        for generator in self._generators:
            generator.manual_seed(seed)

    def _refuse_idle_optimizers(self) -> None:
        for number, optimizer in enumerate(self._optimizers):
            parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
            if self._snapshot.is_unchanged(parameters):
                value = f"no change of any parameter of optimizer {number} ({type(optimizer).__name__})"
                raise InvalidArgumentError("step", value, "a function that steps each of the optimizers given")


class _Batches:
    """Batches without end: the loader begins anew whenever it ends, in another epoch where its sampler has epochs."""

    def __init__(self, loader: Any) -> None:
        if not hasattr(loader, "__iter__") and not hasattr(loader, "__getitem__"):
            raise InvalidArgumentError("loader", loader, "an iterable of batches")
        self._loader = loader
        self._batches: Iterator[Any] | None = None
        sampler = getattr(loader, "sampler", None)
        self._sampler = sampler if hasattr(sampler, "set_epoch") and hasattr(sampler, "epoch") else None
        self._first_epoch = 0 if self._sampler is None else int(self._sampler.epoch)
        self._rounds = self._taken = 0

    def next(self) -> Any:
        """Return the next batch."""
        for _ in range(2):
            if self._batches is None:
                if self._sampler is not None:
                    self._sampler.set_epoch(self._first_epoch + self._rounds)
                self._batches = iter(self._loader)
            try:
                batch = next(self._batches)
            except StopIteration:
                self._batches = None
                self._rounds += 1
                continue
            self._taken += 1
            return batch
        if self._taken == 0:
            raise InvalidArgumentError("loader", "no batch", "an iterable with one batch or more")
        legal = "one that lasts for all sweeps, or an iterable that can begin anew, such as a DataLoader or a list"
        raise InvalidArgumentError("loader", f"an iterator that ended after {self._taken} batches", legal)

    def restore(self) -> None:
        """Put the sampler's epoch back."""
        if self._sampler is not None:
            self._sampler.set_epoch(self._first_epoch)


def _scalar(loss: object) -> Tensor:
    """Return the loss as a tensor of no dimension that later steps do not overwrite."""
    if isinstance(loss, Tensor):
        if loss.numel() != 1 or loss.is_complex():
            raise InvalidArgumentError("step", f"a {loss.dtype} tensor of shape {tuple(loss.shape)}", _LOSS)
        return loss.detach().reshape(()).to(torch.float32, copy=True)
    if not hasattr(loss, "__float__") or isinstance(loss, bool):
        raise InvalidArgumentError("step", loss, _LOSS)
    return torch.tensor(float(loss))


_LOSS: Final = "a function that returns the loss, a number or a tensor of one element"


def _list(name: str, value: object) -> list[Any]:
    if not isinstance(value, Iterable):
        raise InvalidArgumentError(name, value, "a torch optimizer, or a sequence of them")
    return list(value)


def _check_optimizers(optimizers: list[Any]) -> None:
    if not optimizers:
        raise InvalidArgumentError("optimizers", optimizers, "one torch optimizer or more")
    for each in optimizers:
        if not isinstance(each, Optimizer):
            raise InvalidArgumentError("optimizers", each, "a torch optimizer, or a sequence of them")
        if not any(group["params"] for group in each.param_groups):
            raise InvalidArgumentError("optimizers", f"{type(each).__name__} without parameters", "ones that have some")


def _training(optimizers: list[Optimizer], objects: list[object]) -> Training:
    """Return what optimizers and networks tell of the training."""
    norms = [isinstance(m, _BatchNorm) for each in objects if isinstance(each, nn.Module) for m in each.modules()]
    names = {"sgd" if isinstance(each, SGD) else type(each).__name__.lower() for each in optimizers}
    with_momentum = any(
        group["momentum"] for each in optimizers if isinstance(each, SGD) for group in each.param_groups
    )
    return Training(
        optimizer=next(iter(names)) if len(names) == 1 else None,
        momentum=with_momentum if names == {"sgd"} else None,
        batch_norm=any(norms) if norms else None,
    )
