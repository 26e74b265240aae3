"""Query parameters of the job list."""

import re
from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, field_validator
from pydantic_core.core_schema import ValidationInfo

from jobs.database.job_list import JobFilter
from jobs.spec.base import Text, refuse
from jobs.status import Status

JobId = Annotated[str, Field(pattern=r"^job_[0-9a-f]{32}$")]
MOST_LABELS = 32
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ]")


def _apart(values: object) -> object:
    """``a,b`` as ``a`` and ``b``."""
    if not isinstance(values, list):
        return values
    return [part for value in values for part in (value.split(",") if isinstance(value, str) else [value])]


def _dated(moment: object) -> object:
    """Reject a bare number, which pydantic would read as seconds since 1970."""
    if isinstance(moment, str) and not _DATE.match(moment):
        raise refuse("datetime_format", "must be a date and time with an offset, such as 2026-01-15T09:30:00Z")
    return moment


def _pair(label: str) -> str:
    name, colon, _ = label.partition(":")
    if not (name and colon):
        raise refuse("not_a_label", "must be NAME:VALUE, such as project:demo")
    return label


Moment = Annotated[AwareDatetime, BeforeValidator(_dated)]


class JobQuery(BaseModel):
    """Filters, all of which must match, and the page. Unknown parameters are rejected."""

    model_config = ConfigDict(extra="forbid")

    status: Annotated[list[Status], BeforeValidator(_apart)] = Field(
        [], max_length=20, description="Any of these; repeated or separated by commas."
    )
    is_terminal: bool | None = Field(None, description="Whether the job has ended.")
    kind: Literal["lr_find", "train", "sweep", "compare"] | None = None
    label: list[Annotated[Text, AfterValidator(_pair)]] = Field(
        [], max_length=MOST_LABELS, examples=[["project:demo"]],
        description="`name:value`, the name up to the first colon; if repeated, all must match.",
    )  # fmt: skip
    name: Text | None = Field(None, min_length=1, max_length=200, description="A part of the name, case-insensitive.")
    parent: JobId | None = Field(None, description="Id of the parent job.")
    fingerprint: str | None = Field(
        None, pattern=r"^sha256:[0-9a-f]{64}$", description="Fingerprint of the conditions."
    )
    created_after: Moment | None = Field(None, description="RFC 3339 with an offset, inclusive.")
    created_before: Moment | None = Field(None, description="RFC 3339 with an offset, exclusive.")
    limit: int = Field(50, ge=1, le=200, description="Maximum number of jobs per page.")
    cursor: JobId | None = Field(None, description="`next_cursor` of the previous page.")

    @field_validator("created_before")
    @classmethod
    def _is_after_the_start(cls, before: AwareDatetime | None, info: ValidationInfo) -> AwareDatetime | None:
        after = info.data.get("created_after")
        if before is not None and after is not None and before <= after:
            raise refuse("empty_range", f"must be later than created_after = {after.isoformat()}")
        return before

    def filter(self) -> JobFilter:
        """The filter for the database query."""
        return JobFilter(
            statuses=tuple(self.status), kind=self.kind, labels=tuple(_pairs(self.label)), name=self.name,
            parent=self.parent, fingerprint=self.fingerprint, is_terminal=self.is_terminal,
            created_after=None if self.created_after is None else self.created_after.timestamp(),
            created_before=None if self.created_before is None else self.created_before.timestamp(),
        )  # fmt: skip


def _pairs(labels: Iterable[str]) -> Iterable[tuple[str, str]]:
    for label in labels:
        name, _, value = label.partition(":")
        yield name, value
