"""Deliberate breaks of a worker, to show that the checker can fail. Python imports this module by its name at start.

``CLR_BREAK`` says which: ``fencing`` (writes of any attempt count), ``sweep`` (nobody takes back an expired lease or
looks for jobs whose bell was lost), ``late-ack`` (a job that runs for two seconds is delivered again, as a broker does
with a message that is acknowledged late, and whoever hears of it trusts the message).
"""

import os
import sys
from typing import Any

REDELIVERED_AFTER_S = 2.0


def _no_fencing() -> None:
    from sqlalchemy import update

    from jobs import fenced
    from jobs.models import Job
    from jobs.rows import Wish

    def write(session: Any, claim: Any, *conditions: Any, **values: Any) -> Wish:
        session.execute(update(Job).where(Job.id == claim.job_id, *conditions).values(**values))
        return Wish()

    fenced.write = write


def _no_sweep() -> None:
    from jobs import registry
    from worker.dispatch import Dispatcher

    def look(self: Dispatcher) -> None:
        del self

    registry.mend = lambda *_, **__: []
    Dispatcher.look = look  # type: ignore[method-assign]


def _late_ack() -> None:
    from sqlalchemy import select, update

    from jobs import lifecycle
    from jobs.db import db_now
    from jobs.models import Attempt, Job
    from jobs.status import Status

    claim_next = lifecycle.claim_next

    def claim(database: Any, **options: Any) -> Any:
        with database.write() as session:
            late = select(Attempt.job_id).where(
                Attempt.outcome.is_(None), Attempt.started_at < db_now() - REDELIVERED_AFTER_S
            )
            session.execute(
                update(Job).where(Job.status == Status.RUNNING, Job.id.in_(late)).values(status=Status.QUEUED)
            )
        return claim_next(database, **options)

    lifecycle.claim_next = claim


_BREAKS = {"fencing": _no_fencing, "sweep": _no_sweep, "late-ack": _late_ack}

if sys.orig_argv[-1] == "worker":
    _BREAKS[os.environ["CLR_BREAK"]]()
