"""The commands that submit a job from options: ``clr lr-find``, ``clr sweep`` and ``clr train``."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import typer

from clr_cli.input import options as o
from clr_cli.input.option_groups import grouped
from clr_cli.input.spec_files import spec_from_file
from clr_cli.input.spec_from_flags import (
    ConditionFlags,
    LabelFlags,
    RangeTestFlags,
    Spec,
    TrainFlags,
    lr_find_spec,
    sweep_spec,
    train_spec,
)
from clr_cli.output.terminal import reporting, show, show_json
from clr_client.errors import UsageError
from clr_client.transport.addresses import DEFAULT_URL


@dataclass(frozen=True)
class SubmitFlags:
    """Where a spec goes, and what is shown then; with ``spec``, all other options of a command are refused."""

    spec: o.SpecFile = None
    watch: o.Watch = None
    url: o.Url = DEFAULT_URL
    as_json: o.Json = False


OWN_OPTIONS = set(SubmitFlags.__dataclass_fields__)


@reporting
@grouped
def lr_find(
    context: typer.Context,
    conditions: ConditionFlags,
    range_test: RangeTestFlags,
    labels: LabelFlags,
    sending: SubmitFlags,
) -> None:
    """Run LR range tests under the conditions of a training to come, and find its LR bounds."""
    _send(context, sending, lambda: lr_find_spec(conditions, range_test, labels))


@reporting
@grouped
def sweep(
    context: typer.Context,
    conditions: ConditionFlags,
    range_test: RangeTestFlags,
    labels: LabelFlags,
    sending: SubmitFlags,
    *,
    over: o.Over = None,
) -> None:
    """Run the same LR range test over a grid of conditions, side by side, and compare the bounds."""
    _send(context, sending, lambda: sweep_spec(conditions, over or (), range_test, labels))


@reporting
@grouped
def train(
    context: typer.Context, training: TrainFlags, conditions: ConditionFlags, labels: LabelFlags, sending: SubmitFlags
) -> None:
    """Train with a cyclical LR: from the bounds of an lr_find job, a peak of your own, or auto."""
    _send(context, sending, lambda: train_spec(conditions, training, labels))


def _send(context: typer.Context, sending: SubmitFlags, from_options: Callable[[], Spec]) -> None:
    if sending.spec is not None:
        refuse_beside_spec(context)
    spec = from_options() if sending.spec is None else spec_from_file(sending.spec)
    submit(sending.url, spec, sending.watch, sending.as_json)


def refuse_beside_spec(context: typer.Context) -> None:
    """Refuse options that would change what ``--spec`` is to send as it is."""
    typed = [
        parameter.opts[0]
        for parameter in context.command.params
        if parameter.name not in OWN_OPTIONS
        and str(context.get_parameter_source(str(parameter.name))).endswith("COMMANDLINE")
    ]
    if typed:
        raise UsageError(f"{', '.join(typed)}: --spec sends the file as it is; leave this out, or use clr run --set.")


def submit(url: str, spec: Mapping[str, Any], watch: bool | None, as_json: bool) -> None:
    """Ask for a job, then watch it, or print its id."""
    from clr_cli.output.follow_job import follow  # noqa: PLC0415 - heavy
    from clr_client.client import Client  # noqa: PLC0415 - heavy

    wants_watch = watch if watch is not None else sys.stdout.isatty() and not as_json
    with Client(url) as client:
        job = client.submit(spec)
        if wants_watch:
            follow(client, job["id"], url, as_json=as_json)
        elif as_json:
            show_json(job)
        else:
            show(job["id"])
