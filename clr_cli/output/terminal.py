"""Output streams of the commands, and the exit status for each kind of failure.

Results go to stdout, progress and errors to stderr. Exit status: 0 done; 1 a job or a service of the stack failed; 2
the request was at fault; 3 no usable server; 130 interrupted.
"""

import json
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, ParamSpec

import typer

from clr_client.errors import ClrError, ProblemError, ServerUnreachableError, UsageError

P = ParamSpec("P")

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_UNREACHABLE = 3
EXIT_INTERRUPTED = 130
OF_THE_SERVICE = frozenset({"api", "jobs", "local_stack", "migrations", "worker"})  # a client-only install lacks these


def show(text: str) -> None:
    """Print a result for people."""
    typer.echo(_printable(text))


def show_json(document: Mapping[str, Any]) -> None:
    """Print a result for programs."""
    typer.echo(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False, default=dict))


def tell(text: str) -> None:
    """Print progress, apart from the result."""
    typer.echo(_printable(text), err=True)


def complain(text: str) -> None:
    """Print an error."""
    from rich.console import Console  # noqa: PLC0415 - heavy; it handles pipes, NO_COLOR and TERM=dumb

    console = Console(stderr=True)
    for line in _printable(text).splitlines():
        console.print(line, style="red", markup=False, highlight=False, emoji=False, soft_wrap=True)


def _printable(text: str) -> str:
    """Remove control characters, so that text of a server or a log cannot control the terminal."""
    return "".join(char for char in text if char in "\n\t" or char.isprintable())


def exit_status(error: ClrError) -> int:
    """Return the exit status of a failure."""
    if isinstance(error, ProblemError):
        return EXIT_USAGE if error.is_client_error else EXIT_UNREACHABLE
    if isinstance(error, UsageError):
        return EXIT_USAGE
    return EXIT_UNREACHABLE if isinstance(error, ServerUnreachableError) else EXIT_FAILED


def reporting(command: Callable[P, None]) -> Callable[P, None]:
    """Wrap a command, so that a failure becomes a message and an exit status, never a traceback."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except ClrError as error:
            complain(str(error))
            raise typer.Exit(exit_status(error)) from error
        except ModuleNotFoundError as error:
            if error.name not in OF_THE_SERVICE:
                raise
            complain("This command runs the service on this machine: pip install 'clr-service[worker,local]'")
            raise typer.Exit(EXIT_FAILED) from error
        except KeyboardInterrupt as interrupt:
            raise typer.Exit(EXIT_INTERRUPTED) from interrupt

    return run
