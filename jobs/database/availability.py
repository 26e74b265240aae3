"""Reasons why the database refuses a write: no space, read-only, or no answer. They may pass, so writes are retried."""

from sqlalchemy.exc import DBAPIError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

# The second is PostgreSQL's error if it is read-only; the third means that all connections wait for an answer.
PASSING = (OperationalError, InternalError, PoolTimeoutError)

_READ_ONLY_STATE = "25006"  # SQLSTATE read_only_sql_transaction
_FULL_STATES = ("53100", "53200")  # disk_full, out_of_memory


def storage_fault(error: DBAPIError) -> tuple[str, str] | None:
    """Return a code and a sentence for an operator; None if the error is not about storage."""
    said, state = str(error.orig), getattr(error.orig, "sqlstate", None)
    if state in _FULL_STATES or "disk is full" in said:
        return "storage_full", "the database has no room left: nothing was stored; free space and try again"
    if state == _READ_ONLY_STATE or "readonly database" in said:
        return "storage_read_only", "the database is read-only: nothing was stored; make it writable and try again"
    if isinstance(error, OperationalError):
        return "database_unavailable", "the database does not answer: nothing was stored; try again"
    return None
