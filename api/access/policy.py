"""Whether a key is asked for, decided once, when the API starts: without keys it serves this very machine only."""

from dataclasses import dataclass
from ipaddress import ip_address

from sqlalchemy.exc import SQLAlchemyError

from jobs.config.settings import Settings
from jobs.database import api_keys
from jobs.database.session import Database

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
HOW_TO = (
    "Make a first key with `python -m api keys create --name NAME --scope admin` (it is printed once),\n"
    "or set CLR_ADMIN_KEY to a secret of at least 32 characters; or listen on 127.0.0.1."
)


class AccessPolicyError(Exception):
    """Anybody could use the API from elsewhere, or nobody could use it at all."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Whether keys are asked for.

    Attributes:
        key_required: Whether requests need a key.
        hosts: Names by which the server may be addressed; None for any. Without keys it is what keeps pages of other
            sites out, whose own name was made to point at this machine (DNS rebinding).
    """

    key_required: bool
    hosts: frozenset[str] | None = None


def embedded(settings: Settings) -> Policy:
    """The policy of an app whose address somebody else chooses: keys where settings ask for them."""
    return Policy(key_required=settings.auth if settings.auth is not None else settings.admin_key is not None)


def policy_for(host: str, settings: Settings, database: Database) -> Policy:
    """The policy of a server that listens on ``host``.

    Raises:
        AccessPolicyError: Other machines could reach it and no key was asked for, or there is no key yet.
    """
    local = _is_loopback(host)
    if not local and settings.auth is False:
        raise AccessPolicyError(f"CLR_AUTH=false is for loopback only, and {host} is not. {HOW_TO}")
    wanted = settings.auth or settings.admin_key is not None or not local
    if not wanted:
        return Policy(key_required=False, hosts=LOOPBACK_NAMES | {host})
    if settings.admin_key is None and not _has_admin(database):
        raise AccessPolicyError(f"Nobody has a key yet, so the API will not listen on {host}.\n{HOW_TO}")
    return Policy(key_required=True)


def _has_admin(database: Database) -> bool:
    try:
        return api_keys.has_admin(database)
    except SQLAlchemyError:  # no tables yet, or no database
        return False


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
