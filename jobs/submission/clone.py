"""Clones a job: a new job from the spec of an old one, with changes as a JSON merge patch (RFC 7396)."""

from typing import Any

from jobs.database import queries
from jobs.database.session import Database
from jobs.lifecycle import claims
from jobs.spec.job import AnySpec
from jobs.submission import submit
from jobs.submission.submit import Submitted


def patched_spec(database: Database, job_id: str, patch: dict[str, Any]) -> dict[str, Any]:
    """The spec of a job with a merge patch applied, not judged yet.

    Raises:
        JobNotFoundError: There is no such job.
    """
    with database.read() as session:
        return merged(queries.get_job(session, job_id).spec, patch)


def merged(document: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """A document with a merge patch applied: null removes a field, an object is merged, all else replaces."""
    result = dict(document)
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, dict):
            below = result.get(name)
            result[name] = merged(below if isinstance(below, dict) else {}, value)
        else:
            result[name] = value
    return result


def submit_clone(database: Database, job_id: str, spec: AnySpec, *, key: str | None, body: bytes) -> Submitted:
    """Submit the changed spec, see `submit.submit`; the new job's events say which one it was cloned from."""
    submitted = submit.submit(database, spec, key=key, body=job_id.encode() + b"\n" + body)
    if submitted.is_new:
        claims.note(database, submitted.job_id, "cloned", {"from_job": job_id})
    return submitted
