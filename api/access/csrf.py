"""Rejects cross-site requests, which a browser sends without its user's intent."""

from urllib.parse import urlsplit

from starlette.requests import Request

from api.access.policy import Policy
from api.http.problems import RefusedError

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


def assert_same_origin(request: Request, policy: Policy) -> None:
    """Reject cross-site requests of browsers. Other clients send neither header and are not affected.

    Raises:
        RefusedError: The request comes from another site's page or names another host.
    """
    host = request.headers.get("host", "")
    if policy.hosts is not None and _name_of(host) not in policy.hosts:
        raise RefusedError(403, "unknown_host", "without keys this server serves its loopback address only")
    if request.method in SAFE_METHODS:
        return
    origin = request.headers.get("origin")
    if request.headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
        raise RefusedError(403, "cross_origin", "this request comes from another site's page")
    if origin is not None and _netloc(origin) != host.lower():
        raise RefusedError(403, "cross_origin", "this request comes from another site's page")


def _name_of(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _netloc(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""
