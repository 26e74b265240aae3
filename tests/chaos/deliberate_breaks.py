"""Deliberate breaks of the workers, to show that the checker can fail: ``--break NAME``.

Each takes one of the things away that the promise rests on. `hooks.sitecustomize` applies it when a worker starts, and
when the forkserver does that its ranks come from.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

REDELIVERED_AFTER_S = 2.0
MOST_DELIVERIES = 4
WINDOW_S = 2.0  # how long a race is held open that is otherwise too narrow to hit


def _no_fencing() -> None:
    """Writes of any attempt count."""
    from sqlalchemy import update

    from jobs.database.records import LeaseSignals
    from jobs.database.tables.jobs import Job
    from jobs.lifecycle import fenced_write

    def write(session: Any, claim: Any, *_: Any, **values: Any) -> LeaseSignals:
        session.execute(update(Job).where(Job.id == claim.job_id).values(**values))
        return LeaseSignals()

    fenced_write.write = write


def _no_reaper() -> None:
    """Nobody takes back a lease that ran out."""
    _replace("jobs.lifecycle.recovery", "_take_back", lambda *_: [])


def _late_ack() -> None:
    """A job that runs for two seconds is delivered again, and whoever hears of it trusts the message.

    So does a broker with messages that are acknowledged late.
    """
    from sqlalchemy import select, update

    from jobs.database.session import db_now
    from jobs.database.tables.jobs import Attempt, Job
    from jobs.lifecycle import claims
    from jobs.status import Status

    claim_next = claims.claim_next

    def claim(database: Any, **options: Any) -> Any:
        with database.write() as session:
            late = select(Attempt.job_id).where(
                Attempt.outcome.is_(None), Attempt.started_at < db_now() - REDELIVERED_AFTER_S
            )
            session.execute(
                update(Job)
                .where(Job.status == Status.RUNNING, Job.id.in_(late), Job.attempt < MOST_DELIVERIES)
                .values(status=Status.QUEUED)
            )
        return claim_next(database, **options)

    claims.claim_next = claim


def _no_checkpoint_check() -> None:
    """Nobody compares the bytes of a checkpoint with what was stored."""
    _replace("jobs.files.artifacts", "ArtifactStore.fault", lambda *_: None)


def _no_checkpoint_check_in_ranks() -> None:
    import hashlib

    from worker.train.checkpoint import checkpoint_file

    read = checkpoint_file.read

    def trusting(resume: Any, *others: Any, **options: Any) -> Any:
        digest = hashlib.sha256(resume.path.read_bytes()).hexdigest()
        return read(replace(resume, sha256=digest), *others, **options)

    checkpoint_file.read = trusting


def _no_watchdog() -> None:
    """Nobody notices ranks that hang."""
    _replace("worker.attempt.hang_watchdog", "HangWatchdog.must_end", lambda *_: False)


def _record_twice() -> None:
    """A batch that is offered again is written again."""
    _replace("jobs.lifecycle.claims", "_is_taken", _taken_anew)


def _taken_anew(session: Any, claim: Any, batch: Any, values: Any) -> bool:
    from jobs.database.tables.jobs import Job
    from jobs.lifecycle import fenced_write

    del batch
    fenced_write.write(session, claim, version=Job.version + 1, **values)
    return True


def _cancel_without_lock() -> None:
    """Whoever queues a job again has read its status before, without a lock; the race is held open."""
    from jobs.database import queries
    from jobs.database.tables.jobs import Job
    from jobs.lifecycle import finish

    retry = finish.retry

    def unlocked(session: Any, claim: Any, *others: Any, **options: Any) -> Any:
        read_before = session.get(Job, claim.job_id)  # the session forgets what nobody holds
        time.sleep(WINDOW_S)
        lock_job = queries.lock_job
        queries.lock_job = queries.get_job
        try:
            return retry(session, claim, *others, **options)
        finally:
            queries.lock_job = lock_job
            del read_before

    finish.retry = unlocked


def _deaf() -> None:
    """A consumer that has lost its broker is not started again, and nobody looks into SQL by himself.

    Either alone costs nothing but time: the poller finds what no message told of.
    """
    from worker.dispatch.consumer import Listener
    from worker.dispatch.poller import Poller

    begin = Poller.__init__

    def init(self: Poller, dispatcher: Any, interval_s: Any, *others: Any) -> None:
        del interval_s
        begin(self, dispatcher, None, *others)  # type: ignore[arg-type]  # waits for messages alone

    _replace("worker.dispatch.poller", "Poller.__init__", init)
    _replace("worker.dispatch.consumer", "Listener._run", Listener._consume)


def _replace(module: str, path: str, value: Any) -> None:
    """Put something in the place of what must be there."""
    from importlib import import_module

    *owners, name = path.split(".")
    owner: Any = import_module(module)
    for each in owners:
        owner = getattr(owner, each)
    getattr(owner, name)
    setattr(owner, name, value)


Break = Callable[[], None]

IN_WORKERS: dict[str, Break] = {
    "no-fencing": _no_fencing,
    "no-reaper": _no_reaper,
    "late-ack": _late_ack,
    "no-checkpoint-check": _no_checkpoint_check,
    "no-watchdog": _no_watchdog,
    "record-twice": _record_twice,
    "cancel-without-lock": _cancel_without_lock,
    "deaf": _deaf,
}
IN_RANKS: dict[str, Break] = {"no-checkpoint-check": _no_checkpoint_check_in_ranks}


def apply(name: str) -> None:
    """Break this process, where it is one that the break is about."""
    if sys.orig_argv[-1] == "worker":
        IN_WORKERS[name]()
    elif name in IN_RANKS and any("forkserver" in word for word in sys.orig_argv):
        IN_RANKS[name]()
