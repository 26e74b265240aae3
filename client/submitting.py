"""The commands that ask for a job: ``clr lr-find``, ``clr sweep`` and ``clr train``."""

import sys
from collections.abc import Mapping
from typing import Any

import typer

from client import options as o
from client.errors import UsageError
from client.specs import (
    ConditionFlags,
    LabelFlags,
    RangeTestFlags,
    TrainFlags,
    lr_find_spec,
    spec_from_file,
    sweep_spec,
    train_spec,
)
from client.terminal import reporting, show, show_json

OWN_OPTIONS = {"url", "as_json", "watch", "spec"}


@reporting
def lr_find(  # noqa: PLR0913 - options of a command
    context: typer.Context,
    *,
    model: o.Model = None,
    dataset: o.Dataset = None,
    image_size: o.ImageSize = None,
    optimizer: o.Optimizer = None,
    momentum: o.Momentum = None,
    weight_decay: o.WeightDecay = None,
    batch_size: o.BatchSize = None,
    world_size: o.WorldSize = None,
    precision: o.Precision = None,
    start_lr: o.StartLr = None,
    end_lr: o.EndLr = None,
    steps: o.SweepSteps = None,
    spacing: o.Spacing = None,
    replicas: o.Replicas = None,
    measure: o.Measure = None,
    measure_every: o.MeasureEvery = None,
    bisect: o.Bisect = None,
    vary: o.Vary = None,
    start_from: o.StartFrom = None,
    refine: o.Refine = None,
    seed: o.Seed = None,
    name: o.Name = None,
    label: o.Labels = None,
    spec: o.SpecFile = None,
    watch: o.Watch = None,
    url: o.Url = o.DEFAULT_URL,
    as_json: o.Json = False,
) -> None:
    """Run LR range tests under the conditions of a training to come, and find its LR bounds."""
    if spec is not None:
        _refuse_beside_spec(context)
        _submit(url, spec_from_file(spec), watch, as_json)
        return
    document = lr_find_spec(
        ConditionFlags(
            model, dataset, optimizer, momentum, weight_decay, batch_size, world_size, precision, image_size
        ),
        RangeTestFlags(start_lr, end_lr, steps, spacing, replicas, measure, measure_every, bisect, vary, start_from),
        LabelFlags(seed, name, label or ()),
        refine,
    )
    _submit(url, document, watch, as_json)


@reporting
def sweep(  # noqa: PLR0913 - options of a command
    context: typer.Context,
    *,
    over: o.Over = None,
    model: o.Model = None,
    dataset: o.Dataset = None,
    optimizer: o.Optimizer = None,
    momentum: o.Momentum = None,
    weight_decay: o.WeightDecay = None,
    batch_size: o.BatchSize = None,
    world_size: o.WorldSize = None,
    precision: o.Precision = None,
    start_lr: o.StartLr = None,
    end_lr: o.EndLr = None,
    steps: o.SweepSteps = None,
    spacing: o.Spacing = None,
    replicas: o.Replicas = None,
    measure: o.Measure = None,
    measure_every: o.MeasureEvery = None,
    bisect: o.Bisect = None,
    vary: o.Vary = None,
    start_from: o.StartFrom = None,
    seed: o.Seed = None,
    name: o.Name = None,
    label: o.Labels = None,
    spec: o.SpecFile = None,
    watch: o.Watch = None,
    url: o.Url = o.DEFAULT_URL,
    as_json: o.Json = False,
) -> None:
    """Run the same LR range test over a grid of conditions, side by side, and compare the bounds."""
    if spec is not None:
        _refuse_beside_spec(context)
        _submit(url, spec_from_file(spec), watch, as_json)
        return
    document = sweep_spec(
        ConditionFlags(model, dataset, optimizer, momentum, weight_decay, batch_size, world_size, precision),
        over or (),
        RangeTestFlags(start_lr, end_lr, steps, spacing, replicas, measure, measure_every, bisect, vary, start_from),
        LabelFlags(seed, name, label or ()),
    )
    _submit(url, document, watch, as_json)


@reporting
def train(  # noqa: PLR0913 - options of a command
    context: typer.Context,
    *,
    from_job: o.FromJob = None,
    max_lr: o.MaxLr = None,
    schedule: o.Schedule = "one_cycle",
    base_lr: o.BaseLr = None,
    step_size: o.StepSize = None,
    step_size_epochs: o.StepSizeEpochs = None,
    settings: o.Settings = None,
    epochs: o.Epochs = None,
    steps: o.Steps = None,
    model: o.Model = None,
    dataset: o.Dataset = None,
    image_size: o.ImageSize = None,
    optimizer: o.Optimizer = None,
    momentum: o.Momentum = None,
    weight_decay: o.WeightDecay = None,
    batch_size: o.BatchSize = None,
    world_size: o.WorldSize = None,
    precision: o.Precision = None,
    seed: o.Seed = None,
    name: o.Name = None,
    label: o.Labels = None,
    spec: o.SpecFile = None,
    watch: o.Watch = None,
    url: o.Url = o.DEFAULT_URL,
    as_json: o.Json = False,
) -> None:
    """Train with a cyclical LR: from the bounds of an lr_find job, a peak of your own, or auto."""
    if spec is not None:
        _refuse_beside_spec(context)
        _submit(url, spec_from_file(spec), watch, as_json)
        return
    document = train_spec(
        ConditionFlags(
            model, dataset, optimizer, momentum, weight_decay, batch_size, world_size, precision, image_size
        ),
        TrainFlags(from_job, max_lr, schedule, base_lr, step_size, step_size_epochs, epochs, steps, settings or ()),
        LabelFlags(seed, name, label or ()),
    )
    _submit(url, document, watch, as_json)


def _refuse_beside_spec(context: typer.Context) -> None:
    """Refuse options that would change what ``--spec`` is to send as it is."""
    typed = [
        f"--{name.replace('_', '-')}"
        for name in context.params
        if name not in OWN_OPTIONS and str(context.get_parameter_source(name)).endswith("COMMANDLINE")
    ]
    if typed:
        raise UsageError(f"{', '.join(typed)}: --spec sends the file as it is; leave this out.")


def _submit(url: str, spec: Mapping[str, Any], watch: bool | None, as_json: bool) -> None:
    from client.client import Client  # noqa: PLC0415 - heavy
    from client.following import follow  # noqa: PLC0415 - heavy

    wants_watch = watch if watch is not None else sys.stdout.isatty() and not as_json
    with Client(url) as client:
        job = client.submit(spec)
        if wants_watch:
            follow(client, job["id"], url, as_json=as_json)
        elif as_json:
            show_json(job)
        else:
            show(job["id"])
