"""Requests that are turned away before any route sees them."""

import math


class RefusedError(Exception):
    """A request is turned away with a problem document.

    Args:
        status: HTTP status.
        code: Name of the problem.
        detail: What is wrong and what to do.
        retry_after_s: When to ask again.
    """

    def __init__(self, status: int, code: str, detail: str, retry_after_s: float | None = None) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail
        self.headers: dict[str, str] = {}
        if status == 401:  # noqa: PLR2004 - HTTP
            self.headers["WWW-Authenticate"] = 'Bearer realm="clr-service"'
        if retry_after_s is not None:
            self.headers["Retry-After"] = str(max(1, math.ceil(retry_after_s)))


def too_many(retry_after_s: float) -> RefusedError:
    """The caller asks too often."""
    return RefusedError(429, "too_many_requests", "you ask too often; see Retry-After", retry_after_s)
