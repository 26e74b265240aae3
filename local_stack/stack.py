"""The whole service on one machine, from code: ``with Stack(folder, port=0) as stack: Client(stack.url)``."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Self

from clr_client.transport.addresses import claimable_port, url_of
from local_stack.data_dir import hold, make_folder
from local_stack.services import StackServices, build_services
from local_stack.supervisor import StackSupervisor

DEFAULT_PORT = 8000


class Stack:
    """An embedded Valkey, one worker and the API, tied to the life of this process.

    ``CLR_DATABASE_URL`` and ``CLR_BROKER_URL``, where they are set, take the place of the SQLite file in
    ``data_dir`` and of the embedded Valkey. One thread starts, watches and ends the services; whoever holds the
    stack only waits for it.

    Args:
        data_dir: Folder for all data; created if missing.
        host: Where the API listens.
        port: Its port; 0 for a free one.
        slots: Slots of the worker; None leaves it to the worker.
        extra_env: Environment variables for the services, beside those of this process.
        restart: Whether a part that dies is started again, with back-off, or ends the stack.
        start_timeout_s: How long the start may take.
        tell: Called with one line of text when a part died or was started again, from another thread.

    Raises:
        StackUsageError: On `start`, if port or folder are in use, or a package is missing.
        StackError: On `start`, if a part dies or is not ready in time.
    """

    def __init__(  # noqa: PLR0913 - options, by name only
        self,
        data_dir: Path | str,
        *,
        host: str = "127.0.0.1",
        port: int = DEFAULT_PORT,
        slots: int | None = None,
        extra_env: Mapping[str, str] | None = None,
        restart: bool = True,
        start_timeout_s: float = 60.0,
        tell: Callable[[str], None] = lambda _line: None,
    ) -> None:
        self.data_dir = Path(data_dir).absolute()
        self.host = host
        self.port = port
        self.start_s: float | None = None
        self._slots = slots
        self._extra_env = dict(extra_env or {})
        self._supervisor = StackSupervisor(restart=restart, start_timeout_s=start_timeout_s, tell=tell)
        self._thread = Thread(target=self._run, name="clr-stack", daemon=True)
        self._settled = Event()
        self._ended = Event()
        self._services: StackServices | None = None
        self._failure: BaseException | None = None

    @property
    def url(self) -> str:
        """Address of the API; with ``port=0`` known once it has started."""
        return url_of(self.host, self.port)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start all services and return when the API is ready; on failure nothing is left running."""
        begun = time.monotonic()
        self._thread.start()
        try:
            self._settled.wait()
        except BaseException:
            self.stop()
            raise
        self.check()
        self.start_s = time.monotonic() - begun

    def stop(self) -> None:
        """End API, worker and Valkey, in this order, within seconds."""
        self.interrupt()
        if self._thread.is_alive():
            self._thread.join()

    @property
    def stopping(self) -> Event:
        """Set once the stack begins to stop, whatever the cause."""
        return self._supervisor.stopping

    def interrupt(self) -> None:
        """Begin to stop, without waiting (safe in a signal handler)."""
        self.stopping.set()

    def kill(self) -> None:
        """Stop without waiting for services to end in good order."""
        self._supervisor.hurry.set()
        self.interrupt()

    def wait(self) -> None:
        """Return when the stack was told to stop and has; raise if it failed.

        Raises:
            StackError: If a part died for good, with the end of its log.
        """
        self._ended.wait()
        self.check()

    def check(self) -> None:
        """Raise the error that ended the stack, if there was one."""
        if self._failure is not None:
            raise self._failure

    def pids(self) -> dict[str, int]:
        """Process ids of the services that run now, by name: ``api``, ``worker``, ``valkey``."""
        lasting = self._services.lasting if self._services is not None else []
        return {child.name: child.pid for child in lasting if child.pid is not None}

    def _run(self) -> None:
        """Everything from the lock to the last part's end, in one thread."""
        try:
            make_folder(self.data_dir)
            with hold(self.data_dir):
                make_folder(self.data_dir / "logs")
                self.port = claimable_port(self.host, self.port)
                self._services = build_services(self.data_dir, self.host, self.port, self._slots, self._extra_env)
                self._supervisor.run(self._services, self.url, self._settled)
        except BaseException as error:  # waiting threads must receive any error
            self._failure = error
        finally:
            self.stopping.set()
            self._settled.set()
            self._ended.set()
