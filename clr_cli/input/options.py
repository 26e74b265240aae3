"""The options of the commands, each defined once."""

from pathlib import Path
from typing import Annotated

import typer

from clr_cli.input import completion

CONDITIONS = "Conditions: what range test and training share"
SWEEP = "Range test"
TRAINING = "Training"

Url = Annotated[str, typer.Option("--url", envvar="CLR_URL", help="Address of the server.")]
ApiKey = Annotated[
    str | None,
    typer.Option(
        "--api-key",
        help="Key for servers that ask for one. Better set CLR_API_KEY: other users can see command lines.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
JobId = Annotated[
    str, typer.Argument(metavar="JOB", help="Id of a job.", show_default=False, autocompletion=completion.job_ids)
]
JobIds = Annotated[
    list[str],
    typer.Argument(metavar="JOB…", help="Ids of jobs.", show_default=False, autocompletion=completion.job_ids),
]
Watch = Annotated[
    bool | None,
    typer.Option(
        "--watch/--no-watch",
        help="Show how it comes along until the end, or just print the id (default: watch in a terminal)",
        show_default=False,
    ),
]
SpecFile = Annotated[
    Path | None,
    typer.Option(
        "--spec", metavar="FILE", help="Send the spec in this file (.json, .yaml) as it is.", show_default=False
    ),
]

Changes = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PATH=VALUE",
        help="A field that differs, such as conditions.optimizer.weight_decay=1e-4; null removes; may be given often.",
        show_default=False,
    ),
]

Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(min=0, max=65_535, help="Port to listen on; 0 takes a free one.")]
DataDir = Annotated[Path, typer.Option("--data-dir", envvar="CLR_DATA_DIR", help="Folder for everything that is kept.")]
Slots = Annotated[
    int | None,
    typer.Option(min=1, help="Slots of the worker (default: one per CUDA device, else 2)", show_default=False),
]

Model = Annotated[
    str | None,
    typer.Option(
        help="mlp, resnet8, resnet20, resnet56 or a torchvision classifier (default: mlp)",
        rich_help_panel=CONDITIONS,
    ),
]
Dataset = Annotated[
    str | None,
    typer.Option(
        help="digits, cifar10, fashion_mnist, mnist, the id of an upload (clr datasets), or FILE.npz in the server's "
        "data folder (default: digits)",
        rich_help_panel=CONDITIONS,
    ),
]
ImageSize = Annotated[
    int | None,
    typer.Option(
        help="Pixels, height and width, that uploaded images are resized to.",
        show_default=False,
        rich_help_panel=CONDITIONS,
    ),
]
Optimizer = Annotated[str | None, typer.Option(help="sgd, adam or adamw (default: sgd)", rich_help_panel=CONDITIONS)]
Momentum = Annotated[
    float | None,
    typer.Option(help="Momentum of SGD, first beta of Adam (default: 0.9)", rich_help_panel=CONDITIONS),
]
WeightDecay = Annotated[
    float | None,
    typer.Option(help="Weight decay of the optimizer (default: 0.0005)", rich_help_panel=CONDITIONS),
]
BatchSize = Annotated[
    int | None,
    typer.Option(help="Samples per step, over all ranks (default: 128)", rich_help_panel=CONDITIONS),
]
WorldSize = Annotated[
    int | None,
    typer.Option(help="Ranks that share the work; each takes a slot (default: 1)", rich_help_panel=CONDITIONS),
]
Precision = Annotated[str | None, typer.Option(help="fp32 or bf16 (default: fp32)", rich_help_panel=CONDITIONS)]

StartLr = Annotated[float | None, typer.Option(help="First LR (default: 1e-6)", rich_help_panel=SWEEP)]
EndLr = Annotated[float | None, typer.Option(help="Last LR (default: 10)", rich_help_panel=SWEEP)]
SweepSteps = Annotated[
    int | None, typer.Option("--steps", help="Steps of one sweep (default: 100)", rich_help_panel=SWEEP)
]
Spacing = Annotated[
    str | None, typer.Option(help="exponential or linear (default: exponential)", rich_help_panel=SWEEP)
]
Over = Annotated[
    list[str] | None,
    typer.Option(
        "--over",
        metavar="PATH=VALUE,VALUE",
        help="Condition that varies, such as optimizer.weight_decay=1e-3,1e-4; up to four times",
        show_default=False,
        rich_help_panel=SWEEP,
    ),
]
Replicas = Annotated[
    int | None,
    typer.Option(help="Sweeps with other orders of the data (default: 3)", rich_help_panel=SWEEP),
]
Measure = Annotated[
    str | None,
    typer.Option(help="train_loss, val_loss or val_accuracy (default: train_loss)", rich_help_panel=SWEEP),
]
MeasureEvery = Annotated[
    int | None, typer.Option(help="Steps between measurements of held-back data", rich_help_panel=SWEEP)
]
Bisect = Annotated[
    bool | None, typer.Option("--bisect", help="Add short sweeps around the edge", rich_help_panel=SWEEP)
]
Vary = Annotated[
    str | None,
    typer.Option(help="data_order or data_order_and_initialisation (default: data_order)", rich_help_panel=SWEEP),
]
StartFrom = Annotated[
    str | None,
    typer.Option(metavar="JOB", help="Start every sweep from the weights of this training", rich_help_panel=SWEEP),
]

FromJob = Annotated[
    str | None,
    typer.Option(
        metavar="JOB",
        help="Take peak and conditions from this lr_find job.",
        show_default=False,
        rich_help_panel=TRAINING,
    ),
]
MaxLr = Annotated[
    str | None,
    typer.Option(
        metavar="LR|auto",
        help="Peak of the LR; auto runs a range test first.",
        show_default=False,
        rich_help_panel=TRAINING,
    ),
]
Schedule = Annotated[str, typer.Option(help="Name of a schedule; clr schedules lists them.", rich_help_panel=TRAINING)]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="FIELD=VALUE",
        help="A field of the schedule, such as anneal=cos; may be given often.",
        show_default=False,
        rich_help_panel=TRAINING,
    ),
]
BaseLr = Annotated[
    float | None,
    typer.Option(help="Foot of the cycles (triangular).", show_default=False, rich_help_panel=TRAINING),
]
StepSize = Annotated[
    int | None,
    typer.Option(help="Steps in half a cycle (triangular).", show_default=False, rich_help_panel=TRAINING),
]
StepSizeEpochs = Annotated[
    float | None,
    typer.Option(help="Epochs in half a cycle (triangular).", show_default=False, rich_help_panel=TRAINING),
]
Epochs = Annotated[float | None, typer.Option(help="Length in epochs.", show_default=False, rich_help_panel=TRAINING)]
Steps = Annotated[int | None, typer.Option(help="Length in steps.", show_default=False, rich_help_panel=TRAINING)]

Seed = Annotated[int | None, typer.Option(help="Seed of everything random (default: 0)", show_default=False)]
Name = Annotated[str | None, typer.Option(help="A name for people.", show_default=False)]
Labels = Annotated[
    list[str] | None,
    typer.Option("--label", metavar="KEY=VALUE", help="May be given often.", show_default=False),
]
