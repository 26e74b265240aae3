"""The command that compares schedules: ``clr compare``."""

from typing import Annotated

import typer

from clr_cli.commands.jobs.submit import refuse_beside_spec, submit
from clr_cli.input import options as o
from clr_cli.input.comparison_from_flags import CompareFlags, compare_spec
from clr_cli.input.spec_files import spec_from_file
from clr_cli.input.spec_from_flags import ConditionFlags, LabelFlags, RangeTestFlags
from clr_cli.output.terminal import reporting
from clr_client.transport.addresses import DEFAULT_URL

COMPARISON = "Comparison"

Arms = Annotated[
    list[str] | None,
    typer.Option(
        "--arm", metavar='"NAME=SCHEDULE FIELD=VALUE …"', show_default=False, rich_help_panel=COMPARISON,
        help='A schedule and its budget, such as "fast=one_cycle max_lr=auto steps=600"; give it for each arm.',
    ),
]  # fmt: skip
Preset = Annotated[
    str | None,
    typer.Option(help="super_convergence, in place of arms", show_default=False, rich_help_panel=COMPARISON),
]
Steps = Annotated[
    int | None, typer.Option(help="Preset: updates of 1cycle", show_default=False, rich_help_panel=COMPARISON)
]
Ratio = Annotated[
    int | None,
    typer.Option(help="Preset: the standard policy has so many times more (default: 8)", rich_help_panel=COMPARISON),
]
StandardLr = Annotated[
    float | None, typer.Option(help="Preset: LR of the standard policy (default: 0.1)", rich_help_panel=COMPARISON)
]
MaxLr = Annotated[
    str | None,
    typer.Option(metavar="LR|auto", help="Preset: peak of 1cycle (default: auto)", rich_help_panel=COMPARISON),
]
Seeds = Annotated[
    str | None,
    typer.Option(metavar="N,N", help="Seeds, the same for each arm (default: 0,1,2)", rich_help_panel=COMPARISON),
]
Target = Annotated[
    str | None,
    typer.Option(
        metavar="VALUE|ARM", show_default=False, rich_help_panel=COMPARISON,
        help="What is to be reached: a value, or where that arm ends (default: the reference)",
    ),
]  # fmt: skip
Metric = Annotated[
    str | None, typer.Option(help="val_accuracy or val_loss (default: val_accuracy)", rich_help_panel=COMPARISON)
]
Reference = Annotated[
    str | None,
    typer.Option(
        metavar="ARM", show_default=False, rich_help_panel=COMPARISON,
        help="Whose updates the others' are compared with (default: the target's arm, else the longest)",
    ),
]  # fmt: skip
EqualBudget = Annotated[
    bool | None,
    typer.Option(
        "--equal-budget/--no-equal-budget", show_default=False, rich_help_panel=COMPARISON,
        help="Add plain schedules over the shortest budget (default: add them)",
    ),
]  # fmt: skip
EvaluateEvery = Annotated[
    int | None, typer.Option(help="Steps between two evaluations", show_default=False, rich_help_panel=COMPARISON)
]


@reporting
def compare(  # noqa: PLR0913 - options of a command
    context: typer.Context,
    *,
    arm: Arms = None,
    preset: Preset = None,
    steps: Steps = None,
    ratio: Ratio = None,
    max_lr: MaxLr = None,
    standard_lr: StandardLr = None,
    seeds: Seeds = None,
    target: Target = None,
    metric: Metric = None,
    reference: Reference = None,
    equal_budget: EqualBudget = None,
    evaluate_every: EvaluateEvery = None,
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
    url: o.Url = DEFAULT_URL,
    as_json: o.Json = False,
) -> None:
    """Train with several schedules under equal conditions and seeds, side by side, and compare them."""
    if spec is not None:
        refuse_beside_spec(context)
        submit(url, spec_from_file(spec), watch, as_json)
        return
    document = compare_spec(
        ConditionFlags(
            model, dataset, optimizer, momentum, weight_decay, batch_size, world_size, precision, image_size
        ),
        CompareFlags(
            arm or (), preset, steps, ratio, max_lr, standard_lr, seeds, target, metric, reference, equal_budget,
            evaluate_every,
        ),
        RangeTestFlags(),
        LabelFlags(seed, name, label),
    )  # fmt: skip
    submit(url, document, watch, as_json)
