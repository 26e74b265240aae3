"""Decides once, when the API starts, whether it requires keys. Without keys it serves only this machine."""

from dataclasses import dataclass
from ipaddress import ip_address

from sqlalchemy.exc import SQLAlchemyError

from jobs.config.settings import Settings
from jobs.database import api_keys
from jobs.database.session import Database

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
HOW_TO = (
    "Create a first key with `python -m api keys create --name NAME --scope admin` (it is printed once),\n"
    "or set CLR_ADMIN_KEY to a secret of at least 32 characters; or listen on 127.0.0.1."
)


class AccessPolicyError(Exception):
    """The API would be open to other machines without a key, or nobody could use it."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Whether the API requires keys.

    Attributes:
        key_required: Whether requests need a key.
        hosts: Host names that requests may use; None for any. Without keys, this protects against DNS rebinding: a
            page of another site whose host name resolves to this machine.
    """

    key_required: bool
    hosts: frozenset[str] | None = None


def embedded(settings: Settings) -> Policy:
    """The policy of an app whose address is chosen elsewhere: keys are required if the settings say so."""
    return Policy(key_required=settings.auth if settings.auth is not None else settings.admin_key is not None)


def policy_for(host: str, settings: Settings, database: Database) -> Policy:
    """The policy of a server that listens on ``host``.

    Raises:
        AccessPolicyError: Other machines could reach the server without a key, or no key exists yet.
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
