"""Lost claims: the COMMIT succeeded but its answer was lost, so SQL says that the job runs, and no worker runs it."""

from collections.abc import Callable

from sqlalchemy import select

from jobs.database.records import AttemptId
from jobs.database.session import Database
from jobs.database.tables.jobs import Job
from jobs.lifecycle import finish
from jobs.status import HELD, Outcome


def give_back(database: Database, worker: str, runs: Callable[[str, int], bool], *, max_attempts: int) -> list[str]:
    """Requeue the jobs that a worker holds in SQL but does not run. This does not count against ``max_attempts``.

    Jobs of several nodes are left out: such a node learns that its job has begun when it renews its reservation.

    Args:
        database: Where the jobs are.
        worker: Name of the caller.
        runs: Returns whether the caller runs an attempt, by job and number. The caller claims nothing meanwhile.
        max_attempts: Limit on lost attempts, if the spec sets none.

    Returns:
        Ids of jobs that may run now.
    """
    with database.write() as session:
        held = session.scalars(
            select(Job)
            .where(Job.status.in_(HELD), Job.worker == worker, Job.nodes == 1)
            .order_by(Job.parent_id, Job.id)
            .with_for_update(skip_locked=True)
        ).all()
        runnable: list[str] = []
        for job in held:
            if not runs(job.id, job.attempt):
                claim = AttemptId(job.id, job.attempt)
                runnable += finish.retry(session, claim, Outcome.HANDED_BACK, max_attempts=max_attempts)
        return runnable
