"""The catalogue of faults, as data: what is hurt, how often it is drawn, on which database, and how it heals."""

import random
import signal
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from tests.chaos.faults import processes, storage, users
from tests.chaos.rig import Rig

BOTH = frozenset({"sqlite", "postgresql"})
POSTGRES = frozenset({"postgresql"})

Inject = Callable[[Rig, random.Random], str | None]


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault.

    Attributes:
        name: What it is called by ``--only`` and in the table of docs/operations.md.
        weight: How often it is drawn.
        inject: Does it; what was hurt, in words, or None where there was nothing to hurt.
        heals: What ends it.
        databases: Where it can be made.
    """

    name: str
    weight: int
    inject: Inject
    heals: str
    databases: frozenset[str] = BOTH


_STARTED = "the rig starts it again within 2 s"
_BY_ITSELF = "nothing: the service alone"
_WOKEN = "SIGCONT after 2.5 to 4.5 s, beyond the lease"
_STARTED_SO = "started as it was after 6 to 10 s"
_SET_BACK = "the setting is taken back after 3 to 8 s"

CATALOGUE = (
    Fault("api-killed", 2, partial(processes.kill, kind="api"), _STARTED),
    Fault("api-ended", 1, partial(processes.end, kind="api"), "started again when it has ended"),
    Fault("api-stopped", 1, partial(processes.freeze, kind="api"), _WOKEN),
    Fault("worker-killed", 3, partial(processes.kill, kind="worker"), _STARTED),
    Fault("worker-ended", 2, partial(processes.end, kind="worker"), "started again when it has ended"),
    Fault("worker-stopped", 3, partial(processes.freeze, kind="worker"), _WOKEN),
    Fault("forkserver-killed", 1, partial(processes.kill_below, kind="forkserver"), _BY_ITSELF),
    Fault("forkserver-stopped", 1, partial(processes.freeze_below, kind="forkserver"), _WOKEN),
    Fault("agent-killed", 2, partial(processes.kill_below, kind="agent"), _BY_ITSELF),
    Fault("agent-ended", 1, partial(processes.signal_below, kind="agent", number=signal.SIGTERM), _BY_ITSELF),
    Fault("agent-stopped", 1, partial(processes.freeze_below, kind="agent"), _WOKEN),
    Fault("rank-killed", 3, partial(processes.kill_below, kind="rank"), _BY_ITSELF),
    Fault("rank-crashed", 1, partial(processes.signal_below, kind="rank", number=signal.SIGSEGV), _BY_ITSELF),
    Fault("rank-stopped", 1, partial(processes.freeze_below, kind="rank"), _WOKEN),
    Fault("rank-hung", 1, partial(processes.signal_below, kind="rank", number=signal.SIGSTOP), "never woken"),
    Fault("cancelled-while-lost", 1, users.cancel_while_lost, "the job is cancelled"),
    Fault("ranks-cut-off", 2, processes.reset_ranks, "never mended"),
    Fault("clock-set-back", 1, processes.set_clock_back, _STARTED_SO),
    Fault("worker-older", 1, processes.start_older, _STARTED_SO),
    Fault("broker-killed", 2, partial(processes.kill, kind="broker"), _STARTED),
    Fault("broker-stopped", 1, partial(processes.freeze, kind="broker"), _WOKEN),
    Fault("broker-emptied", 1, partial(storage.change_broker, change="FLUSHALL", back=""), _BY_ITSELF),
    Fault(
        "broker-demoted", 2,
        partial(storage.change_broker, change="REPLICAOF 127.0.0.1 1", back="REPLICAOF NO ONE"), _SET_BACK,
    ),
    Fault(
        "broker-refuses-writes", 1,
        partial(
            storage.change_broker,
            change="CONFIG SET min-replicas-to-write 1", back="CONFIG SET min-replicas-to-write 0",
        ), _SET_BACK,
    ),
    Fault(
        "broker-out-of-memory", 1,
        partial(storage.change_broker, change="CONFIG SET maxmemory 1", back="CONFIG SET maxmemory 0"), _SET_BACK,
    ),
    Fault("database-restarted", 2, storage.restart_postgres, "at once", POSTGRES),
    Fault(
        "database-silent", 1, partial(storage.black_hole, breaks=False, everyone=True),
        "answers go on after 3 to 8 s", POSTGRES,
    ),
    Fault(
        "database-black-holed", 2, partial(storage.black_hole, breaks=True, everyone=False),
        "for one worker, its connections are reset after 3 to 8 s", POSTGRES,
    ),
    Fault("database-locked", 1, storage.lock, "after 20 s"),
    Fault("commit-answer-lost", 2, partial(storage.lose_commits, needle=""), "at once", POSTGRES),
    Fault(
        "checkpoint-answer-lost", 2, partial(storage.lose_commits, needle="/checkpoints/attempt-"), "at once", POSTGRES
    ),
    Fault("disk-full", 1, storage.fill_disk, "there is room after 1 to 3 s"),
    Fault("checkpoint-damaged", 3, partial(storage.damage_checkpoint, removes=False), "never mended"),
    Fault("checkpoint-missing", 2, partial(storage.damage_checkpoint, removes=True), "never mended"),
)  # fmt: skip


def chosen(database: str, names: list[str]) -> list[Fault]:
    """The faults of a run.

    Raises:
        ValueError: A name is none of the catalogue, or cannot be made on this database.
    """
    here = {fault.name: fault for fault in CATALOGUE if database in fault.databases}
    if unknown := sorted(set(names) - set(here)):
        raise ValueError(f"--only must name faults of {database} ({', '.join(here)}), got {', '.join(unknown)}")
    return [here[name] for name in names] or list(here.values())
