"""The ``clr`` command."""

import typer

from client import (
    comparing,
    controlling,
    credentials,
    datasets,
    downloads,
    keys,
    logs,
    plotting,
    reading,
    running,
    schedules,
    storage,
    submitting,
    workers,
)
from client import options as o
from client.demo_command import demo
from client.up import migrate, up
from jobs.config.secrets import hide_process

app = typer.Typer(
    name="clr",
    help="Find learning rates by range tests, and train with them.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("up")(up)
app.command("migrate")(migrate)
app.command("run")(running.run)
app.command("lr-find")(submitting.lr_find)
app.command("sweep")(submitting.sweep)
app.command("train")(submitting.train)
app.command("compare")(comparing.compare)
app.command("jobs")(reading.jobs)
app.command("watch")(reading.watch)
app.command("bounds")(reading.bounds)
app.command("plot")(plotting.plot)
app.command("table")(reading.table)
app.command("model")(downloads.model)
app.command("curves")(downloads.curves)
app.command("logs")(logs.logs)
app.command("cancel")(reading.cancel)
app.command("resume")(controlling.resume)
app.command("clone")(controlling.clone)
app.command("delete")(controlling.delete)
app.command("workers")(workers.list_workers)
app.command("prune")(storage.prune)
app.command("demo")(demo)
app.add_typer(storage.app, name="db")
app.add_typer(workers.app, name="worker")
app.add_typer(datasets.app, name="datasets")
app.add_typer(schedules.app, name="schedules")
app.add_typer(keys.app, name="keys")


@app.callback()
def before_every_command(api_key: o.ApiKey = None) -> None:
    """Find learning rates by range tests, and train with them."""
    credentials.use(api_key)


def main() -> None:
    """Run the command line, as the program ``clr``."""
    hide_process()  # its environment may hold keys and passwords
    app()
