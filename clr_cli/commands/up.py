"""The commands ``clr up``, which runs the whole service on this machine until Ctrl-C, and ``clr migrate``."""

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import typer

from clr_cli.input import options as o
from clr_cli.output.terminal import (
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    EXIT_USAGE,
    complain,
    reporting,
    show,
    show_json,
    tell,
)
from clr_client.errors import StackInterruptedError
from clr_client.transport.addresses import DEFAULT_URL, is_loopback

if TYPE_CHECKING:
    from local_stack.stack import Stack

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
DEFAULT_DATA_DIR = Path("clr-data")


@reporting
def up(
    host: o.Host = "127.0.0.1",
    port: o.Port = 8000,
    data_dir: o.DataDir = DEFAULT_DATA_DIR,
    slots: o.Slots = None,
    as_json: o.Json = False,
) -> None:
    """Run broker, database, one worker and the API on this machine, until Ctrl-C."""
    from local_stack.stack import Stack  # noqa: PLC0415 - heavy

    stack = Stack(data_dir, host=host, port=port, slots=slots, tell=_tell_with_time)
    _assert_keys(stack.data_dir, host)
    tell(f"Starting in {stack.data_dir} …")
    with _stopped_by_signals(stack):
        try:
            stack.start()
        except StackInterruptedError as error:
            tell(str(error))
            raise typer.Exit(EXIT_INTERRUPTED) from error
        _announce(stack, as_json=as_json)
        stack.stopping.wait()
        tell("Stopping API, worker and broker; press Ctrl-C again to kill them.")
        stack.wait()
    tell("All services have stopped.")


@reporting
def migrate(data_dir: o.DataDir = DEFAULT_DATA_DIR, as_json: o.Json = False) -> None:
    """Migrate the database (CLR_DATABASE_URL, or SQLite in the data folder) to the current schema."""
    from local_stack.data_dir import make_folder  # noqa: PLC0415
    from local_stack.services import run_migrations  # noqa: PLC0415

    status = run_migrations(make_folder(data_dir.absolute()), stdout=sys.stderr)
    if status != 0:
        complain(f"The migration ended with status {status}.")
        raise typer.Exit(EXIT_FAILED)
    if as_json:
        show_json({"object": "migration", "status": "succeeded"})
    else:
        show("The database is up to date.")


def _assert_keys(data_dir: Path, host: str) -> None:
    """Refuse to listen on an address that other machines can reach if there is no key yet."""
    from local_stack.services import check_access  # noqa: PLC0415

    if is_loopback(host):
        return
    checked = check_access(data_dir, host)
    if checked.returncode != 0:
        complain(checked.stderr.decode())
        raise typer.Exit(EXIT_USAGE)


@contextmanager
def _stopped_by_signals(stack: "Stack") -> Iterator[None]:
    """Stop the stack on the first signal, and kill it on the second."""
    signals: list[int] = []

    def on_signal(number: int, _frame: FrameType | None) -> None:
        signals.append(number)
        if len(signals) > 1:
            stack.kill()
            return
        stack.interrupt()

    before = {number: signal.signal(number, on_signal) for number in STOP_SIGNALS}
    try:
        yield
    finally:
        stack.stop()
        for number, handler in before.items():
            signal.signal(number, handler)


def _announce(stack: "Stack", *, as_json: bool) -> None:
    if as_json:
        show_json({"object": "stack", "url": stack.url, "data_dir": str(stack.data_dir), "pids": stack.pids()})
        return
    address = "" if stack.url == DEFAULT_URL else f" --url {stack.url}"
    show(f"clr-service is ready at {stack.url} ({stack.start_s:.1f} s)")
    show(f"  docs   {stack.url}/docs")
    show(f"  data   {stack.data_dir} (logs in {stack.data_dir / 'logs'})")
    show(f"  try    clr lr-find --model mlp --dataset digits{address}")
    show("  stop   Ctrl-C")


def _tell_with_time(line: str) -> None:
    tell(f"{time.strftime('%H:%M:%S')} {line}")
