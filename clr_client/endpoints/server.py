"""The server itself: workers, schedules, API keys, readiness."""

from collections.abc import Mapping
from typing import Any

from clr_client.transport.effects import Document, Program, Request
from clr_client.transport.retry import document_of, segment


def workers() -> Program[Document]:
    """Return the live workers: slots, devices, versions and jobs."""
    return document_of(Request("GET", "/v1/workers"))


def drain(name: str, *, draining: bool = True) -> Program[Document]:
    """Start or stop draining a worker: whether it takes new jobs."""
    return document_of(Request("POST", f"/v1/workers/{segment(name)}/drain", json={"draining": draining}))


def schedules() -> Program[Document]:
    """Return every schedule of the server, with a line of help and a JSON Schema."""
    return document_of(Request("GET", "/v1/schedules"))


def preview(spec: Mapping[str, Any]) -> Program[Document]:
    """Preview a schedule over a training: LR, momentum and batch size at its steps."""
    return document_of(Request("POST", "/v1/schedules:preview", json=spec))


def create_key(
    name: str, scope: str, owner: str | None = None, expires_in_s: float | None = None
) -> Program[Document]:  # fmt: skip
    """Create an API key (admins only); ``key`` is shown only once."""
    spec = {"name": name, "scope": scope, "owner": owner, "expires_in_s": expires_in_s}
    return document_of(Request("POST", "/v1/keys", json=spec, attempts=1))


def keys() -> Program[Document]:
    """Return all API keys (admins only), without the keys themselves."""
    return document_of(Request("GET", "/v1/keys"))


def revoke_key(key_id: str) -> Program[Document]:
    """Revoke an API key (admins only)."""
    return document_of(Request("DELETE", f"/v1/keys/{segment(key_id)}"))


def ready() -> Program[Document]:
    """Return the server's health checks.

    Raises:
        ProblemError: With status 503 if the database, the broker or a worker is missing.
        ServerUnreachableError: If no server answers.
    """
    return document_of(Request("GET", "/readyz", attempts=1))
