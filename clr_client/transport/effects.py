"""Effects of the client's programs: generators without I/O that yield requests and receive the outcomes.

A program yields a `Request` and is sent the `Reply`, or yields a `Pause`. A feed may also open a stream of server-sent
events and hand out items on its way. Where a server does not answer, `ServerUnreachableError` is thrown into it.
`clr_client.transport.http_runners` carries them out, blocking or awaiting: that is all in which `Client` and
`AsyncClient` differ.
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
        file: Open for reading, at its beginning.
        size_bytes: How long it is.
        on_progress: Called with the bytes of each part that was sent.
    """

    file: IO[bytes]
    size_bytes: int
    on_progress: Callable[[int], None] | None = None


@dataclass(frozen=True)
class Request:
    """One HTTP request.

    Attributes:
        method: Such as ``GET``.
        path: From the server's address on.
        params: Names and values of the query.
        json: The body, where it is JSON.
        headers: Beside those of every request.
        upload: The body, where it is a file.
        target: An open file that the body of a good answer is copied to.
        attempts: How often it may be sent; 1 where it is not safe to repeat.
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
    """What a server answered.

    Attributes:
        url: What was asked for.
        status: HTTP status code.
        headers: Their names in lower case.
        content: The body, where it was not copied to a file.
        size_bytes: How many bytes were copied to a file.
    """

    url: str
    status: int
    headers: Mapping[str, str]
    content: bytes = b""
    size_bytes: int = 0

    @property
    def is_success(self) -> bool:
        """Whether it is no problem and no redirection."""
        return 200 <= self.status < 300  # noqa: PLR2004 - RFC 9110, section 15.3


@dataclass(frozen=True)
class Pause:
    """Wait for so many seconds."""

    seconds: float


@dataclass(frozen=True)
class Listen:
    """Open a stream of server-sent events; the outcome is a `Reply`, without a body if it is a success."""

    request: Request


@dataclass(frozen=True)
class NextMessage:
    """The next server-sent event; the outcome is one, or None where the stream has closed."""


@dataclass(frozen=True)
class Emit(Generic[T]):
    """Hand out an item of a feed."""

    item: T


Effect: TypeAlias = Request | Pause | Listen | NextMessage | Emit[Any]
Program: TypeAlias = Generator[Request | Pause, Any, T]
Feed: TypeAlias = Generator[Request | Pause | Listen | NextMessage | Emit[T], Any, None]
