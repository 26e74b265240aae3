"""The commands that fetch files of a job: ``clr model`` and ``clr curves``."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from clr_cli.input import options as o
from clr_cli.output.terminal import reporting, show_json, tell
from clr_client.errors import UsageError
from clr_client.transport.addresses import DEFAULT_URL

Out = Annotated[
    Path | None,
    typer.Option("--out", help="File to write (default: JOB.safetensors, with JOB.json beside it)", show_default=False),
]
Table = Annotated[
    Path | None, typer.Option("--csv", help="File to write (default: standard output)", show_default=False)
]
Metric = Annotated[list[str] | None, typer.Option(help="Only this metric; may be repeated.", show_default=False)]


@reporting
def model(job: o.JobId, out: Out = None, url: o.Url = DEFAULT_URL, as_json: o.Json = False) -> None:
    """Fetch the model of a training as safetensors, and its card as JSON beside it."""
    from clr_client.client import Client  # noqa: PLC0415 - heavy

    target = out or Path(f"{job}.safetensors")
    card = target.with_suffix(".json")
    if card == target:
        raise UsageError(f"--out {target}: the card is written to this file; take another ending")
    with Client(url) as client:
        document = client.model_card(job)  # first: if there is no model, no file is created
        aside = target.with_name(f"{target.name}.part")
        try:
            with aside.open("wb") as file:
                size = client.download_model(job, file)
            aside.replace(target)
        finally:
            aside.unlink(missing_ok=True)
    card.write_text(json.dumps(document, indent=2))
    tell(f"{target} ({size:,} bytes) and {card}")
    if as_json:
        show_json({"object": "file", "path": str(target), "size_bytes": size, "card": document})


@reporting
def curves(
    job: o.JobId, csv: Table = None, metric: Metric = None, url: o.Url = DEFAULT_URL, as_json: o.Json = False
) -> None:
    """Write every point of a job's curves as CSV: metric, replica, step, value; with --json, 2,000 points of each."""
    from clr_client.client import Client  # noqa: PLC0415 - heavy

    with Client(url) as client:
        if csv is None and as_json:
            show_json(client.curves(job, metric or []))
            return
        if csv is None:
            client.download_curves(job, sys.stdout.buffer, metric or [])
            return
        client.job(job)  # where there is none, no file is made
        with csv.open("wb") as file:
            size = client.download_curves(job, file, metric or [])
    tell(f"{csv} ({size:,} bytes)")
    if as_json:
        show_json({"object": "file", "path": str(csv), "size_bytes": size})
