"""Lists and deletes datasets, and streams uploads through an unnamed temporary file to the store."""

import logging
import shutil
import tempfile
from typing import IO, Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from api.dependencies import Services, ServicesDep
from api.schemas.catalog import DatasetDocument, DatasetList
from api.schemas.problems import problems
from jobs.datasets import uploads
from jobs.datasets.archives import Limits
from jobs.datasets.builtin import BUILTINS
from jobs.datasets.errors import (
    DatasetInUseError,
    DatasetNotFoundError,
    InvalidDatasetError,
    StorageError,
    UnsupportedUploadError,
    UploadCutOffError,
    UploadTooLargeError,
)
from jobs.spec.base import Text

log = logging.getLogger(__name__)

router = APIRouter(prefix="/v1/datasets", tags=["datasets"])

UPLOAD = ("POST", "/v1/datasets")
_BUFFER_BYTES = 1 << 20
_FILE_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The file itself (not a form): .npz, or .zip, .tar or .tar.gz with class folders of images.",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.post(
    "",
    status_code=201,
    openapi_extra=_FILE_BODY,
    responses=problems(400, 413, 422, InvalidDatasetError, UploadCutOffError, UnsupportedUploadError, StorageError),
)
async def upload_dataset(
    request: Request, services: ServicesDep, response: Response, name: Annotated[Text, Query(max_length=200)] = ""
) -> DatasetDocument:
    """Upload a dataset: the body is the file. It is validated before the response; a rejected file is not kept."""
    limit_bytes = services.settings.max_upload_bytes
    _refuse_unread(request, limit_bytes)
    try:
        await run_in_threadpool(_assert_room, services, 2 * _declared_bytes(request))
        with await run_in_threadpool(_nameless_file, services) as file:
            await _receive(request, file, services)
            async with services.judging:
                document = await run_in_threadpool(_add, services, file, name)
    except OSError as error:
        log.exception("an upload could not be written")
        raise StorageError(f"the upload cannot be written: {error.strerror or error}") from error
    response.headers["Location"] = f"/v1/datasets/{document.id}"
    return document


@router.get("")
def list_datasets(services: ServicesDep) -> DatasetList:
    """List the datasets to train on: built-in and uploaded ones."""
    with services.database.read() as session:
        uploaded = [DatasetDocument.of(row) for row in uploads.all_datasets(session)]
    known = [DatasetDocument.builtin(one) for one in BUILTINS]
    return DatasetList(data=[*known, *uploaded], upload_limit_bytes=services.settings.max_upload_bytes)


@router.get("/{dataset_id}", responses=problems(DatasetNotFoundError))
def show_dataset(services: ServicesDep, dataset_id: str) -> DatasetDocument:
    """Get a dataset by its name or the id of an upload."""
    for known in BUILTINS:
        if known.name == dataset_id:
            return DatasetDocument.builtin(known)
    with services.database.read() as session:
        return DatasetDocument.of(uploads.get(session, dataset_id))


@router.delete("/{dataset_id}", status_code=204, responses=problems(DatasetNotFoundError, DatasetInUseError))
def delete_dataset(services: ServicesDep, dataset_id: str) -> None:
    """Delete an uploaded dataset; 409 while a job that has not ended needs it."""
    uploads.delete(services.database, services.store, dataset_id)


def _refuse_unread(request: Request, limit_bytes: int) -> None:
    if request.headers.get("content-type", "").lower().startswith("multipart/"):
        raise UnsupportedUploadError("the body must be the file itself, not a form: curl -T FILE -X POST …/v1/datasets")
    if _declared_bytes(request) > limit_bytes:
        raise UploadTooLargeError(limit_bytes)


def _declared_bytes(request: Request) -> int:
    declared = request.headers.get("content-length", "0")
    return int(declared) if declared.isdecimal() else 0


def _assert_room(services: Services, more_bytes: int) -> None:
    """Reject an upload that would leave too little disk space for the database and running jobs.

    Raises:
        StorageError: Less than ``CLR_MIN_FREE_BYTES`` would remain free.
    """
    folder = services.settings.uploads_dir
    folder.mkdir(parents=True, exist_ok=True)
    least_bytes = services.settings.min_free_bytes
    if shutil.disk_usage(folder).free - more_bytes < least_bytes:
        raise StorageError(f"the upload would leave less than {least_bytes} bytes of free disk space")


def _nameless_file(services: Services) -> IO[bytes]:
    """An unnamed temporary file: it disappears when it is closed, even if this process is killed."""
    return tempfile.TemporaryFile(dir=services.settings.uploads_dir)


async def _receive(request: Request, file: IO[bytes], services: Services) -> None:
    received, buffer, limit_bytes = 0, bytearray(), services.settings.max_upload_bytes
    try:
        async for chunk in request.stream():
            received += len(chunk)
            if received > limit_bytes:
                raise UploadTooLargeError(limit_bytes)
            buffer += chunk
            if len(buffer) >= _BUFFER_BYTES:
                await run_in_threadpool(_write, file, bytes(buffer), services)
                buffer.clear()
    except ClientDisconnect as error:
        log.info("an upload was cut off after %s bytes", received)
        raise UploadCutOffError(f"the connection ended after {received} bytes") from error
    await run_in_threadpool(_write, file, bytes(buffer), services)


def _write(file: IO[bytes], piece: bytes, services: Services) -> None:
    _assert_room(services, len(piece))
    file.write(piece)


def _add(services: Services, file: IO[bytes], name: str) -> DatasetDocument:
    settings = services.settings
    limits = Limits(settings.max_upload_entries, settings.max_unpacked_bytes, settings.max_upload_ratio)
    dataset_id = uploads.add(services.database, services.store, file, name, limits)
    with services.database.read() as session:
        return DatasetDocument.of(uploads.get(session, dataset_id))
