"""Effects of the client's programs: generators without I/O that yield requests and receive the outcomes.

A program yields a `Request` and receives the `Reply`, or yields a `Pause`. A feed may also open a stream of server-sent
events and emit items. If a server does not answer, `ServerUnreachableError` is thrown into it.
`clr_client.transport.http_runners` runs programs, blocking or awaiting: this is the only difference between `Client`
and `AsyncClient`.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Any, Generic, TypeAlias, TypeVar

T = TypeVar("T")

Document: TypeAlias = Mapping[str, Any]

ATTEMPTS = 3


@dataclass(frozen=True)
class Upload:
    """A file as the body of a request, sent a part at a time.

    Attributes:
        file: The file, open for reading at its beginning.
        size_bytes: Size of the file.
        on_progress: Called with the bytes of each sent part.
    """

    file: IO[bytes]
    size_bytes: int
    on_progress: Callable[[int], None] | None = None


@dataclass(frozen=True)
class Request:
    """One HTTP request.

    Attributes:
        method: Such as ``GET``.
        path: Path relative to the server's address.
        params: Names and values of the query.
        json: The body, if it is JSON.
        headers: Headers beside those of every request.
        upload: The body, if it is a file.
        target: An open file that the body of a successful answer is copied to.
        attempts: How often it may be sent; 1 if it is not safe to repeat.
    """

    method: str
    path: str
    params: Sequence[tuple[str, str]] = ()
    json: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    upload: Upload | None = None
    target: IO[bytes] | None = None
    attempts: int = ATTEMPTS


@dataclass(frozen=True)
class Reply:
    """The answer of a server.

    Attributes:
        url: The requested URL.
        status: HTTP status code.
        headers: Headers, with names in lower case.
        content: The body, if it was not copied to a file.
        size_bytes: How many bytes were copied to a file.
    """

    url: str
    status: int
    headers: Mapping[str, str]
    content: bytes = b""
    size_bytes: int = 0

    @property
    def is_success(self) -> bool:
        """Whether it is neither a problem nor a redirection."""
        return 200 <= self.status < 300  # noqa: PLR2004 - RFC 9110, section 15.3


@dataclass(frozen=True)
class Pause:
    """Wait for a number of seconds."""

    seconds: float


@dataclass(frozen=True)
class Listen:
    """Open a stream of server-sent events; the outcome is a `Reply`, without a body if it is a success."""

    request: Request


@dataclass(frozen=True)
class NextMessage:
    """Read the next server-sent event; the outcome is None if the stream has closed."""


@dataclass(frozen=True)
class Emit(Generic[T]):
    """Emit an item of a feed."""

    item: T


Effect: TypeAlias = Request | Pause | Listen | NextMessage | Emit[Any]
Program: TypeAlias = Generator[Request | Pause, Any, T]
Feed: TypeAlias = Generator[Request | Pause | Listen | NextMessage | Emit[T], Any, None]
