"""A broker that fails in each way there is: the worker stays, and jobs run without it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import pytest
from redis import Redis, RedisError

from jobs.database import queries
from jobs.database.session import Database
from jobs.database.tables.jobs import Job
from jobs.errors import BrokerUnreachableError
from jobs.scheduling.broker import WorkerNotifier
from jobs.scheduling.spec_version import SPEC_VERSION
from jobs.submission import submit
from local_stack.valkey import Valkey
from migrations.run import upgrade
from tests.api_requests import dead_port
from tests.builders import conditions, train_spec
from tests.e2e.second_worker import end

TIMEOUT_S = 180.0


@dataclass
class Rig:
    """One worker, its database and its broker, which a test may break."""

    database: Database
    valkey: Valkey
    worker: subprocess.Popen[bytes]
    log: Path

    def submit(self, **changes: object) -> str:
        return submit.submit(self.database, train_spec(conditions=conditions(world_size=1), **changes)).job_id

    def job(self, job_id: str) -> Job:
        with self.database.read() as session:
            return queries.get_job(session, job_id)

    def await_status(self, job_id: str, status: str) -> None:
        deadline = time.monotonic() + TIMEOUT_S
        while (found := self.job(job_id)).status != status:
            assert self.worker.poll() is None, f"the worker has ended\n{self.log.read_text()[-2000:]}"
            assert time.monotonic() < deadline, f"{found.status}\n{self.log.read_text()[-2000:]}"
            time.sleep(0.05)

    def ask(self, *words: str) -> None:
        with Redis.from_url(self.valkey.url) as broker:
            broker.execute_command(*words)

    def revive(self) -> None:
        if self.valkey.child.pid is None or self.valkey.child.exit_status() is not None:
            self.valkey.child.start()
        while not self.valkey.answers():
            time.sleep(0.05)
        self.ask("REPLICAOF", "NO", "ONE")
        self.ask("CONFIG", "SET", "maxmemory", "0", "min-replicas-to-write", "0")


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """A worker that starts before its broker does."""
    folder = tmp_path_factory.mktemp("broker")
    valkey = Valkey(dict(os.environ), folder)
    database, log = Database(f"sqlite:///{folder / 'clr.sqlite3'}"), folder / "worker.log"
    upgrade(database)
    environment = {
        **os.environ, "CLR_DATA_DIR": str(folder), "CLR_BROKER_URL": valkey.url, "CLR_SLOTS": "2",
        "CLR_SWEEP_INTERVAL_S": "0.3", "CLR_LEASE_S": "5", "TMPDIR": str(folder),
    }  # fmt: skip
    with log.open("ab") as output:
        command = [sys.executable, "-P", "-m", "worker"]
        worker = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        yield Rig(database, valkey, worker, log)
    finally:
        end(worker)
        with suppress(Exception):
            valkey.child.stop(2.0, Event())
        database.close()


def demote(rig: Rig) -> None:
    rig.ask("REPLICAOF", "127.0.0.1", str(dead_port()))


def want_replicas(rig: Rig) -> None:
    rig.ask("CONFIG", "SET", "min-replicas-to-write", "1")


def fill(rig: Rig) -> None:
    rig.ask("CONFIG", "SET", "maxmemory", "1")


def kill(rig: Rig) -> None:
    assert rig.valkey.child.pid is not None
    os.kill(rig.valkey.child.pid, signal.SIGKILL)


def empty(rig: Rig) -> None:
    kill(rig)
    while rig.valkey.child.exit_status() is None:
        time.sleep(0.02)
    rig.revive()


NO_WRITES, NO_ANSWER = "takes no writes", "does not answer"
FAULTS = [(demote, NO_WRITES), (want_replicas, NO_WRITES), (fill, NO_WRITES), (kill, NO_ANSWER), (empty, None)]


def checked(rig: Rig) -> str | None:
    """What `/readyz` says of the broker."""
    notifier = WorkerNotifier(rig.valkey.url)
    try:
        notifier.check()
    except BrokerUnreachableError as error:
        return str(error).split(":")[0]
    finally:
        notifier.close()
    return None


def test_jobs_run_before_the_broker_has_ever_answered(rig: Rig) -> None:
    job_id = rig.submit()
    rig.await_status(job_id, "succeeded")


def test_a_job_of_a_newer_version_is_left_alone_and_those_behind_it_run(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as tomorrow:
        tomorrow.setattr("jobs.submission.new_job.SPEC_VERSION", SPEC_VERSION + 1)
        newer = rig.submit()
    rig.await_status(rig.submit(), "succeeded")
    job = rig.job(newer)
    assert (job.status, job.attempt, job.reason) == ("queued", 0, "no_matching_worker")


@pytest.mark.parametrize(("fault", "said"), FAULTS)
def test_jobs_run_whatever_the_broker_does_and_a_running_one_is_not_disturbed(
    rig: Rig, fault: Callable[[Rig], None], said: str | None
) -> None:
    rig.revive()
    running = rig.submit(steps=100_000)
    rig.await_status(running, "running")
    fault(rig)
    assert checked(rig) == said
    for _ in range(2):  # busy, and more than one after the other
        rig.await_status(rig.submit(), "succeeded")
    assert rig.job(running).attempt == 1
    submit.cancel(rig.database, running, mode="kill")
    rig.await_status(running, "cancelled")
    rig.await_status(rig.submit(), "succeeded")  # idle


def test_the_bell_is_heard_again_once_the_broker_is_back(rig: Rig) -> None:
    rig.revive()
    demote(rig)
    notifier = WorkerNotifier(rig.valkey.url)
    with pytest.raises(BrokerUnreachableError):
        notifier.notify("job")
    rig.revive()
    deadline = time.monotonic() + TIMEOUT_S
    notifier.notify("job")
    with Redis.from_url(rig.valkey.url) as broker:
        while broker.llen("clr"):
            assert time.monotonic() < deadline, "nobody takes the message"
            time.sleep(0.05)
    notifier.close()


def test_a_worker_without_a_broker_is_told_to_stop_and_hands_its_jobs_back(rig: Rig) -> None:
    rig.revive()
    job_id = rig.submit(steps=100_000)
    rig.await_status(job_id, "running")
    kill(rig)
    with suppress(RedisError):
        rig.ask("PING")
    rig.worker.send_signal(signal.SIGTERM)
    assert rig.worker.wait(TIMEOUT_S) == 0, rig.log.read_text()[-2000:]
    assert rig.job(job_id).status == "queued"
