"""Which alarms a job remembers, on both databases."""

from typing import Any

from jobs.database.records import Batch
from jobs.database.session import Database
from jobs.database.tables.jobs import Event
from jobs.lifecycle import claims, finish
from jobs.status import Outcome
from jobs.submission import submit
from tests.attempts import claim, job
from tests.builders import train_spec

ALARM = {"code": "plateau", "step": 9, "message": "m", "evidence": {"fall": 0.0}, "advice": "a"}


def events(database: Database, job_id: str, kind: str) -> list[dict[str, Any]]:
    with database.read() as session:
        found = session.query(Event).filter_by(job_id=job_id, type=kind).order_by(Event.seq)
        return [event.data for event in found]


def test_an_alarm_is_raised_once_also_after_a_resume(database: Database) -> None:
    job_id = submit.submit(database, train_spec()).job_id
    owner = claim(database)
    claims.record(database, owner, Batch(alarms=[ALARM, ALARM]))
    finish.give_back(database, owner, Outcome.WORKER_LOST, max_attempts=3)
    claims.record(database, claim(database), Batch(alarms=[ALARM | {"step": 12}, ALARM | {"code": "overfitting"}]))
    assert [(alarm["code"], alarm["step"]) for alarm in job(database, job_id).alarms] == [
        ("plateau", 9),
        ("overfitting", 9),
    ]
    assert [event["code"] for event in events(database, job_id, "alarm")] == ["plateau", "overfitting"]
