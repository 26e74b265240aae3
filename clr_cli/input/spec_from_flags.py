"""Makes a spec from command-line options. It checks only what the server cannot see; the server validates the rest."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NoReturn

from clr_cli.input import options as o
from clr_client.errors import UsageError

Spec = dict[str, Any]

DEFAULT_MOMENTUM = 0.9
DEFAULT_WEIGHT_DECAY = 5e-4
DEFAULT_BATCH_SIZE = 128
SECOND_BETA = 0.999


@dataclass(frozen=True)
class ConditionFlags:
    """What a range test and a training share, as typed; None is not typed."""

    model: o.Model = None
    dataset: o.Dataset = None
    optimizer: o.Optimizer = None
    momentum: o.Momentum = None
    weight_decay: o.WeightDecay = None
    batch_size: o.BatchSize = None
    world_size: o.WorldSize = None
    precision: o.Precision = None
    image_size: o.ImageSize = None

    def document(self) -> Spec:
        """The ``conditions`` of a spec, defaults written out."""
        document: Spec = {
            "model": {"name": self.model or "mlp"},
            "dataset": self._dataset(),
            "optimizer": self._optimizer(),
            "global_batch_size": DEFAULT_BATCH_SIZE if self.batch_size is None else self.batch_size,
            "world_size": 1 if self.world_size is None else self.world_size,
        }
        return document if self.precision is None else {**document, "precision": self.precision}

    def _dataset(self) -> Spec:
        name = self.dataset or "digits"
        if name.startswith("ds_"):
            return {"name": "uploaded", "options": {"id": name} | given({"image_size": self.image_size})}
        if self.image_size is not None:
            raise UsageError("--image-size goes with the id of an uploaded dataset only.")
        if name.endswith(".npz"):
            return {"name": "npz", "options": {"path": name}}
        return {"name": name}

    def _optimizer(self) -> Spec:
        name = self.optimizer or "sgd"
        momentum = DEFAULT_MOMENTUM if self.momentum is None else self.momentum
        decay = DEFAULT_WEIGHT_DECAY if self.weight_decay is None else self.weight_decay
        kind = {"momentum": momentum} if name == "sgd" else {"betas": [momentum, SECOND_BETA]}
        return {"name": name, **kind, "weight_decay": decay}


@dataclass(frozen=True)
class RangeTestFlags:
    """The sweep of a range test, as typed."""

    start_lr: o.StartLr = None
    end_lr: o.EndLr = None
    steps: o.SweepSteps = None
    spacing: o.Spacing = None
    replicas: o.Replicas = None
    measure: o.Measure = None
    measure_every: o.MeasureEvery = None
    bisect: o.Bisect = None
    vary: o.Vary = None
    start_from: o.StartFrom = None

    def document(self) -> Spec:
        """What was typed."""
        typed = given(asdict(self))
        if self.start_from is not None:
            typed["start_from"] = {"from_job": self.start_from}
        return typed


FLAT_SCHEDULES = {"constant", "piecewise", "linear", "cosine", "wsd"}  # their highest rate is `lr`, not `max_lr`


@dataclass(frozen=True)
class TrainFlags:
    """Schedule and length of a training, as typed."""

    from_job: o.FromJob = None
    max_lr: o.MaxLr = None
    schedule: o.Schedule = "one_cycle"
    base_lr: o.BaseLr = None
    step_size: o.StepSize = None
    step_size_epochs: o.StepSizeEpochs = None
    epochs: o.Epochs = None
    steps: o.Steps = None
    settings: o.Settings = None


@dataclass(frozen=True)
class LabelFlags:
    """What any job has, as typed; ``labels`` are ``key=value``."""

    seed: o.Seed = None
    name: o.Name = None
    labels: o.Labels = None

    def document(self) -> Spec:
        """Seed, name and labels, those that were typed."""
        labels = dict(_pair(label) for label in self.labels or ())
        return given({"seed": self.seed, "name": self.name, "labels": labels or None})


def lr_find_spec(conditions: ConditionFlags, range_test: RangeTestFlags, labels: LabelFlags) -> Spec:
    """The spec of an ``lr_find`` job."""
    spec: Spec = {"kind": "lr_find", "conditions": conditions.document()}
    sweep = range_test.document()
    return spec | ({"range_test": sweep} if sweep else {}) | labels.document()


def sweep_spec(conditions: ConditionFlags, over: Sequence[str], range_test: RangeTestFlags, labels: LabelFlags) -> Spec:
    """The spec of a ``sweep`` job; ``over`` are ``path=value,value,…``.

    Raises:
        UsageError: If there is none, one is not of that form, or a path is given twice.
    """
    if not over:
        raise UsageError("Give what varies: --over optimizer.weight_decay=1e-3,1e-4; once or up to four times.")
    grid: Spec = {}
    for each in over:
        path, sign, text = each.partition("=")
        if not (path and sign and text):
            raise UsageError(f"--over must be path=value,value, not {each!r}.")
        if path in grid:
            raise UsageError(f"--over {path} is given twice; put all its values into one.")
        grid[path] = [_value(part) for part in text.split(",")]
    return lr_find_spec(conditions, range_test, labels) | {"kind": "sweep", "over": grid}


def _value(text: str) -> int | float | str:
    """A number where it reads as a finite one, else the text."""
    for read in (int, float):
        try:
            value = read(text)
        except ValueError:
            continue
        if math.isfinite(value):
            return value
    return text


def train_spec(conditions: ConditionFlags, training: TrainFlags, labels: LabelFlags) -> Spec:
    """The spec of a ``train`` job; with ``from_job`` the conditions are those of that job.

    Raises:
        UsageError: If the peak or the length is given twice or not at all, or conditions beside ``from_job``.
    """
    if (training.from_job is None) == (training.max_lr is None):
        raise UsageError("Give the peak: either --from-job ID, or --max-lr with a number or auto.")
    if (training.epochs is None) == (training.steps is None):
        raise UsageError("Give the length: either --epochs or --steps.")
    spec: Spec = {"kind": "train", "schedule": _schedule(training)}
    if training.from_job is None:
        spec["conditions"] = conditions.document()
    elif typed := given(asdict(conditions)):
        flags = ", ".join(f"--{name.replace('_', '-')}" for name in typed)
        raise UsageError(
            f"{flags}: with --from-job the conditions are those of that job; leave this out, or use --spec."
        )
    return spec | given({"epochs": training.epochs, "steps": training.steps}) | labels.document()


def _schedule(training: TrainFlags) -> Spec:
    peak = {"from_job": training.from_job} if training.max_lr is None else peak_of(training.max_lr)
    peak_field = "lr" if training.schedule in FLAT_SCHEDULES else "max_lr"
    lengths = {
        "base_lr": training.base_lr,
        "step_size": training.step_size,
        "step_size_epochs": training.step_size_epochs,
    }
    return {"name": training.schedule, peak_field: peak} | given(lengths) | fields_of(training.settings or ())


def fields_of(settings: Sequence[str]) -> Spec:
    """``field=value`` pairs as a document; a value is JSON where it reads as such, else text.

    Raises:
        UsageError: If one is not of that form.
    """
    fields: Spec = {}
    for setting in settings:
        key, sign, text = setting.partition("=")
        if not (key and sign):
            raise UsageError(f"{setting!r} is not of the form field=value, such as max_lr=0.4.")
        try:
            fields[key] = json.loads(text, parse_constant=refuse_constant)
        except ValueError:
            fields[key] = text
    return fields


def peak_of(text: str) -> str | float:
    """The highest rate of a schedule as typed: a number or ``auto``.

    Raises:
        UsageError: If it is neither.
    """
    if text == "auto":
        return text
    try:
        return float(text)
    except ValueError:
        raise UsageError(f"--max-lr must be a number or auto, not {text!r}.") from None


def refuse_constant(name: str) -> NoReturn:
    """Refuse NaN and Infinity, which JSON does not have."""
    raise ValueError(f"{name} is not a JSON number")


def _pair(label: str) -> tuple[str, str]:
    key, equals, value = label.partition("=")
    if not equals or not key:
        raise UsageError(f"--label must be key=value, not {label!r}.")
    return key, value


def given(values: Mapping[str, Any]) -> Spec:
    """What was typed: all but None."""
    return {name: value for name, value in values.items() if value is not None}
