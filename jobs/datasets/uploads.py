"""Uploaded datasets: add, list, delete. A file is checked, then stored, and only then gets a row."""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO, Any

from sqlalchemy import Text, cast, select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session

from jobs.database import queries
from jobs.database.availability import PASSING
from jobs.database.ids import new_dataset_id
from jobs.database.row_filter import every_owner
from jobs.database.session import Database
from jobs.database.tables.jobs import Job
from jobs.database.tables.service import Dataset
from jobs.datasets import npz
from jobs.datasets.archives import Limits, members
from jobs.datasets.errors import DatasetInUseError, DatasetNotFoundError, InvalidDatasetError, StorageError
from jobs.datasets.facts import Facts
from jobs.files.artifacts import ArtifactStore
from jobs.status import TERMINAL

DATASET_ID = re.compile(r"ds_[0-9a-f]{32}")
_SHOWN_JOBS = 5


def key_of(dataset_id: str) -> str:
    """Return the key of a dataset's file in the artifact store."""
    return f"datasets/{dataset_id}"


def judge(file: IO[bytes], limits: Limits) -> tuple[str, Facts]:
    """Return the format and facts of an uploaded file: ``npz`` if it holds arrays, otherwise ``image_folder``.

    Raises:
        InvalidDatasetError: It is neither; the message says why.
    """
    first = next(members(file, limits), None)
    if first is None:
        raise InvalidDatasetError("no_files", "the archive holds no files")
    if first.name.endswith(".npy"):
        return "npz", npz.judge(file, limits)
    from jobs.datasets import images  # noqa: PLC0415 - Pillow is loaded with the first images only

    return "image_folder", images.judge(file, limits)


def add(database: Database, store: ArtifactStore, file: IO[bytes], name: str, limits: Limits) -> str:
    """Check a file, store it and write its row. If a step fails, nothing is left behind.

    Returns:
        The dataset's id.

    Raises:
        InvalidDatasetError: It is no dataset.
        StorageError: It cannot be stored.
    """
    form, facts = judge(file, limits)
    dataset_id = new_dataset_id()
    key = key_of(dataset_id)
    file.seek(0)
    try:
        stored = store.write(key, file)
    except OSError as error:
        raise StorageError(f"the file cannot be stored: {error.strerror or error}") from error
    row = {
        "id": dataset_id, "name": name, "format": form, "size_bytes": stored.size_bytes, "sha256": stored.sha256,
        "facts": facts.model_dump(mode="json"),
    }  # fmt: skip
    try:
        _write(database, row)
    except BaseException:
        _remove_unless_named(database, store, dataset_id)
        raise
    return dataset_id


def _write(database: Database, row: dict[str, Any]) -> None:
    """Write the row of a dataset. Try again if the database does not answer, since the row may not be there."""
    try:
        _insert(database, row)
    except PASSING:
        with suppress(IntegrityError):  # the row is there; waits for a first insert that is not committed yet
            _insert(database, row)


def _insert(database: Database, row: dict[str, Any]) -> None:
    with database.write() as session:
        session.add(Dataset(**row, created_at=queries.now(session)))


def _remove_unless_named(database: Database, store: ArtifactStore, dataset_id: str) -> None:
    """Remove a file without a row. If the database does not answer, `prune` removes it later."""
    with suppress(SQLAlchemyError), database.read() as session, every_owner(session):
        if session.get(Dataset, dataset_id) is None:
            store.delete(key_of(dataset_id))


def get(session: Session, dataset_id: str) -> Dataset:
    """Return one dataset.

    Raises:
        DatasetNotFoundError: There is none with this id.
    """
    row = session.get(Dataset, dataset_id) if DATASET_ID.fullmatch(dataset_id) else None
    if row is None:
        raise DatasetNotFoundError(dataset_id)
    return row


def all_datasets(session: Session) -> Sequence[Dataset]:
    """Return all datasets from new to old."""
    return session.scalars(select(Dataset).order_by(Dataset.id.desc())).all()


def delete(database: Database, store: ArtifactStore, dataset_id: str) -> None:
    """Remove a dataset and its file.

    Raises:
        DatasetNotFoundError: There is none with this id.
        DatasetInUseError: A job that has not ended needs it.
    """
    with database.write() as session:
        row = get(session, dataset_id)
        session.refresh(row, with_for_update=True)
        with every_owner(session):  # an admin's job may need it
            users = _users(session, dataset_id)
        if users:
            raise DatasetInUseError(dataset_id, users)
        session.delete(row)
    store.delete(key_of(dataset_id))


def _users(session: Session, dataset_id: str) -> list[str]:
    # As text: PostgreSQL's JSON operators fail for all rows if one of them holds U+0000.
    named = cast(Job.spec, Text).contains(dataset_id)
    query = select(Job.id, Job.spec).where(Job.status.not_in(TERMINAL), named).order_by(Job.id)
    return [job_id for job_id, spec in session.execute(query) if _uses(spec, dataset_id)][:_SHOWN_JOBS]


def _uses(spec: Mapping[str, Any], dataset_id: str) -> bool:
    dataset = (spec.get("conditions") or {}).get("dataset") or {}
    return bool((dataset.get("options") or {}).get("id") == dataset_id)
