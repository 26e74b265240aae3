"""Follows one job until it ends, and prints its outcome."""

import typer
from rich.console import Console

from clr_cli.output.comparison_table import comparison_table
from clr_cli.output.live_curves import live_chart
from clr_cli.output.sweep_table import sweep_table
from clr_cli.output.tables import bounds_table
from clr_cli.output.terminal import EXIT_FAILED, EXIT_INTERRUPTED, complain, show, show_json, tell
from clr_client.client import Client, Document
from clr_client.display.formatting import failure, verdict
from clr_client.display.progress import watching
from clr_client.transport.addresses import DEFAULT_URL

EPOCHS_TO_TRY = 12


def follow(client: Client, job_id: str, url: str, *, as_json: bool) -> None:
    """Show a job until it has ended, then its result. Exit with status 1 if it did not succeed."""
    try:
        with watching(Console(stderr=True), lambda job: live_chart(client, job)) as update:
            job = client.wait(job_id, on_update=update)
    except KeyboardInterrupt:
        tell(f"{job_id} goes on. Watch it with `{command('watch', job_id, url)}`,")
        tell(f"or end it with `{command('cancel', job_id, url)}`.")
        raise typer.Exit(EXIT_INTERRUPTED) from None
    if as_json:
        show_json(job)
    elif job["status"] == "succeeded":
        show(_success(client, job, url))
    else:
        if table := table_of(client, job):
            show(table)
        complain(failure(job))
    if job["status"] != "succeeded":
        raise typer.Exit(EXIT_FAILED)


def _success(client: Client, job: Document, url: str) -> str:
    if table := table_of(client, job):
        return f"{verdict(job)}\n{table}"
    if job["kind"] != "lr_find":
        return verdict(job)
    return f"{verdict(job)}\n{bounds_table(client.bounds(job['id']), training_command(job['id'], url))}"


def table_of(client: Client, job: Document) -> str | None:
    """Return the table of a job that consists of others; None for other jobs."""
    if job["kind"] == "sweep":
        return sweep_table(client.table(job["id"]))
    return comparison_table(client.comparison(job["id"])) if job["kind"] == "compare" else None


def training_command(job_id: str, url: str) -> str:
    """Return the command that trains with the bounds of a job."""
    return f"clr train --from-job {job_id} --epochs {EPOCHS_TO_TRY}{_address(url)}"


def command(name: str, job_id: str, url: str) -> str:
    """Return a command about one job on the server at ``url``."""
    return f"clr {name} {job_id}{_address(url)}"


def _address(url: str) -> str:
    return "" if url == DEFAULT_URL else f" --url {url}"
