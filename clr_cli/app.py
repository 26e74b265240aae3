"""The ``clr`` command."""

from contextlib import suppress

import typer

from clr_cli.commands import datasets, keys, maintenance, schedules, workers
from clr_cli.commands.demo import demo
from clr_cli.commands.jobs import control, downloads, inspect, logs, plot, run_file, submit
from clr_cli.commands.up import migrate, up
from clr_cli.input import options as o
from clr_client.transport import credentials

app = typer.Typer(
    name="clr",
    help="Find learning rates by range tests, and train with them.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("up")(up)
app.command("migrate")(migrate)
app.command("run")(run_file.run)
app.command("lr-find")(submit.lr_find)
app.command("sweep")(submit.sweep)
app.command("train")(submit.train)
app.command("compare")(submit.compare)
app.command("jobs")(inspect.jobs)
app.command("watch")(inspect.watch)
app.command("bounds")(inspect.bounds)
app.command("plot")(plot.plot)
app.command("table")(inspect.table)
app.command("model")(downloads.model)
app.command("curves")(downloads.curves)
app.command("logs")(logs.logs)
app.command("cancel")(inspect.cancel)
app.command("resume")(control.resume)
app.command("clone")(control.clone)
app.command("delete")(control.delete)
app.command("workers")(workers.list_workers)
app.command("prune")(maintenance.prune)
app.command("demo")(demo)
app.add_typer(maintenance.app, name="db")
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
    with suppress(ImportError):  # a client-only install: no rank that could read this process runs there
        from jobs.config.secrets import hide_process  # noqa: PLC0415

        hide_process()  # its environment may hold keys and passwords
    app()
