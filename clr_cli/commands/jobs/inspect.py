"""The commands about existing jobs: ``clr jobs``, ``watch``, ``bounds``, ``table`` and ``cancel``."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from clr_cli.commands.jobs.plot import check_suffix, fetch
from clr_cli.input import options as o
from clr_cli.input.completion import kinds, statuses
from clr_cli.output.tables import bounds_table, jobs_table
from clr_cli.output.terminal import reporting, show, show_json, tell
from clr_client.display.formatting import status_text
from clr_client.transport.addresses import DEFAULT_URL

Status = Annotated[
    str | None, typer.Option(help="Only jobs of this status.", show_default=False, autocompletion=statuses)
]
Kind = Annotated[str | None, typer.Option(help="Only jobs of this kind.", show_default=False, autocompletion=kinds)]
Limit = Annotated[int, typer.Option(min=1, help="Maximum number of jobs.")]
Out = Annotated[Path | None, typer.Option(help="Also write the picture: .svg, .png or .json.", show_default=False)]
Plot = Annotated[
    bool | None,
    typer.Option("--plot/--no-plot", help="Draw the curve (default: in a terminal)", show_default=False),
]
Kill = Annotated[bool, typer.Option("--kill", help="End its ranks at once, without a checkpoint.")]
Cursor = Annotated[str | None, typer.Option(help="Cursor of the last page.", show_default=False)]


@reporting
def jobs(
    status: Status = None,
    kind: Kind = None,
    limit: Limit = 20,
    cursor: Cursor = None,
    url: o.Url = DEFAULT_URL,
    as_json: o.Json = False,
) -> None:
    """List jobs, newest first."""
    from clr_client.client import Client  # noqa: PLC0415 - heavy

    with Client(url) as client:
        page = client.jobs(status, kind, limit, cursor)
    if as_json:
        show_json(page)
        return
    show(jobs_table(page["data"]))
    if page.get("next_cursor"):
        tell(f"There are more: --cursor {page['next_cursor']}")


@reporting
def watch(job: o.JobId, url: o.Url = DEFAULT_URL, as_json: o.Json = False) -> None:
    """Watch a job to its end; exit status 1 if it does not succeed."""
    from clr_cli.output.follow_job import follow  # noqa: PLC0415 - heavy
    from clr_client.client import Client  # noqa: PLC0415 - heavy

    with Client(url) as client:
        follow(client, job, url, as_json=as_json)


@reporting
def bounds(job: o.JobId, out: Out = None, plot: Plot = None, url: o.Url = DEFAULT_URL, as_json: o.Json = False) -> None:
    """Show the LR bounds that an lr_find job found, with its curve and the next command."""
    if out is not None:
        check_suffix(out)
    from clr_cli.output.follow_job import training_command  # noqa: PLC0415 - heavy
    from clr_cli.output.live_curves import range_test_chart  # noqa: PLC0415 - heavy
    from clr_client.client import Client  # noqa: PLC0415 - heavy

    wants_plot = plot if plot is not None else sys.stdout.isatty()
    with Client(url) as client:
        document = client.bounds(job)
        picture = range_test_chart(client, client.job(job), document) if wants_plot and not as_json else None
        if out is not None:
            fetch(client, job, out)
            tell(f"Wrote {out}")
    if as_json:
        show_json(document)
    else:
        show("\n".join([*([picture] if picture else []), bounds_table(document, training_command(job, url))]))


@reporting
def table(job: o.JobId, url: o.Url = DEFAULT_URL, as_json: o.Json = False) -> None:
    """Show the bounds of each cell of a sweep, or the arms of a comparison, as far as known."""
    from clr_cli.output.comparison_table import comparison_table  # noqa: PLC0415 - heavy
    from clr_cli.output.sweep_table import sweep_table  # noqa: PLC0415 - heavy
    from clr_client.client import Client  # noqa: PLC0415 - heavy

    with Client(url) as client:
        compares = client.job(job)["kind"] == "compare"
        document = client.comparison(job) if compares else client.table(job)
    if as_json:
        show_json(document)
    else:
        show(comparison_table(document) if compares else sweep_table(document))


@reporting
def cancel(job: o.JobId, kill: Kill = False, url: o.Url = DEFAULT_URL, as_json: o.Json = False) -> None:
    """Cancel a job; clr resume continues it."""
    from clr_client.client import Client  # noqa: PLC0415 - heavy

    with Client(url) as client:
        document = client.cancel(job, "kill" if kill else "checkpoint")
    if as_json:
        show_json(document)
    else:
        show(f"{document['id']} {status_text(document)}")
