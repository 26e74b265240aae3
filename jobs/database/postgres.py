"""Connections to PostgreSQL with a timeout for every wait, even if the host is gone or does not answer."""

import math
import time
from collections.abc import Callable, Generator
from typing import Any, Final

import psycopg
from sqlalchemy import Engine, create_engine, event

_CONNECT_S: Final = 5.0
_LATE_S: Final = 2.0  # extra time for the server to report its own statement timeout
_KEEPALIVE: Final = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3}


class _Bounded(psycopg.Connection[Any]):
    """A connection with a timeout for every exchange; a timeout closes it, since its state is then unknown.

    TCP alone does not detect a proxy that accepts bytes but forwards none, or a stopped server.
    """

    answer_s: float = math.inf

    def wait(self, gen: Any, *args: Any, **options: Any) -> Any:
        """Run an exchange until it ends, as psycopg does, but for at most ``answer_s``."""
        return super().wait(self._in_time(gen, time.monotonic() + self.answer_s), *args, **options)

    def _in_time(self, gen: Generator[Any, Any, Any], until: float) -> Generator[Any, Any, Any]:
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                if not ready and time.monotonic() > until:  # psycopg wakes up every 0.1 s if nothing arrives
                    self.close()
                    raise psycopg.OperationalError(f"the database gave no answer in {self.answer_s:g} s")
                wanted = gen.send(ready)
        except StopIteration as end:
            return end.value


def engine_of(url: str, timeout_s: float | None, **pool: Any) -> Engine:
    """Return an engine with a statement timeout of ``timeout_s``; None for no timeout, as for migrations."""
    if timeout_s is None:
        return create_engine(url, pool_pre_ping=True, **pool)
    connect_args: dict[str, Any] = {
        "connect_timeout": math.ceil(min(timeout_s, _CONNECT_S)), "tcp_user_timeout": round(timeout_s * 1000),
        **_KEEPALIVE,
    }  # fmt: skip
    engine = create_engine(url, pool_pre_ping=True, pool_timeout=timeout_s, connect_args=connect_args, **pool)
    event.listen(engine, "do_connect", _connector(timeout_s))
    return engine


def _connector(timeout_s: float) -> Callable[..., Any]:
    def connect(_dialect: Any, _record: Any, args: list[Any], options: dict[str, Any]) -> Any:
        connection = _Bounded.connect(*args, **options)
        connection.answer_s = timeout_s + _LATE_S
        milliseconds = round(timeout_s * 1000)
        for name in ("statement_timeout", "idle_in_transaction_session_timeout"):
            connection.execute(f"SET {name} = {milliseconds}")
        connection.commit()
        return connection

    return connect
