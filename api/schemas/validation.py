"""What a spec would become."""

from typing import Any, Literal

from api.schemas.base import Document
from api.schemas.bounds import Note


class PlannedJob(Document):
    """A job that would be made. ``total_steps`` is null where it hangs on data whose size is not known yet."""

    kind: str
    fingerprint: str
    slots: int
    rank_batch_size: int | None
    total_steps: int | None


class ValidationDocument(PlannedJob):
    """What a legal spec would become; ``children`` are the jobs that it would start.

    ``resolved`` is what would be decided at once (the rates, where the bounds are known), ``waits_for`` the job whose
    bounds it would wait for, and ``spec`` has all defaults written out.
    """

    object: Literal["validation"] = "validation"
    resolved: dict[str, Any]
    waits_for: str | None
    spec: dict[str, Any]
    children: list[PlannedJob]
    warnings: list[Note]
