"""A database that commits but loses the response, in the driver or on the connection."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Self

from sqlalchemy import make_url

from jobs.database.session import Database


@contextmanager
def lost_answers(database: Database, count: int = 1) -> Iterator[list[None]]:
    """Have the next ``count`` commits succeed and raise all the same; the list has an entry for each."""
    dialect, lost = database.engine.dialect, list[None]()
    commit = dialect.do_commit

    def do_commit(connection: Any) -> None:
        commit(connection)
        if len(lost) < count:
            lost.append(None)
            raise dialect.loaded_dbapi.OperationalError("server closed the connection unexpectedly")

    dialect.do_commit = do_commit  # type: ignore[assignment, method-assign]
    try:
        yield lost
    finally:
        del dialect.do_commit


class Proxy:
    """A line to a real PostgreSQL, on loopback, that is cut when a COMMIT was answered and the answer is on its way.

    Attributes:
        to_lose: How many such answers are still to be lost.
    """

    def __init__(self, url: str) -> None:
        self._url = make_url(url)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.to_lose = 0
        self._ends: list[socket.socket] = [self._listening]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for end in self._ends:
            _close(end)

    @property
    def url(self) -> str:
        """The database, through this line."""
        port = self._listening.getsockname()[1]
        query = {"sslmode": "disable", "gssencmode": "disable"}
        reached = self._url.set(host="127.0.0.1", port=port, query=query)
        return reached.render_as_string(hide_password=False)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            server = self._connect()
            self._ends += [client, server]
            commits = threading.Event()
            for source, target in ((client, server), (server, client)):
                threading.Thread(target=self._pass_on, args=(source, target, client, commits), daemon=True).start()

    def _connect(self) -> socket.socket:
        folder = self._url.query.get("host", self._url.host)
        if isinstance(folder, str) and folder.startswith("/"):
            server = socket.socket(socket.AF_UNIX)
            server.connect(f"{folder}/.s.PGSQL.{self._url.port or 5432}")
            return server
        return socket.create_connection((self._url.host or "127.0.0.1", self._url.port or 5432))

    def _pass_on(
        self, source: socket.socket, target: socket.socket, client: socket.socket, commits: threading.Event
    ) -> None:
        try:
            while data := source.recv(1 << 16):
                if source is client and self.to_lose and b"COMMIT" in data:
                    commits.set()
                elif source is not client and commits.is_set():
                    self.to_lose -= 1
                    break
                target.sendall(data)
        except OSError:
            pass
        _close(source)
        _close(target)


def _close(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
