"""One run: the ends without faults, then jobs and faults at the same time, then quiet, then the checker."""

import json
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import psutil

from tests.chaos.fault_costs import fault_costs
from tests.chaos.faults.catalogue import Fault, chosen
from tests.chaos.final_state import FinalState, final_state
from tests.chaos.invariants import TERMINAL
from tests.chaos.load import User, drawn
from tests.chaos.rig import ROOT, Rig

IDLE_TIMEOUT_S = 60.0
LONGEST = 10
READY = "is ready with"  # what a worker logs before it clears away
FRUITLESS_S = 10.0  # how long a fault is tried that finds nothing to hurt


@dataclass(frozen=True, slots=True)
class Asked:
    """What is run.

    Attributes:
        seed: Of jobs, faults and pauses.
        database: ``sqlite`` or ``postgresql``.
        jobs: How many.
        faults: How many.
        only: Names of faults; all where empty.
        each: Whether each of these faults is made once, in this order, instead of so many that are drawn.
        specs: Names of specs; all where empty.
        broken: A deliberate break.
        cancels: Part of the jobs that is cancelled.
        patience_s: How long no job may move after the last fault.
        workers: How many the stack has.
        keep: Folder that takes logs and run directories where something was violated.
        pause_s: The mean pause between two faults.
    """

    seed: int
    database: str
    jobs: int = 40
    faults: int = 25
    only: list[str] = field(default_factory=list)
    each: bool = False
    workers: int = 3
    specs: tuple[str, ...] = ()
    broken: str | None = None
    cancels: float = 0.15
    patience_s: float = 120.0
    keep: Path | None = None
    pause_s: float = 1.2


Quiet = dict[str, FinalState]


def run(asked: Asked, quiet: Quiet) -> bool:
    """Run once; whether every invariant held. ``quiet`` has ends without faults, and takes those that it lacks."""
    chance, begun = random.Random(asked.seed), time.monotonic()

    def say(what: str) -> None:
        print(f"{time.monotonic() - begun:6.1f} s  {what}", flush=True)

    with Rig(asked.database, asked.broken, asked.workers) as rig:
        user = User(rig.api_urls, random.Random(asked.seed))
        names = drawn(asked.jobs, chance, asked.specs)
        _learn(rig, user, quiet, sorted(set(names)))
        say(f"seed {asked.seed} on {asked.database}: {len(quiet)} ends without faults are known")
        user.accepted.clear()
        visit = user.visit(names, (len(asked.only) if asked.each else asked.faults) * asked.pause_s, asked.cancels)
        faults = chosen(asked.database, asked.only)
        made = _hurt(rig, faults if asked.each else _drawn(faults, asked.faults, chance), chance, asked.pause_s, say)
        rig.heal()
        say("healed")
        _until(rig, lambda: not visit.is_alive(), LONGEST * asked.patience_s)
        ended = not visit.is_alive() and len(user.accepted) == asked.jobs and _calm(rig, asked.patience_s)
        say("calm" if ended else "not calm")
        held = ended and _cleaned(rig) and _idle(rig) and _check(rig, user, quiet)
        print("\n".join(fault_costs(rig, made)))
        say(f"seed {asked.seed}: {len(made)} faults of {len({name for _, name in made})} kinds")
        if not held and asked.keep is not None:
            for folder in (rig.folder / "logs", rig.data / "runs"):
                shutil.copytree(folder, asked.keep / f"seed-{asked.seed}" / folder.name, dirs_exist_ok=True)
        return held


def _learn(rig: Rig, user: User, quiet: Quiet, names: list[str]) -> None:
    """Run each spec once, undisturbed."""
    submitted = {name: user.submit(name, -1) for name in names if name not in quiet}
    assert _until(rig, lambda: _all_ended(rig), 300.0), "jobs do not end without faults"
    with rig.engine.connect() as connection:
        quiet |= {name: final_state(connection, job_id) for name, job_id in submitted.items()}


def _drawn(faults: list[Fault], count: int, chance: random.Random) -> list[Fault]:
    return chance.choices(faults, [fault.weight for fault in faults], k=count)


