"""The Python client: one method for each thing the service answers, errors as exceptions."""

import time
from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self
from urllib.parse import quote
from uuid import uuid4

from client.credentials import api_key_or_default
from client.errors import ProblemError, ServerUnreachableError, UsageError, WaitTimeoutError
from client.transport import Transport

Document = Mapping[str, Any]

FIRST_POLL_S = 0.2
LONGEST_POLL_S = 2.0
POLL_GROWTH = 1.2
TOO_MANY = 429


class Client:
    """A connection to one server. Usable as a context manager; not meant for several threads at once.

    Args:
        base_url: Where the server is, such as ``http://127.0.0.1:8000``.
        timeout_s: How long one request may take.
        patience_s: How long `wait` goes on asking a server that has stopped answering.
        api_key: A key of that server; None takes ``CLR_API_KEY``, where it is set.

    Raises:
        AddressError: If ``base_url`` is no http(s) address.
        KeyUsageError: If the key cannot be one.
    """

    def __init__(
        self, base_url: str, timeout_s: float = 10.0, patience_s: float = 30.0, *, api_key: str | None = None
    ) -> None:
        self._transport = Transport(base_url, timeout_s, api_key_or_default(api_key))
        self._patience_s = patience_s

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def submit(self, spec: Mapping[str, Any], idempotency_key: str | None = None) -> Document:
        """Ask for a job and return it.

        The idempotency key makes it safe to send the request again after a lost connection: the server runs
        one job for one key. Without one given, each call makes its own.

        Raises:
            ProblemError: If the server refuses the spec.
            ServerUnreachableError: If no server answers.
        """
        key = idempotency_key if idempotency_key is not None else str(uuid4())
        return self._transport.request("POST", "/v1/jobs", json=spec, headers={"Idempotency-Key": key})

    def job(self, job_id: str) -> Document:
        """The job as it stands now."""
        return self._transport.request("GET", f"/v1/jobs/{_segment(job_id)}")

    def jobs(
        self,
        status: str | None = None,
        kind: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Document:
        """One page of jobs, newest first: ``data`` and ``next_cursor`` (None on the last page)."""
        filters = {"status": status, "kind": kind, "limit": limit, "cursor": cursor}
        given = [(name, str(value)) for name, value in filters.items() if value is not None]
        return self._transport.request("GET", "/v1/jobs", params=given)

    def wait(
        self,
        job_id: str,
        timeout_s: float | None = None,
        on_update: Callable[[Document], None] | None = None,
    ) -> Document:
        """Poll until the job has ended, and return it; first every 0.2 s, in the end every 2 s.

        Args:
            job_id: Which job.
            timeout_s: How long to wait at most; None waits as long as it takes.
            on_update: Called with the job after every poll.

        Raises:
            WaitTimeoutError: If the job has not ended by then; it goes on.
            ServerUnreachableError: If the server has not answered for ``patience_s``.
            ProblemError: If the server knows no such job, or has had trouble for ``patience_s``.
        """
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        pause_s = FIRST_POLL_S
        while True:
            job = self._job_with_patience(job_id)
            if on_update is not None:
                on_update(job)
            if job["is_terminal"]:
                return job
            if deadline is not None and time.monotonic() + pause_s > deadline:
                raise WaitTimeoutError(f"{job_id} is still {job['status']} after {timeout_s:g} s; it goes on.")
            time.sleep(pause_s)
            pause_s = min(pause_s * POLL_GROWTH, LONGEST_POLL_S)

    def _job_with_patience(self, job_id: str) -> Document:
        deadline = time.monotonic() + self._patience_s
        while True:
            try:
                return self.job(job_id)
            except (ServerUnreachableError, ProblemError) as error:
                hopeless = isinstance(error, ProblemError) and error.is_client_error and error.status != TOO_MANY
                if hopeless or time.monotonic() > deadline:
                    raise
                time.sleep(LONGEST_POLL_S / 2)

    def bounds(self, job_id: str) -> Document:
        """The LR bounds that an ``lr_find`` job found; a `ProblemError` (409) until there are some."""
        return self._transport.request("GET", f"/v1/jobs/{_segment(job_id)}/lr-bounds")

    def table(self, job_id: str) -> Document:
        """Bounds under each of the conditions of a ``sweep`` job, as far as they are known by now."""
        return self._transport.request("GET", f"/v1/jobs/{_segment(job_id)}/table")

    def comparison(self, job_id: str) -> Document:
        """What the arms of a ``compare`` job come to, as far as it is known by now."""
        return self._transport.request("GET", f"/v1/jobs/{_segment(job_id)}/comparison")

    def curves(self, job_id: str, metrics: Sequence[str], x: str = "step", max_points: int | None = None) -> Document:
        """Curves of a job, thinned to ``max_points`` each, over ``x`` (``step`` or ``lr``)."""
        params = [("metric", metric) for metric in metrics] + [("x", x)]
        if max_points is not None:
            params.append(("max_points", str(max_points)))
        return self._transport.request("GET", f"/v1/jobs/{_segment(job_id)}/curves", params=params)

    def plot(
        self, job_id: str, suffix: str = "svg", *, theme: str = "light", width: int | None = None,
        height: int | None = None,
    ) -> bytes:  # fmt: skip
        """The picture of a job as a file: ``svg``, ``png``, or ``json`` for Plotly; sizes in pixels."""
        asked = {"theme": theme, "width": width, "height": height}
        params = [(name, str(value)) for name, value in asked.items() if value is not None]
        picture = BytesIO()
        self._transport.download(f"/v1/jobs/{_segment(job_id)}/plot.{suffix}", picture, params=params)
        return picture.getvalue()

    def checkpoints(self, job_id: str) -> Document:
        """The stored checkpoints of a training, the newest first: the last two, and the best."""
        return self._transport.request("GET", f"/v1/jobs/{_segment(job_id)}/checkpoints")

    def model_card(self, job_id: str) -> Document:
        """What the model of a training is; a `ProblemError` (409) until there is one."""
        return self._transport.request("GET", f"/v1/jobs/{_segment(job_id)}/model/card")

    def download_model(self, job_id: str, target: IO[bytes]) -> int:
        """Copy the final weights of a training, as safetensors, into an open file; how many bytes they are."""
        return self._transport.download(f"/v1/jobs/{_segment(job_id)}/model", target)

    def download_checkpoint(self, job_id: str, step: int, target: IO[bytes]) -> int:
        """Copy the checkpoint after ``step`` steps into an open file; how many bytes it is."""
        return self._transport.download(f"/v1/jobs/{_segment(job_id)}/checkpoints/{step}", target)

    def download_curves(self, job_id: str, target: IO[bytes], metrics: Sequence[str] = ()) -> int:
        """Copy every point of a job, as CSV, into an open file; how many bytes they are."""
        params = [("metric", metric) for metric in metrics] + [("format", "csv")]
        return self._transport.download(f"/v1/jobs/{_segment(job_id)}/curves", target, params=params)

    def cancel(self, job_id: str, mode: str = "checkpoint") -> Document:
        """Ask for the end of a job; it is ``cancelling`` until its ranks have stopped. ``kill`` saves no checkpoint."""
        return self._transport.request("POST", f"/v1/jobs/{_segment(job_id)}/cancel", json={"mode": mode})

    def resume(self, job_id: str) -> Document:
        """Queue a failed or cancelled job once more; it goes on from its last checkpoint."""
        return self._transport.request("POST", f"/v1/jobs/{_segment(job_id)}/resume", attempts=1)

    def clone(self, job_id: str, patch: Mapping[str, Any], idempotency_key: str | None = None) -> Document:
        """Submit the spec of a job as a new one, changed by a JSON merge patch; see `submit` for the key."""
        key = idempotency_key if idempotency_key is not None else str(uuid4())
        path = f"/v1/jobs/{_segment(job_id)}/clone"
        return self._transport.request("POST", path, json=patch, headers={"Idempotency-Key": key})

    def delete(self, job_id: str) -> None:
        """Remove a job that has ended, with curves and files; a `ProblemError` (409) while another needs it."""
        self._transport.delete(f"/v1/jobs/{_segment(job_id)}")

    def workers(self) -> Document:
        """The live workers: slots, devices, versions, and what runs where."""
        return self._transport.request("GET", "/v1/workers")

    def drain(self, name: str, *, draining: bool = True) -> Document:
        """Have a worker take no more jobs, or take some again."""
        return self._transport.request("POST", f"/v1/workers/{_segment(name)}/drain", json={"draining": draining})

    def schedules(self) -> Document:
        """Every schedule of the server, with a line of help and a JSON Schema."""
        return self._transport.request("GET", "/v1/schedules")

    def preview(self, spec: Mapping[str, Any]) -> Document:
        """What a schedule does over a training: LR, momentum and batch size at its steps."""
        return self._transport.request("POST", "/v1/schedules:preview", json=spec)

    def datasets(self) -> Document:
        """What can be trained on (``data``), and the largest upload (``upload_limit_bytes``)."""
        return self._transport.request("GET", "/v1/datasets")

    def dataset(self, dataset_id: str) -> Document:
        """One dataset, by its name or the id of an upload."""
        return self._transport.request("GET", f"/v1/datasets/{_segment(dataset_id)}")

    def upload_dataset(self, path: Path, name: str = "", on_progress: Callable[[int], None] | None = None) -> Document:
        """Send a file of arrays or images, a part at a time, and return the dataset that it became.

        Args:
            path: An ``.npz``, ``.zip``, ``.tar`` or ``.tar.gz`` file.
            name: A name for people.
            on_progress: Called with the bytes of each part that was sent.

        Raises:
            UsageError: If the file cannot be read, or is larger than the server takes; nothing is sent then.
            ProblemError: If the server refuses it.
            ServerUnreachableError: If no server answers, or the connection breaks.
        """
        try:
            with path.open("rb") as file:
                size_bytes = file.seek(0, 2)
                file.seek(0)
                limit_bytes = self.datasets()["upload_limit_bytes"]
                if size_bytes > limit_bytes:
                    raise UsageError(f"{path} has {size_bytes} bytes; the server takes at most {limit_bytes}.")
                return self._transport.upload(
                    "/v1/datasets", file, size_bytes=size_bytes, params=[("name", name)], on_progress=on_progress
                )
        except OSError as error:
            raise UsageError(f"Cannot read {path}: {error.strerror}.") from error

    def delete_dataset(self, dataset_id: str) -> None:
        """Remove an uploaded dataset; a `ProblemError` (409) while a job that has not ended needs it."""
        self._transport.delete(f"/v1/datasets/{_segment(dataset_id)}")

    def create_key(
        self, name: str, scope: str, owner: str | None = None, expires_in_s: float | None = None
    ) -> Document:
        """Make an API key (admins only); ``key`` in the answer is shown this once."""
        spec = {"name": name, "scope": scope, "owner": owner, "expires_in_s": expires_in_s}
        return self._transport.request("POST", "/v1/keys", json=spec, attempts=1)

    def keys(self) -> Document:
        """All API keys (admins only), without the keys themselves."""
        return self._transport.request("GET", "/v1/keys")

    def revoke_key(self, key_id: str) -> Document:
        """End an API key (admins only)."""
        return self._transport.request("DELETE", f"/v1/keys/{_segment(key_id)}")

    def ready(self) -> Document:
        """What the server says of its parts.

        Raises:
            ProblemError: With status 503 if the database, the broker or a worker is missing.
            ServerUnreachableError: If no server answers.
        """
        return self._transport.request("GET", "/readyz", attempts=1)


def _segment(job_id: str) -> str:
    """An id as one segment of a path, whatever a user pasted."""
    return quote(job_id, safe="")
