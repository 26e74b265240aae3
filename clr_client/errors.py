"""Errors between a client and the service, with messages that tell the user what to do."""

from collections.abc import Mapping
from typing import Any, Self

CLIENT_ERRORS = range(400, 500)


class ClrError(Exception):
    """Base of all errors of this package."""


class ProblemError(ClrError):
    """The server answered with a problem (RFC 9457). As text: one line, then one for each field at fault.

    Attributes:
        status: HTTP status code.
        code: Stable, machine-readable name of the problem.
        title: One line, the same for every problem of this code.
        detail: Description of this occurrence.
        errors: One mapping (``pointer``, ``code``, ``detail``) for each field at fault.
        request_id: Id of the request, for questions to the operator.
        retry_after_s: Seconds to wait before a retry, if the server said so.
        problem: The whole document.
    """

    def __init__(self, status: int, problem: Mapping[str, Any], retry_after_s: float | None = None) -> None:
        self.status = status
        self.retry_after_s = retry_after_s
        self.code = str(problem.get("code") or "unknown")
        self.title = str(problem.get("title") or f"HTTP {status}")
        self.detail = str(problem.get("detail") or "")
        self.request_id = problem.get("request_id")
        self.errors: list[Mapping[str, Any]] = list(problem.get("errors") or [])
        self.problem = dict(problem)
        field_lines = [f"  {error.get('pointer') or '(body)'}: {error.get('detail', '')}" for error in self.errors]
        is_told_below = any(str(error.get("detail")) in self.detail for error in self.errors)
        detail = f": {self.detail}" if self.detail and not is_told_below else ""
        super().__init__("\n".join([f"{self.title} ({status} {self.code}){detail}", *field_lines]))

    @property
    def is_client_error(self) -> bool:
        """Whether the request was at fault, not the server."""
        return self.status in CLIENT_ERRORS


class ServerUnreachableError(ClrError):
    """No usable answer from the server's address."""

    @classmethod
    def at(cls, url: str, cause: str) -> Self:
        """Return the error with address, cause and advice."""
        return cls(
            f"No answer from {url} ({cause}).\n"
            "Start a server with `clr up`, or name a running one with --url or CLR_URL."
        )

    @classmethod
    def unlike_ours(cls, url: str, status: int, media_type: str) -> Self:
        """Return the error of an address where another program answers."""
        return cls(
            f"{url} answered {status} with {media_type or 'no media type'} where JSON was expected; "
            "is it a clr-service?"
        )


class UsageError(ClrError):
    """The request is invalid; nothing was sent."""


class AddressError(UsageError):
    """The server's address is invalid."""


class KeyUsageError(UsageError):
    """The API key is malformed."""


class WaitTimeoutError(ClrError):
    """A job did not end within the caller's time limit."""


class JobFailedError(ClrError):
    """A job failed or was cancelled; the text says why.

    Attributes:
        job: Its document.
    """

    def __init__(self, message: str, job: Mapping[str, Any]) -> None:
        self.job = job
        super().__init__(message)


class MissingPackageError(UsageError):
    """An optional package that this call needs is not installed."""

    @classmethod
    def of(cls, package: str, extra: str) -> Self:
        """Return the error with the package's name and the command that installs it."""
        return cls(f"This needs {package}, which is not installed: pip install 'clr-client[{extra}]'")


class StackError(ClrError):
    """A service of the local stack did not start, or died."""


class StackUsageError(StackError, UsageError):
    """The stack cannot start as asked: the port is taken, the folder is in use, a package is missing."""


class StackInterruptedError(StackError):
    """The stack was stopped while it started."""
