"""The commands about datasets: ``clr datasets``, ``clr datasets upload`` and ``clr datasets delete``."""

from pathlib import Path
from typing import Annotated

import typer

from clr_cli.input import options as o
from clr_cli.output.tables import datasets_table
from clr_cli.output.terminal import reporting, show, show_json, tell
from clr_client.transport.addresses import DEFAULT_URL

app = typer.Typer(help="List the datasets, upload one, or delete one.", invoke_without_command=True)

File = Annotated[Path, typer.Argument(help="An .npz file of arrays, or a .zip, .tar or .tar.gz of class folders.")]
Name = Annotated[str, typer.Option(help="A name for people (default: that of the file)", show_default=False)]
Dataset = Annotated[str, typer.Argument(metavar="DATASET", help="Id of an uploaded dataset.", show_default=False)]


@app.callback()
@reporting
def datasets(context: typer.Context, url: o.Url = DEFAULT_URL, as_json: o.Json = False) -> None:
    """List the available datasets."""
    if context.invoked_subcommand is not None:
        return
    from clr_client.client import Client  # noqa: PLC0415 - heavy

    with Client(url) as client:
        document = client.datasets()
    if as_json:
        show_json(document)
    else:
        show(datasets_table(document["data"]))


@app.command()
@reporting
def upload(file: File, *, name: Name = "", url: o.Url = DEFAULT_URL, as_json: o.Json = False) -> None:
    """Upload a dataset. Pass its id to --dataset."""
    from rich.console import Console  # noqa: PLC0415 - heavy
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn  # noqa: PLC0415

    from clr_client.client import Client  # noqa: PLC0415 - heavy

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    console = Console(stderr=True)
    size_bytes = file.stat().st_size if file.is_file() else None
    with Client(url) as client, Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(f"Uploading {file.name}", total=size_bytes)
        document = client.upload_dataset(file, name or file.name, on_progress=lambda sent: progress.advance(task, sent))
    if as_json:
        show_json(document)
        return
    tell(datasets_table([document]))
    show(document["id"])


@app.command()
@reporting
def delete(dataset: Dataset, *, url: o.Url = DEFAULT_URL, as_json: o.Json = False) -> None:
    """Delete an uploaded dataset, unless a job still needs it."""
    from clr_client.client import Client  # noqa: PLC0415 - heavy

    with Client(url) as client:
        client.delete_dataset(dataset)
    tell(f"Deleted {dataset}")
    if as_json:
        show_json({"object": "deleted", "ids": [dataset]})
