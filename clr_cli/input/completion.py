"""Completions for the shell: ids, statuses and kinds of jobs."""

from clr_client.errors import ClrError

STATUSES = ["queued", "running", "cancelling", "succeeded", "failed", "cancelled"]
KINDS = ["lr_find", "train", "sweep", "compare"]
PATIENCE_S = 1.0


def job_ids(incomplete: str) -> list[tuple[str, str]]:
    """Ids of the newest jobs, each with what it is; none where no server answers at once."""
    from clr_client.client import Client  # noqa: PLC0415 - heavy
    from clr_client.display.formatting import status_text  # noqa: PLC0415

    try:
        with Client(timeout_s=PATIENCE_S) as client:
            found = client.jobs(limit=50)["data"]
    except ClrError:
        return []
    said = [
        (job["id"], f"{job['kind']} {status_text(job)} {(job.get('spec') or {}).get('name') or ''}") for job in found
    ]
    return [(job_id, words.strip()) for job_id, words in said if job_id.startswith(incomplete)]


def statuses(incomplete: str) -> list[str]:
    """Statuses that begin so."""
    return [status for status in STATUSES if status.startswith(incomplete)]


def kinds(incomplete: str) -> list[str]:
    """Kinds of jobs that begin so."""
    return [kind for kind in KINDS if kind.startswith(incomplete)]
