"""Clones a job: a new job from the spec of an old one, with changes as a JSON merge patch (RFC 7396)."""

from typing import Any

from jobs.database import queries
from jobs.database.session import Database
from jobs.lifecycle import claims
from jobs.spec.job import AnySpec
from jobs.submission import submit
from jobs.submission.submit import Submitted


def patched_spec(database: Database, job_id: str, patch: dict[str, Any]) -> dict[str, Any]:
    """Return the spec of a job with a merge patch applied, not yet validated.

    Raises:
        JobNotFoundError: There is no such job.
    """
    with database.read() as session:
        return merged(queries.get_job(session, job_id).spec, patch)


def merged(document: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """Apply a merge patch to a document: null removes a field, an object is merged, any other value replaces."""
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
    """Submit the changed spec, see `submit.submit`. The new job's events name the job that it was cloned from."""
    submitted = submit.submit(database, spec, key=key, body=job_id.encode() + b"\n" + body)
    if submitted.is_new:
        claims.note(database, submitted.job_id, "cloned", {"from_job": job_id})
    return submitted
