"""One HTTP exchange: retried where that is safe, and every failure turned into one of our errors."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import IO, Any
from urllib.parse import urlsplit

import httpx2

from client.addresses import is_loopback
from client.errors import AddressError, KeyUsageError, ProblemError, ServerUnreachableError

ATTEMPTS = 3
FIRST_RETRY_S = 0.2
RETRY_GROWTH = 3.0
UPLOAD_PART_BYTES = 1 << 18
NO_CONTENT = 204


class Transport:
    """Sends requests to one server and returns the JSON objects it answers with.

    Args:
        base_url: An http or https address.
        timeout_s: How long one request may take.
        api_key: What every request shows; None where the server asks for no key.

    Raises:
        AddressError: If ``base_url`` is none.
    """

    def __init__(self, base_url: str, timeout_s: float, api_key: str | None = None) -> None:
        self._url, self._timeout_s = base_url.rstrip("/"), timeout_s
        host = _host(base_url)
        # A proxy of the environment is never meant for a server on this very machine.
        self._http = httpx2.Client(
            base_url=self._url, timeout=timeout_s, trust_env=not is_loopback(host), headers=_authorization(api_key)
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Sequence[tuple[str, str]] = (),
        json: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        attempts: int = ATTEMPTS,
    ) -> Mapping[str, Any]:
        """Send a request that is safe to repeat, again where the connection fails, and return its JSON.

        Raises:
            ProblemError: If the server answers with a problem.
            ServerUnreachableError: If it does not answer, or is not this service.
        """
        request = self._http.build_request(method, path, params=list(params), json=json, headers=headers)
        return self._document(self._send(request, attempts))

    def download(
        self, path: str, target: IO[bytes], *, params: Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> int:  # fmt: skip
        """Copy what a path answers with into an open file, piece by piece.

        Returns:
            How many bytes it has.

        Raises:
            ProblemError: If the server answers with a problem.
            ServerUnreachableError: If it does not answer, or the connection is lost on the way.
        """
        size = 0
        try:
            with self._http.stream("GET", path, params=list(params), headers=headers) as response:
                if not response.is_success:
                    response.read()
                    self._document(response)
                for piece in response.iter_bytes():
                    size += target.write(piece)
        except httpx2.TransportError as error:
            raise ServerUnreachableError.at(self._url, _cause(error)) from error
        return size

    def upload(
        self, path: str, file: IO[bytes], *, size_bytes: int, params: Sequence[tuple[str, str]] = (),
        on_progress: Callable[[int], None] | None = None,
    ) -> Mapping[str, Any]:  # fmt: skip
        """POST a file as it is, a part at a time, once; the server may take long to judge it.

        Raises:
            ProblemError: If the server answers with a problem.
            ServerUnreachableError: If it does not answer, or the connection breaks.
        """
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size_bytes)}
        timeout = httpx2.Timeout(self._timeout_s, read=None)
        request = self._http.build_request(
            "POST", path, params=list(params), content=_parts(file, on_progress), headers=headers, timeout=timeout
        )
        return self._document(self._send(request, attempts=1))

    def delete(self, path: str) -> None:
        """Send a DELETE, which is answered without a body.

        Raises:
            ProblemError: If the server answers with a problem.
            ServerUnreachableError: If it does not answer.
        """
        response = self._send(self._http.build_request("DELETE", path), ATTEMPTS)
        if response.status_code != NO_CONTENT:
            self._document(response)

    def _send(self, request: httpx2.Request, attempts: int) -> httpx2.Response:
        pause_s = FIRST_RETRY_S
        for attempt in range(1, attempts + 1):
            try:
                return self._http.send(request)
            except httpx2.TransportError as error:
                if attempt == attempts:
                    raise ServerUnreachableError.at(self._url, _cause(error)) from error
            time.sleep(pause_s)
            pause_s *= RETRY_GROWTH
        raise ValueError(f"attempts must be at least 1, not {attempts}")

    def _document(self, response: httpx2.Response) -> Mapping[str, Any]:
        try:
            document = response.json()
        except ValueError:
            document = None
        if not isinstance(document, dict):
            media_type = response.headers.get("content-type", "")
            raise ServerUnreachableError.unlike_ours(str(response.url), response.status_code, media_type)
        if not response.is_success:
            raise ProblemError(response.status_code, document)
        return document


def _parts(file: IO[bytes], on_progress: Callable[[int], None] | None) -> Iterator[bytes]:
    while part := file.read(UPLOAD_PART_BYTES):
        yield part
        if on_progress is not None:
            on_progress(len(part))


def _authorization(api_key: str | None) -> dict[str, str]:
    if api_key is None:
        return {}
    if not (api_key.isascii() and api_key.isprintable()) or " " in api_key:
        raise KeyUsageError("The API key has characters that no key has; look at CLR_API_KEY or --api-key.")
    return {"Authorization": f"Bearer {api_key}"}


def _host(base_url: str) -> str:
    try:
        host = urlsplit(base_url).hostname or ""
        url = httpx2.URL(base_url)
    except (httpx2.InvalidURL, ValueError) as error:
        raise AddressError(f"{base_url!r} is no address: {error}") from error
    if url.scheme not in {"http", "https"} or not host:
        raise AddressError(f"{base_url!r} is no address; one looks like http://127.0.0.1:8000")
    return host


def _cause(error: httpx2.TransportError) -> str:
    if isinstance(error, httpx2.TimeoutException):
        return "it took too long"
    return str(error) or type(error).__name__
