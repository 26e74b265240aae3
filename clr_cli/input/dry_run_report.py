"""The result of a dry run as text."""

from collections.abc import Iterator

from clr_client.display.formatting import Document, number


def summary(document: Document) -> str:
    """Return the answer of ``POST /v1/jobs:validate`` as lines of text."""
    return "\n".join(_lines(document))


def _lines(document: Document) -> Iterator[str]:
    yield f"A legal spec: {_planned(document)}"
    for name, value in (document.get("resolved") or {}).items():
        yield f"  {name}  {number(value) if isinstance(value, float) else value}"
    if document.get("waits_for"):
        yield f"It would wait for {document['waits_for']}."
    for child in document.get("children") or []:
        yield f"It would start: {_planned(child)}"
    for warning in document.get("warnings") or []:
        yield f"Warning: {warning['message']} ({warning['code']})"
    yield f"Conditions: {document['fingerprint']}"


def _planned(job: Document) -> str:
    steps, per_rank = job.get("total_steps"), job.get("rank_batch_size")
    parts = [job["kind"], f"{job['slots']} slot{'s' if job['slots'] != 1 else ''}"]
    parts += [] if steps is None else [f"{steps} steps"]
    parts += [] if per_rank is None else [f"{per_rank} samples a step and rank"]
    return ", ".join(parts)
