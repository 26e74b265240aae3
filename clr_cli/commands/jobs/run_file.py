"""The command that submits the job described in a file: ``clr run``."""

from pathlib import Path
from typing import Annotated

import typer

from clr_cli.commands.jobs.submit import submit
from clr_cli.input import options as o
from clr_cli.input.dry_run_report import summary
from clr_cli.input.settings import with_settings
from clr_cli.input.spec_files import spec_from_file
from clr_cli.output.terminal import reporting, show, show_json
from clr_client.transport.addresses import DEFAULT_URL

File = Annotated[
    Path,
    typer.Argument(metavar="FILE", help="A spec as .yaml or .json, of any kind; - reads it from standard input."),
]
Validate = Annotated[bool, typer.Option("--validate", help="Only show the resulting job, or why it would be refused.")]


@reporting
def run(
    file: File,
    settings: o.Changes = None,
    validate: Validate = False,
    watch: o.Watch = None,
    url: o.Url = DEFAULT_URL,
    as_json: o.Json = False,
) -> None:
    """Run the job in a file: clr run job.yaml --set conditions.optimizer.weight_decay=1e-4."""
    spec = with_settings(spec_from_file(file), settings or ())
    if not validate:
        submit(url, spec, watch, as_json)
        return
    from clr_client.client import Client  # noqa: PLC0415 - heavy

    with Client(url) as client:
        document = client.validate(spec)
    if as_json:
        show_json(document)
    else:
        show(summary(document))