def _hurt(
    rig: Rig, faults: list[Fault], chance: random.Random, pause_s: float, say: Callable[[str], None]
) -> list[tuple[float, str]]:
    """Make faults one after the other, those left out that find nothing to hurt for a while; when, and which."""
    made: list[tuple[float, str]] = []
    for fault in faults:
        deadline, at = time.monotonic() + FRUITLESS_S, time.time()
        while (what := _injected(fault, rig, chance)) is None and time.monotonic() < deadline:
            rig.tick_for(0.1)
            at = time.time()
        say(f"{fault.name}: {what or 'found nothing to hurt'}")
        made += [(at, fault.name)] if what else []
        rig.tick_for(chance.expovariate(1 / pause_s))
    return made


def _injected(fault: Fault, rig: Rig, chance: random.Random) -> str | None:
    """What the fault hurt; None if there was nothing, or if the process ended by itself before the fault reached it."""
    try:
        return fault.inject(rig, chance)
    except psutil.NoSuchProcess:
        return None


def _until(rig: Rig, holds: Callable[[], bool], patience_s: float) -> bool:
    deadline = time.monotonic() + patience_s
    while not holds():
        if time.monotonic() > deadline:
            return False
        rig.tick_for(0.2)
    return True


def _all_ended(rig: Rig) -> bool:
    return not any(row["status"] not in TERMINAL for row in rig.rows("SELECT status FROM jobs"))


def _calm(rig: Rig, patience_s: float) -> bool:
    """Wait for all jobs to end; whether they did."""
    if _all_end(rig, patience_s):
        return True
    left = [dict(row) for row in rig.rows("SELECT id, kind, status, worker, step, attempt FROM jobs")]
    left = [row for row in left if row["status"] not in TERMINAL]
    print(f"VIOLATION {len(left)} jobs have not ended, and none has moved for {patience_s:g} s: {left}")
    return False


def _all_end(rig: Rig, patience_s: float) -> bool:
    """Wait for as long as any job moves, at most `LONGEST` times as long as none may: slowness is no violation."""
    begun = moved_at = time.monotonic()
    seen = None
    while not _all_ended(rig):
        moves = rig.scalar("SELECT SUM(version) FROM jobs")
        if moves != seen:
            seen, moved_at = moves, time.monotonic()
        now = time.monotonic()
        if now - moved_at > patience_s or now - begun > LONGEST * patience_s:
            return False
        rig.tick_for(0.2)
    return True


def _cleaned(rig: Rig) -> bool:
    """Start a worker anew, which clears away what those that were killed have left."""
    rig.workers[0].stop(30.0, Event())
    rig.workers[0].start()
    log = rig.workers[0].log_path
    starts = log.read_text(errors="replace").count(READY)
    return _until(rig, lambda: log.read_text(errors="replace").count(READY) > starts, 120.0)


def _idle(rig: Rig) -> bool:
    """Whether all slots are free: no worker has an agent or a rank, and no process is left anywhere else."""

    def left() -> list[psutil.Process]:
        below = [pair for worker in rig.workers for pair in rig.descendants(worker)]
        known = {process.pid for process, depth in below if depth == 1}
        known |= {child.pid for child in rig.children if child.pid is not None}
        return [each for each in rig.processes() if each.pid not in known and not _is_tracker(each)]

    if _until(rig, lambda: not left(), IDLE_TIMEOUT_S):
        return True
    print(f"VIOLATION processes are left: {left()}")
    return False


def _is_tracker(process: psutil.Process) -> bool:
    try:
        return "resource_tracker" in " ".join(process.cmdline())
    except psutil.Error:
        return True


def _check(rig: Rig, user: User, quiet: Quiet) -> bool:
    document = {
        "jobs": user.accepted, "cancels": rig.cancels | user.cancels, "quiet": quiet, "damaged": sorted(rig.damaged),
        "errors": user.errors,
    }  # fmt: skip
    (rig.folder / "run.json").write_text(json.dumps(document))
    command = [sys.executable, "-m", "tests.chaos.check", "--database-url", rig.database_url]
    command += [
        "--api-url",
        rig.api_urls[0],
        "--data-dir",
        str(rig.data),
        "--logs",
        str(rig.folder / "logs"),
        "--run",
        str(rig.folder / "run.json"),
    ]
    return subprocess.run(command, cwd=ROOT, check=False).returncode == 0
