"""API keys and web sessions: create, find, revoke. Secrets are shown once and stored as SHA-256 only.

A fast hash is enough: a key has 256 random bits and cannot be guessed. Password hashes are slow because passwords can
be guessed, and would slow down every request.
"""

import hashlib
import hmac
import logging
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from jobs.database import queries
from jobs.database.availability import PASSING
from jobs.database.session import Database, db_now
from jobs.database.tables.service import ApiKey, WebSession
from jobs.errors import KeyNotFoundError

log = logging.getLogger(__name__)

PREFIX = "clr_"
SECRET_BYTES = 32
TOUCH_EVERY_S = 60.0
_KEY_ID = re.compile(r"key_[0-9a-f]{16}")


class Scope(StrEnum):
    """What a key permits. Each scope includes those before it."""

    READ = "read"
    SUBMIT = "submit"
    ADMIN = "admin"

    def includes(self, other: "Scope") -> bool:
        """Return whether this scope permits what ``other`` permits."""
        order = list(Scope)
        return order.index(self) >= order.index(other)


@dataclass(frozen=True, slots=True)
class NewKey:
    """A new key. ``secret`` is what its user sends; it is stored nowhere."""

    row: ApiKey
    secret: str


def digest(secret: str) -> str:
    """Return the SHA-256 of a secret in hex: only this is stored."""
    return hashlib.sha256(secret.encode(errors="surrogateescape")).hexdigest()


def create(
    database: Database, *, name: str, scope: Scope, owner: str | None = None, expires_in_s: float | None = None
) -> NewKey:
    """Make a key.

    Args:
        database: The database to write to.
        name: A name for people to read.
        scope: What the key permits.
        owner: The owner of its jobs; ``name`` if None. Keys of one owner see each other's jobs.
        expires_in_s: Seconds until it expires; None for never.
    """
    secret = PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    with database.write() as session:
        now = queries.now(session)
        row = ApiKey(
            id=f"key_{secrets.token_hex(8)}", key_sha256=digest(secret), name=name, owner=owner or name, scope=scope,
            created_at=now, expires_at=None if expires_in_s is None else now + expires_in_s,
        )  # fmt: skip
        session.add(row)
    return NewKey(row, secret)


def all_keys(session: Session) -> Sequence[ApiKey]:
    """Return all keys from old to new, expired and revoked ones too."""
    return session.scalars(select(ApiKey).order_by(ApiKey.created_at, ApiKey.id)).all()


def revoke(database: Database, key_id: str) -> ApiKey:
    """Revoke a key and the web sessions that began with it. Doing it twice is harmless.

    Raises:
        KeyNotFoundError: There is no such key.
    """
    with database.write() as session:
        row = session.get(ApiKey, key_id) if _KEY_ID.fullmatch(key_id) else None
        if row is None:
            raise KeyNotFoundError(key_id)
        if row.revoked_at is None:
            row.revoked_at = queries.now(session)
        session.execute(delete(WebSession).where(WebSession.key_sha256 == row.key_sha256))
    return row


def find(database: Database, key_sha256: str) -> ApiKey | None:
    """Return the live key with this hash. Note its use at most once a minute, without waiting for a lock."""
    with database.read() as session:
        now = queries.now(session)
        row = session.scalar(
            select(ApiKey).where(
                ApiKey.key_sha256 == key_sha256,
                ApiKey.revoked_at.is_(None),
                or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > now),
            )
        )
    if row is None or not hmac.compare_digest(row.key_sha256, key_sha256):
        return None
    if row.last_used_at is None or row.last_used_at < now - TOUCH_EVERY_S:
        _touch(database, row.id, now)
    return row


def _touch(database: Database, key_id: str, now: float) -> None:
    """Note the use of a key. Reads must work when writes do not, so it waits for no lock and only logs a failure."""
    stale = or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at < now - TOUCH_EVERY_S)
    try:
        with database.write(wait_s=0.0) as session:
            this = select(ApiKey.id).where(ApiKey.id == key_id, stale).with_for_update(skip_locked=True)
            if session.scalar(this) is not None:
                session.execute(update(ApiKey).where(ApiKey.id == key_id).values(last_used_at=now))
    except PASSING:
        log.info("%s: its time of use is not updated: the database takes no write now", key_id)


def has_admin(database: Database) -> bool:
    """Return whether a live key has the scope ``admin``."""
    with database.read() as session:
        alive = or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > db_now())
        query = select(ApiKey.id).where(ApiKey.scope == Scope.ADMIN, ApiKey.revoked_at.is_(None), alive).limit(1)
        return session.scalar(query) is not None


def begin_session(database: Database, key_sha256: str, *, ttl_s: float) -> str:
    """Begin a web session for a browser that has sent a key.

    Returns:
        The session's token, for its cookie.
    """
    token = secrets.token_urlsafe(SECRET_BYTES)
    with database.write() as session:
        now = queries.now(session)
        session.execute(delete(WebSession).where(WebSession.expires_at < now))
        session.add(
            WebSession(token_sha256=digest(token), key_sha256=key_sha256, created_at=now, expires_at=now + ttl_s)
        )
    return token


def end_session(database: Database, token: str) -> None:
    """End a web session. A session that has ended already is no error."""
    with database.write() as session:
        session.execute(delete(WebSession).where(WebSession.token_sha256 == digest(token)))


def key_of_session(database: Database, token: str) -> str | None:
    """Return the hash of the key that a live session began with."""
    with database.read() as session:
        return session.scalar(
            select(WebSession.key_sha256).where(
                WebSession.token_sha256 == digest(token), WebSession.expires_at > db_now()
            )
        )


def csrf_token(session_token: str) -> str:
    """Return the CSRF token that a page sends with the session cookie. Only a reader of page or cookie knows it."""
    return hmac.new(session_token.encode(), b"csrf", hashlib.sha256).hexdigest()
