"""Datasets: list, read, upload, delete."""

from collections.abc import Callable
from pathlib import Path

from clr_client.errors import UsageError
from clr_client.transport.effects import Document, Program, Request, Upload
from clr_client.transport.retry import document_of, segment, without_content


def datasets() -> Program[Document]:
    """Return the datasets (``data``), and the size limit of uploads (``upload_limit_bytes``)."""
    return document_of(Request("GET", "/v1/datasets"))


def dataset(dataset_id: str) -> Program[Document]:
    """Return one dataset, by its name or the id of an upload."""
    return document_of(Request("GET", f"/v1/datasets/{segment(dataset_id)}"))


def upload_dataset(
    path: Path, name: str = "", on_progress: Callable[[int], None] | None = None
) -> Program[Document]:  # fmt: skip
    """Upload a file of arrays or images in parts, and return the new dataset.

    Args:
        path: An ``.npz``, ``.zip``, ``.tar`` or ``.tar.gz`` file.
        name: A name for people.
        on_progress: Called with the bytes of each sent part.

    Raises:
        UsageError: If the file cannot be read, or is larger than the server accepts; nothing is sent then.
        ProblemError: If the server refuses it.
        ServerUnreachableError: If no server answers, or the connection breaks.
    """
    try:
        with path.open("rb") as file:
            size_bytes = file.seek(0, 2)
            file.seek(0)
            limit_bytes = (yield from datasets())["upload_limit_bytes"]
            if size_bytes > limit_bytes:
                raise UsageError(f"{path} has {size_bytes} bytes; the server takes at most {limit_bytes}.")
            upload = Upload(file, size_bytes, on_progress)
            request = Request("POST", "/v1/datasets", params=[("name", name)], upload=upload, attempts=1)
            return (yield from document_of(request))
    except OSError as error:
        raise UsageError(f"Cannot read {path}: {error.strerror}.") from error


def delete_dataset(dataset_id: str) -> Program[None]:
    """Delete an uploaded dataset. Raises `ProblemError` (409) while an unfinished job needs it."""
    return without_content(Request("DELETE", f"/v1/datasets/{segment(dataset_id)}"))
