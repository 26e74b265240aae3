"""Completions for the shell: ids, statuses and kinds of jobs, fields of specs and their values."""

from collections.abc import Callable, Sequence

from clr_cli.input.spec_fields import fields_of_kind
from clr_client.errors import ClrError

STATUSES = ["queued", "running", "cancelling", "succeeded", "failed", "cancelled"]
KINDS = ["lr_find", "train", "sweep", "compare"]
PATIENCE_S = 1.0


def job_ids(incomplete: str) -> list[tuple[str, str]]:
    """Return ids of the newest jobs, each with a description; none if no server answers at once."""
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
    """Return the statuses with this prefix."""
    return [status for status in STATUSES if status.startswith(incomplete)]


def kinds(incomplete: str) -> list[str]:
    """Return the kinds of jobs with this prefix."""
    return [kind for kind in KINDS if kind.startswith(incomplete)]


def of_choices(choices: Sequence[str]) -> Callable[[str], list[str]]:
    """Return a completion of legal values."""
    return lambda incomplete: [choice for choice in choices if choice.startswith(incomplete)]


def settings_of(kind: str) -> Callable[[str], list[tuple[str, str]]]:
    """Return a completion of ``path=value`` with the fields of a kind of job and their help."""
    return lambda incomplete: [
        (f"{path}=", field.help) for path, field in fields_of_kind(kind).items() if path.startswith(incomplete)
    ]
