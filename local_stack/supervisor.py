"""Starts the services of a stack in order, restarts those that died, and stops all in order."""

import time
from collections.abc import Callable
from threading import Event

from clr_client.client import Client
from clr_client.errors import ProblemError, ServerUnreachableError, StackError, StackInterruptedError
from local_stack.child_process import Child, ended_how
from local_stack.restart_backoff import RestartBackoff
from local_stack.services import StackServices

LOOK_EVERY_S = 0.05
READY_TIMEOUT_S = 5.0
GIVEN_UP = {"api"}  # without a worker or a broker the API still serves results and accepts jobs
GRACE_S = {"api": 4.0, "worker": 10.0, "valkey": 2.0, "migrations": 2.0}


class StackSupervisor:
    """Runs a stack's services from start to end, in the thread that calls `run`.

    Args:
        restart: Whether a service that dies is started again.
        start_timeout_s: Time limit until all services are ready.
        tell: Called with one line about each death and each new start.

    Attributes:
        stopping: Set from outside to end the stack.
        hurry: Set from outside to kill services that end slowly.
    """

    def __init__(self, *, restart: bool, start_timeout_s: float, tell: Callable[[str], None]) -> None:
        self.stopping = Event()
        self.hurry = Event()
        self._restart = restart
        self._start_timeout_s = start_timeout_s
        self._tell = tell
        self._not_ready_because = ""

    def run(self, services: StackServices, url: str, ready: Event) -> None:
        """Start everything, set ``ready``, watch until `stopping`, and leave nothing running.

        Raises:
            StackError: If a service does not start, or is given up.
        """
        try:
            self._start(services, url)
            ready.set()
            self._watch(services.lasting)
        finally:
            self.stopping.set()
            for child in [services.migrations, *services.lasting]:
                child.stop(GRACE_S[child.name], self.hurry)

    def _start(self, services: StackServices, url: str) -> None:
        deadline = time.monotonic() + self._start_timeout_s
        if services.valkey is not None:
            services.valkey.child.start()
            self._await("Valkey to answer", services.valkey.answers, [services.valkey.child], deadline)
        services.migrations.start()
        self._await("the database", lambda: _has_succeeded(services.migrations), [], deadline)
        services.worker.start()
        services.api.start()
        with Client(url, timeout_s=READY_TIMEOUT_S) as client:
            self._await("the service", lambda: self._is_ready(client), services.lasting, deadline)

    def _is_ready(self, client: Client) -> bool:
        try:
            client.ready()
        except ProblemError as error:
            missing = [f"{part}: {said}" for part, said in error.problem.get("checks", {}).items() if said != "ok"]
            self._not_ready_because = "; ".join(missing) or str(error)
            return False
        except ServerUnreachableError as error:
            self._not_ready_because = str(error)
            return False
        return True

    def _await(self, what: str, has_come: Callable[[], bool], needed: list[Child], deadline: float) -> None:
        while True:
            begun = time.monotonic()
            if has_come():
                return
            for child in needed:
                _assert_alive(child)
            pause_s = max(LOOK_EVERY_S, 3 * (time.monotonic() - begun))  # polling slows down the start
            if self.stopping.wait(pause_s):
                raise StackInterruptedError(f"Stopped while waiting for {what}.")
            if time.monotonic() > deadline:
                gave_up = f"Gave up waiting for {what} after {self._start_timeout_s:g} s."
                logs = [child.log_tail() for child in needed]
                raise StackError("\n".join([gave_up, self._not_ready_because, *logs]))

    def _watch(self, children: list[Child]) -> None:
        monitors = [RestartMonitor(child, self._tell) for child in children]
        while not self.stopping.wait(LOOK_EVERY_S):
            for monitor in monitors:
                if self._restart:
                    monitor.look()
                else:
                    _assert_alive(monitor.child)


class RestartMonitor:
    """Watches one service and restarts it after it has died; it never blocks."""

    def __init__(self, child: Child, tell: Callable[[str], None]) -> None:
        self.child = child
        self._tell = tell
        self._restarts = RestartBackoff(gives_up=child.name in GIVEN_UP)
        self._started_at = time.monotonic()
        self._start_again_at: float | None = None

    def look(self) -> None:
        """Detect a death, and restart the service after its pause.

        Raises:
            StackError: If it has died too often.
        """
        now = time.monotonic()
        if self._start_again_at is not None:
            self._start_when_due(now)
            return
        status = self.child.exit_status()
        if status is None:
            return
        pause_s = self._restarts.pause_after(now - self._started_at)
        if pause_s is None:
            raise StackError(f"{_obituary(self.child, status)}\nIt died again and again; given up.")
        self._tell(f"{self.child.name} {ended_how(status)}; starting it again in {pause_s:g} s")
        self._start_again_at = now + pause_s

    def _start_when_due(self, now: float) -> None:
        if self._start_again_at is None or now < self._start_again_at:
            return
        self._start_again_at = None
        self._started_at = now
        self.child.start()
        self._tell(f"{self.child.name} started again (process {self.child.pid})")


def _has_succeeded(child: Child) -> bool:
    status = child.exit_status()
    if status not in {None, 0}:
        _assert_alive(child)
    return status == 0


def _assert_alive(child: Child) -> None:
    status = child.exit_status()
    if status is not None:
        raise StackError(_obituary(child, status))


def _obituary(child: Child, status: int) -> str:
    return f"{child.name} {ended_how(status)}.\n{child.log_tail()}"
