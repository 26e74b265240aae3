"""The commands about workers: ``clr workers`` and ``clr worker drain``."""

from typing import Annotated

import typer

from clr_cli.input import options as o
from clr_cli.output.tables import workers_table
from clr_cli.output.terminal import reporting, show, show_json
from clr_client.transport.addresses import DEFAULT_URL

app = typer.Typer(help="Control workers.", no_args_is_help=True)

Undo = Annotated[bool, typer.Option("--undo", help="Let the worker take jobs again.")]


@reporting
def list_workers(url: o.Url = DEFAULT_URL, as_json: o.Json = False) -> None:
    """List the live workers and what runs on them."""
    from clr_client.client import Client  # noqa: PLC0415 - heavy

    with Client(url) as client:
        document = client.workers()
    if as_json:
        show_json(document)
    else:
        show(workers_table(document["data"]))


@app.command("drain")
@reporting
def drain(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of a worker, as clr workers shows it.")],
    undo: Undo = False, url: o.Url = DEFAULT_URL, as_json: o.Json = False,
) -> None:  # fmt: skip
    """Let a worker take no more jobs. It finishes its current jobs."""
    from clr_client.client import Client  # noqa: PLC0415 - heavy

    with Client(url) as client:
        document = client.drain(name, draining=not undo)
    if as_json:
        show_json(document)
    else:
        show(f"{document['name']} {document['state']}")
