"""The commands about schedules: ``clr schedules`` and ``clr schedules preview``."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from clr_cli.input import options as o
from clr_cli.input.settings import fields_of
from clr_cli.output.terminal import reporting, show, show_json, tell
from clr_client.display.text_charts import chart
from clr_client.errors import UsageError
from clr_client.transport.addresses import DEFAULT_URL

app = typer.Typer(help="List the schedules, or preview one.", invoke_without_command=True)

Name = Annotated[str, typer.Argument(help="Name of a schedule, such as one_cycle.")]
Settings = Annotated[
    list[str] | None, typer.Argument(help="Its fields, such as max_lr=0.4 step_size=200.", show_default=False)
]
TotalSteps = Annotated[int, typer.Option("--steps", min=1, help="Length of the training in steps.")]
StepsPerEpoch = Annotated[float | None, typer.Option(help="Steps of an epoch.", show_default=False)]
Flat = Annotated[bool, typer.Option("--no-momentum", help="For an optimizer without momentum.")]
Out = Annotated[Path | None, typer.Option(help="Write a picture: .svg or .png.", show_default=False)]


@app.callback()
@reporting
def schedules(context: typer.Context, url: o.Url = DEFAULT_URL, as_json: o.Json = False) -> None:
    """List every schedule with a line of help."""
    if context.invoked_subcommand is not None:
        return
    from clr_client.client import Client  # noqa: PLC0415 - heavy

    with Client(url) as client:
        document = client.schedules()
    if as_json:
        show_json(document)
        return
    for entry in document["data"]:
        show(f"{entry['name']:<20} {entry['help'].replace('``', '')}")


@app.command()
@reporting
def preview(  # noqa: PLR0913 - options of a command
    name: Name,
    settings: Settings = None,
    *,
    steps: TotalSteps = 1000,
    steps_per_epoch: StepsPerEpoch = None,
    no_momentum: Flat = False,
    out: Out = None,
    url: o.Url = DEFAULT_URL,
    as_json: o.Json = False,
) -> None:
    """Draw the learning rate of a schedule, step by step."""
    from clr_client.client import Client  # noqa: PLC0415 - heavy

    if out is not None and out.suffix not in {".svg", ".png"}:
        raise UsageError(f"--out must end in .svg or .png, got {out}")
    asked: dict[str, Any] = {
        "schedule": {"name": name} | fields_of(settings or []),
        "total_steps": steps,
        "momentum": not no_momentum,
    }
    if steps_per_epoch is not None:
        asked["steps_per_epoch"] = steps_per_epoch
    with Client(url) as client:
        document = client.preview(asked)
    if as_json:
        show_json(document)
    else:
        show(plot(document, name))
    if out is not None:
        from clr_cli.output.schedule_picture import draw_schedule  # noqa: PLC0415 - matplotlib is heavy

        draw_schedule(document, out, name)
        tell(f"Wrote {out}")


def plot(document: Mapping[str, Any], title: str) -> str:
    """Draw the learning rate over the steps with characters."""
    return chart([(document["steps"], document["lr"])], f"{title}: learning rate over {document['total_steps']} steps")
