"""Identifies the caller by the key in ``Authorization: Bearer`` or by the session cookie."""

import hmac
from dataclasses import dataclass

from starlette.requests import Request

from api.http.problems import RefusedError
from jobs.config.settings import Settings
from jobs.database import api_keys
from jobs.database.api_keys import Scope
from jobs.database.row_filter import RowFilter
from jobs.database.session import Database

COOKIE = "clr_session"
BOOTSTRAP_ID = "key_of_the_environment"
BOOTSTRAP_OWNER = "admin"
MOST_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Caller:
    """The sender of a request. ``key_id`` and ``owner`` are None if the server requires no key."""

    key_id: str | None
    owner: str | None
    scope: Scope
    key_sha256: str = ""
    session_token: str | None = None

    def row_filter(self, settings: Settings) -> RowFilter:
        """The rows that this caller may see."""
        return RowFilter(
            self.owner, sees_all=self.scope is Scope.ADMIN, max_unfinished_jobs=settings.max_unfinished_jobs,
            image_limits=settings.image_limits,
        )  # fmt: skip


ANYBODY = Caller(None, None, Scope.ADMIN)  # on a loopback bind without keys
NOBODY = RowFilter(None, sees_all=False)


def caller_of(request: Request, database: Database, settings: Settings) -> Caller:
    """Identify the caller of a request.

    Raises:
        RefusedError: The request has no key or session, or an invalid one.
    """
    secrets = request.headers.getlist("authorization")
    token = request.cookies.get(COOKIE)
    if len(secrets) > 1:
        raise RefusedError(401, "invalid_key", "the request must have exactly one Authorization header")
    if secrets:
        scheme, _, secret = secrets[0].partition(" ")
        if scheme.lower() != "bearer" or not 0 < len(secret) <= MOST_CHARACTERS:
            raise RefusedError(401, "invalid_key", "Authorization must have the form: Bearer KEY")
        return with_key(api_keys.digest(secret), database, settings)
    if token and len(token) <= MOST_CHARACTERS:
        key_sha256 = api_keys.key_of_session(database, token)
        if key_sha256 is None:
            raise RefusedError(401, "session_ended", "this session has ended; log in again")
        return with_key(key_sha256, database, settings, token)
    raise RefusedError(401, "key_required", "this server requires a key: send Authorization: Bearer KEY")


def with_key(key_sha256: str, database: Database, settings: Settings, token: str | None = None) -> Caller:
    """The caller whose key has this hash.

    Raises:
        RefusedError: The key is unknown, expired or revoked.
    """
    bootstrap = settings.admin_key
    if bootstrap and hmac.compare_digest(api_keys.digest(bootstrap.get_secret_value()), key_sha256):
        return Caller(BOOTSTRAP_ID, BOOTSTRAP_OWNER, Scope.ADMIN, key_sha256, token)
    row = api_keys.find(database, key_sha256)
    if row is None:
        raise RefusedError(401, "invalid_key", "this key is unknown, expired or revoked")
    return Caller(row.id, row.owner, Scope(row.scope), key_sha256, token)
