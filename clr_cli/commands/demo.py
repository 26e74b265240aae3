"""The command ``clr demo``: runs the whole service once and draws two pictures."""

from pathlib import Path
from typing import Annotated

import typer

from clr_cli.input import options as o
from clr_cli.output.terminal import reporting

Out = Annotated[Path, typer.Option(help="Folder for the two pictures.")]


@reporting
def demo(out: Out = Path("demo-out"), as_json: o.Json = False) -> None:
    """Start everything, find LR bounds on two ranks, train with them, draw two pictures, stop everything."""
    from clr_cli.commands.demo_run import run_demo  # noqa: PLC0415 - heavy

    run_demo(out, as_json=as_json)
