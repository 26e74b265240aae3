"""API keys and web sessions: create, find, revoke. Secrets are shown once and stored as SHA-256 only.

A fast hash is enough here: a key holds 256 random bits, so there is nothing to guess and nothing to slow down. Password
hashes are slow because passwords are guessable, and would cost every request their slowness.
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
    """What a key is good for. Each scope includes those before it."""

    READ = "read"
    SUBMIT = "submit"
    ADMIN = "admin"

    def includes(self, other: "Scope") -> bool:
        """Whether whoever has this scope may do what needs ``other``."""
        order = list(Scope)
        return order.index(self) >= order.index(other)


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made; ``secret`` is what its user sends, and is nowhere else."""

    row: ApiKey
    secret: str


def digest(secret: str) -> str:
    """SHA-256 of a secret in hex: all that is stored of it."""
    return hashlib.sha256(secret.encode(errors="surrogateescape")).hexdigest()


def create(
    database: Database, *, name: str, scope: Scope, owner: str | None = None, expires_in_s: float | None = None
) -> NewKey:
    """Make a key.

    Args:
        database: Where to.
        name: For people.
        scope: What it is good for.
        owner: To whom its jobs belong; ``name`` if it is None. Keys of one owner see each other's jobs.
        expires_in_s: Seconds until it ends; None for never.
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


def everything(session: Session) -> Sequence[ApiKey]:
    """All keys, from old to new, ended ones too."""
    return session.scalars(select(ApiKey).order_by(ApiKey.created_at, ApiKey.id)).all()


def revoke(database: Database, key_id: str) -> ApiKey:
    """End a key and the web sessions that began with it. To repeat it is harmless.

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
    """The live key with this hash; that it was used is noted at most once a minute, where nobody holds that up."""
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
    """Reading must go on where writing does not, so nothing here waits for a lock, and a failure is left at that."""
    stale = or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at < now - TOUCH_EVERY_S)
    try:
        with database.write(wait_s=0.0) as session:
            this = select(ApiKey.id).where(ApiKey.id == key_id, stale).with_for_update(skip_locked=True)
            if session.scalar(this) is not None:
                session.execute(update(ApiKey).where(ApiKey.id == key_id).values(last_used_at=now))
    except PASSING:
        log.info("%s: not noted that it was used: the database takes no write now", key_id)


def has_admin(database: Database) -> bool:
    """Whether some live key has the scope ``admin``."""
    with database.read() as session:
        alive = or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > db_now())
        query = select(ApiKey.id).where(ApiKey.scope == Scope.ADMIN, ApiKey.revoked_at.is_(None), alive).limit(1)
        return session.scalar(query) is not None


def begin_session(database: Database, key_sha256: str, *, ttl_s: float) -> str:
    """Let a browser in that has shown a key.

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
    """Let a browser out; one that is out already is no error."""
    with database.write() as session:
        session.execute(delete(WebSession).where(WebSession.token_sha256 == digest(token)))


def key_of_session(database: Database, token: str) -> str | None:
    """Hash of the key that a live session began with."""
    with database.read() as session:
        return session.scalar(
            select(WebSession.key_sha256).where(
                WebSession.token_sha256 == digest(token), WebSession.expires_at > db_now()
            )
        )


def csrf_token(session_token: str) -> str:
    """What a page must send beside the session's cookie: only who can read the page, or has the cookie, knows it."""
    return hmac.new(session_token.encode(), b"csrf", hashlib.sha256).hexdigest()
