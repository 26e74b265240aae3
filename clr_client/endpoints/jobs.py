"""Jobs: submit, read, list, cancel, resume, clone, delete."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from clr_client.transport.effects import Document, Program, Request
from clr_client.transport.retry import document_of, segment, without_content


def submit(spec: Mapping[str, Any], idempotency_key: str | None = None) -> Program[Document]:
    """Submit a job; see `clr_client.client.Client.submit`."""
    return document_of(Request("POST", "/v1/jobs", json=spec, headers=_once(idempotency_key)))


def validate(spec: Mapping[str, Any]) -> Program[Document]:
    """Validate a spec as a submission would, and return the resulting job; nothing is stored."""
    return document_of(Request("POST", "/v1/jobs:validate", json=spec))


def job(job_id: str) -> Program[Document]:
    """Return the current state of a job."""
    return document_of(Request("GET", path_of(job_id)))


def jobs(
    status: str | None = None, kind: str | None = None, limit: int | None = None, cursor: str | None = None
) -> Program[Document]:
    """Return one page of jobs, newest first: ``data`` and ``next_cursor`` (None on the last page)."""
    filters = {"status": status, "kind": kind, "limit": limit, "cursor": cursor}
    given = [(name, str(value)) for name, value in filters.items() if value is not None]
    return document_of(Request("GET", "/v1/jobs", params=given))


def cancel(job_id: str, mode: str = "checkpoint") -> Program[Document]:
    """Cancel a job; it is ``cancelling`` until its ranks have stopped. ``kill`` saves no checkpoint."""
    return document_of(Request("POST", path_of(job_id, "/cancel"), json={"mode": mode}))


def resume(job_id: str) -> Program[Document]:
    """Queue a failed or cancelled job again; it resumes from its last checkpoint."""
    return document_of(Request("POST", path_of(job_id, "/resume"), attempts=1))


def clone(job_id: str, patch: Mapping[str, Any], idempotency_key: str | None = None) -> Program[Document]:
    """Submit the spec of a job as a new one; see `clr_client.client.Client.clone`."""
    return document_of(Request("POST", path_of(job_id, "/clone"), json=patch, headers=_once(idempotency_key)))


def delete(job_id: str) -> Program[None]:
    """Delete an ended job with its curves and files. Raises `ProblemError` (409) while another job needs it."""
    return without_content(Request("DELETE", path_of(job_id)))


def path_of(job_id: str, below: str = "") -> str:
    """Return the path of a job, or of a resource below it."""
    return f"/v1/jobs/{segment(job_id)}{below}"


def _once(idempotency_key: str | None) -> dict[str, str]:
    return {"Idempotency-Key": idempotency_key if idempotency_key is not None else str(uuid4())}
