"""Jobs and bounds as small tables of plain text."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from clr_client.display.formatting import Document, number, status_text


def jobs_table(jobs: Sequence[Document]) -> str:
    """Return one line for each job, newest first, below a header."""
    if not jobs:
        return "No jobs."
    heading = ("JOB", "KIND", "STATUS", "DONE", "CREATED", "NAME")
    return _aligned([heading, *(_job_row(job) for job in jobs)])


def _job_row(job: Document) -> tuple[str, ...]:
    fraction = (job.get("progress") or {}).get("fraction")
    done = "-" if fraction is None else f"{100 * fraction:.0f} %"
    created = str(job["created_at"])[:19].replace("T", " ")
    return (job["id"], job["kind"], status_text(job), done, created, (job.get("spec") or {}).get("name") or "-")


def datasets_table(datasets: Sequence[Document]) -> str:
    """Return one line for each dataset, below a header."""
    heading = ("DATASET", "SAMPLES", "SHAPE", "TARGETS", "BYTES", "SHA-256", "NAME")
    return _aligned([heading, *(_dataset_row(dataset) for dataset in datasets)])


def _dataset_row(dataset: Document) -> tuple[str, ...]:
    shape = " x ".join(map(str, dataset["shape"])) if dataset["shape"] else "different sizes"
    numbers, classes = dataset["targets"], dataset["classes"]
    targets = f"{classes} classes" if numbers is None else "1 number" if numbers == 1 else f"{numbers} numbers"
    size = "-" if dataset["size_bytes"] is None else f"{dataset['size_bytes']:,}"
    digest = (dataset["sha256"] or "-")[:12]
    return (dataset["id"], f"{dataset['samples']:,}", shape, targets, size, digest, dataset["name"])


def keys_table(keys: Sequence[Document]) -> str:
    """Return one line for each API key, from old to new, below a header."""
    if not keys:
        return "No keys."
    heading = ("ID", "OWNER", "SCOPE", "CREATED", "LAST USED", "EXPIRES", "REVOKED", "NAME")
    return _aligned([heading, *(_key_row(key) for key in keys)])


def _key_row(key: Document) -> tuple[str, ...]:
    times = (key[name] for name in ("created_at", "last_used_at", "expires_at", "revoked_at"))
    return (
        key["id"],
        key["owner"],
        key["scope"],
        *((time or "-")[:19].replace("T", " ") for time in times),
        key["name"],
    )


def workers_table(workers: Sequence[Document]) -> str:
    """Return one line for each live worker, below a header."""
    if not workers:
        return "No worker is alive."
    heading = ("WORKER", "HOST", "SLOTS", "FREE", "STATE", "BEAT", "TORCH", "RUNS")
    return _aligned([heading, *(_worker_row(worker) for worker in workers)])


def _worker_row(worker: Document) -> tuple[str, ...]:
    quarantined = ", ".join(map(str, worker["quarantined_slots"]))
    runs = ", ".join(job["job_id"] for job in worker["jobs"]) or "-"
    state = worker["state"] + (f", quarantine: {quarantined}" if quarantined else "")
    beat, torch = f"{worker['heartbeat_age_s']:.1f} s ago", worker["versions"].get("torch", "-")
    return (worker["name"], worker["host"], str(worker["slots"]), str(worker["free_slots"]), state, beat, torch, runs)


def bounds_table(document: Document, next_command: str) -> str:
    """Return the bounds of a range test with their confidence, the results of other rules, and the next command."""
    return "\n".join([*_bounds_lines(document, next_command)])


def _bounds_lines(document: Document, next_command: str) -> Iterator[str]:
    bounds, confidence = document["bounds"], document.get("confidence") or {}
    grade, replicas = confidence.get("grade", "none"), confidence.get("replicas")
    yield f"LR bounds of {document['job_id']} (confidence {grade}, {replicas} range tests)"
    if bounds is None:
        yield "  none that could be defended"
    else:
        yield _aligned([_bound_row(name, bounds, confidence) for name in ("base_lr", "max_lr")], indent="  ")
    if alternatives := document.get("alternatives"):
        yield "Other rules say"
        rows = [(rule["method"], number(rule.get("lr"))) for rule in alternatives]
        yield _aligned(rows, indent="  ")
    for warning in document.get("warnings") or []:
        yield f"Warning: {warning['message']} ({warning['code']})"
    if bounds is not None:
        yield f"Next: {next_command}"


def _bound_row(name: str, bounds: Mapping[str, Any], confidence: Mapping[str, Any]) -> tuple[str, ...]:
    interval = confidence.get(name) or {}
    if interval.get("low") is None or interval.get("high") is None:
        return (name, number(bounds[name]), "")
    level = confidence.get("level")
    share = f" ({100 * level:.0f} %)" if level is not None else ""
    return (name, number(bounds[name]), f"{number(interval['low'])} to {number(interval['high'])}{share}")


def _aligned(rows: Sequence[Sequence[str]], indent: str = "") -> str:
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(f"{indent}{line.rstrip()}" for line in lines)
