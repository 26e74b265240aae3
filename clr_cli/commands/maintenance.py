"""Commands for operators, ``clr db check`` and ``clr prune``: they need access to the database, and do not use HTTP."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from clr_cli.input import options as o
from clr_cli.output.terminal import EXIT_FAILED, reporting

app = typer.Typer(help="The database and the stored files of this server.", no_args_is_help=True)

Hashes = Annotated[bool, typer.Option("--hashes", help="Also read every stored file and compare its SHA-256.")]
Age = Annotated[str, typer.Option("--older-than", metavar="AGE", help="Minimum time since they ended: 30d, 12h or 8w.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what would be removed.")]
DEFAULT_DIR = Path("clr-data")


@app.command("check")
@reporting
def check(data_dir: o.DataDir = DEFAULT_DIR, hashes: Hashes = False) -> None:
    """Compare rows, roll-ups, stored files and schema; exit status 1 if they disagree."""
    _run(data_dir, "check", *(["--hashes"] if hashes else []))


@reporting
def prune(older_than: Age, data_dir: o.DataDir = DEFAULT_DIR, dry_run: DryRun = False) -> None:
    """Remove jobs that ended long ago, with their curves and files, and files that no job refers to."""
    _run(data_dir, "prune", "--older-than", older_than, *(["--dry-run"] if dry_run else []))


def _run(data_dir: Path, *arguments: str) -> None:
    from local_stack.data_dir import make_folder  # noqa: PLC0415 - a client-only install lacks it
    from local_stack.services import run_migrations  # noqa: PLC0415

    if run_migrations(make_folder(data_dir.absolute()), *arguments, stdout=sys.stdout) != 0:
        raise typer.Exit(EXIT_FAILED)
