"""A TCP proxy on loopback that can stop forwarding while its connections stay open."""

import contextlib
import socket
import threading
from typing import Self


class BlockingProxy:
    """Forwards to a server on loopback; after `swallow` it drops all bytes and resets no connection."""

    def __init__(self, connect: tuple[str, int] | str) -> None:
        self._target = connect
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._sockets: list[socket.socket] = []
        self._is_open = threading.Event()
        self._is_open.set()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_open.set()
        for each in (self._listener, *self._sockets):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        for thread in self._threads:
            thread.join()

    def swallow(self) -> None:
        """Hand nothing on from now on."""
        self._is_open.clear()

    def _accept(self) -> None:
        while True:
            try:
                client = self._listener.accept()[0]
                server = self._dial()
            except OSError:
                return
            self._sockets += [client, server]
            for pair in ((client, server), (server, client)):
                self._threads.append(threading.Thread(target=self._hand_on, args=pair, daemon=True))
                self._threads[-1].start()

    def _dial(self) -> socket.socket:
        if isinstance(self._target, tuple):
            return socket.create_connection(self._target)
        server = socket.socket(socket.AF_UNIX)
        server.connect(self._target)
        return server

    def _hand_on(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self._is_open.wait()
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)
