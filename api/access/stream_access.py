"""Checks that the caller of an open stream may still read it: keys are revoked and sessions end meanwhile."""

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

CHECK_S: Final = 4.5  # a stream wakes every 5 s, so that each time it is due


class StreamAccess:
    """Asks the database about a caller again, but not more often than every few seconds.

    Args:
        caller: Who opened the stream.
        database: Where keys and sessions are.
        settings: Where the key of the environment is.
        check_s: Seconds between two looks.
    """

    def __init__(self, caller: Caller, database: Database, settings: Settings, check_s: float = CHECK_S) -> None:
        self._caller, self._database, self._settings, self._check_s = caller, database, settings, check_s
        self._asked = time.monotonic()

    async def refusal(self) -> RefusedError | None:
        """Why the stream must end; None where it may go on, or where it is too early to ask again."""
        now = time.monotonic()
        if self._caller.key_id is None or now - self._asked < self._check_s:
            return None
        self._asked = now
        try:
            await run_in_threadpool(self._ask)
        except RefusedError as error:
            return error
        except SQLAlchemyError:  # streams outlive a database that does not answer for a while
            log.warning("the database did not say whether a stream may go on", exc_info=True)
        return None

    def _ask(self) -> None:
        caller = self._caller
        token = caller.session_token
        if token is not None and api_keys.key_of_session(self._database, token) is None:
            raise RefusedError(401, "session_ended", "this session has ended; log in again")
        with_key(caller.key_sha256, self._database, self._settings, token)
