"""Connections to PostgreSQL with a timeout for every wait, also if the host is gone or does not answer."""

import math
import time
from collections.abc import Callable, Generator
from typing import Any, Final

import psycopg
from sqlalchemy import Engine, create_engine, event

_CONNECT_S: Final = 5.0
_LATE_S: Final = 2.0  # what the server has on top to say itself that a statement took too long
_KEEPALIVE: Final = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3}


class _Bounded(psycopg.Connection[Any]):
    """Ends every exchange with the server that takes too long, and with it the connection: nothing more is known of it.

    TCP alone does not notice a proxy that takes bytes and hands none on, or a server that is stopped.
    """

    answer_s: float = math.inf

    def wait(self, gen: Any, *args: Any, **options: Any) -> Any:
        """Go on with an exchange until it ends, as psycopg does, but not for longer than ``answer_s``."""
        return super().wait(self._in_time(gen, time.monotonic() + self.answer_s), *args, **options)

    def _in_time(self, gen: Generator[Any, Any, Any], until: float) -> Generator[Any, Any, Any]:
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                if not ready and time.monotonic() > until:  # psycopg looks up every 0.1 s where nothing comes
                    self.close()
                    raise psycopg.OperationalError(f"the database gave no answer in {self.answer_s:g} s")
                wanted = gen.send(ready)
        except StopIteration as end:
            return end.value


def engine_of(url: str, timeout_s: float | None, **pool: Any) -> Engine:
    """An engine whose statements take ``timeout_s`` at most; None for as long as they like, as migrations do."""
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
