"""Connection settings of a client, and the code that both runners share."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar
from urllib.parse import urlsplit

import httpx2

from clr_client.errors import AddressError, KeyUsageError, ServerUnreachableError
from clr_client.transport.addresses import is_loopback
from clr_client.transport.credentials import api_key_or_default
from clr_client.transport.effects import Effect, Reply, Request

T = TypeVar("T")

SILENCE_S = 45.0  # the server sends on every stream three times as often

Outcome: TypeAlias = Reply | httpx2.ServerSentEvent | ServerUnreachableError | None


@dataclass(frozen=True)
class Done(Generic[T]):
    """A program has ended with this result."""

    result: T


def advance(program: Generator[Effect, Any, T], outcome: Outcome) -> Effect | Done[T]:
    """Send a program the outcome of its last effect (None at its start), and return its next effect."""
    try:
        if isinstance(outcome, ServerUnreachableError):
            return program.throw(outcome)
        return program.send(outcome)
    except StopIteration as end:
        return Done(end.value)


@dataclass(frozen=True)
class Connection:
    """The server, and the time limits.

    Attributes:
        base_url: Address of the server, such as ``http://127.0.0.1:8000``.
        timeout_s: Timeout of one request.
        patience_s: How long a wait continues if the server does not answer.
        api_key: A key of that server; None for ``CLR_API_KEY``, if set.

    Raises:
        AddressError: If ``base_url`` is no http(s) address.
        KeyUsageError: If the key cannot be one.
    """

    base_url: str
    timeout_s: float
    patience_s: float
    api_key: str | None = None

    def options(self) -> dict[str, Any]:
        """Return the arguments of either of httpx2's clients."""
        return {
            "base_url": self.base_url.rstrip("/"),
            "timeout": self.timeout_s,
            # A proxy from the environment never applies to a server on this machine.
            "trust_env": not is_loopback(_host(self.base_url)),
            "headers": _authorization(api_key_or_default(self.api_key)),
        }

    def request_options(self, request: Request) -> dict[str, Any]:
        """Return the arguments of ``build_request``, except a file in the body."""
        options: dict[str, Any] = {
            "method": request.method,
            "url": request.path,
            "params": list(request.params),
            "json": None if request.json is None else dict(request.json),
            "headers": dict(request.headers),
        }
        if request.upload is not None:  # the server may take long to check a file
            options["headers"] |= _FILE | {"Content-Length": str(request.upload.size_bytes)}
            options["timeout"] = httpx2.Timeout(self.timeout_s, read=None)
        return options

    def stream_options(self, request: Request) -> dict[str, Any]:
        """Return the arguments of ``build_request`` for a stream of events."""
        return self.request_options(request) | {"timeout": httpx2.Timeout(self.timeout_s, read=SILENCE_S)}

    def unreachable(self, error: httpx2.RequestError) -> ServerUnreachableError:
        """Return a connection failure as a readable error."""
        cause = "it took too long" if isinstance(error, httpx2.TimeoutException) else str(error)
        return ServerUnreachableError.at(self.base_url.rstrip("/"), cause or type(error).__name__)


def reply_of(response: httpx2.Response, content: bytes = b"", size_bytes: int = 0) -> Reply:
    """Return a response as a value."""
    headers: Mapping[str, str] = {name.lower(): value for name, value in response.headers.items()}
    return Reply(str(response.url), response.status_code, headers, content, size_bytes)


_FILE = {"Content-Type": "application/octet-stream"}


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
