"""Checks that the caller of an open stream may still read it: a key may be revoked, a session may end."""

import logging
import time
from typing import Final

from fastapi.concurrency import run_in_threadpool
from sqlalchemy.exc import SQLAlchemyError

from api.access.caller import Caller, with_key
from api.http.problems import RefusedError
from jobs.config.settings import Settings
from jobs.database import api_keys
from jobs.database.session import Database

log = logging.getLogger(__name__)

CHECK_S: Final = 4.5  # a stream wakes every 5 s, so each time a check is due


class StreamAccess:
    """Authenticates a caller again, at most once every few seconds.

    Args:
        caller: The caller who opened the stream.
        database: Stores keys and sessions.
        settings: Has the key from the environment.
        check_s: Seconds between two checks.
    """

    def __init__(self, caller: Caller, database: Database, settings: Settings, check_s: float = CHECK_S) -> None:
        self._caller, self._database, self._settings, self._check_s = caller, database, settings, check_s
        self._asked = time.monotonic()

    async def refusal(self) -> RefusedError | None:
        """Return why the stream must end; None if it may go on or the next check is not due."""
        now = time.monotonic()
        if self._caller.key_id is None or now - self._asked < self._check_s:
            return None
        self._asked = now
        try:
            await run_in_threadpool(self._ask)
        except RefusedError as error:
            return error
        except SQLAlchemyError:  # streams survive a database outage
            log.warning("the caller of a stream could not be checked in the database", exc_info=True)
        return None

    def _ask(self) -> None:
        caller = self._caller
        token = caller.session_token
        if token is not None and api_keys.key_of_session(self._database, token) is None:
            raise RefusedError(401, "session_ended", "this session has ended; log in again")
        with_key(caller.key_sha256, self._database, self._settings, token)
