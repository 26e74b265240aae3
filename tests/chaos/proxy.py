"""A proxy before the database, with a port for each part of the stack, that can fall silent or lose an answer."""

import selectors
import socket
import struct
import threading
import time
from contextlib import suppress
from dataclasses import dataclass

HOST = "127.0.0.1"
COMMIT = b"COMMIT\x00"  # as libpq says it, without parameters
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: closed with RST
_CHUNK = 1 << 16
_POLL_S = 0.05


@dataclass(slots=True, eq=False)
class _Way:
    """One of the two directions of a connection."""

    part: str
    reader: socket.socket
    writer: socket.socket
    asks: bool  # from the client to the server
    back: "_Way | None" = None
    marked: bool = False  # the needle was seen in this transaction
    swallows: bool = False  # the next answer is lost, with the connection


class Proxy(threading.Thread):
    """Carries bytes from one port for each part to a server at a Unix socket."""

    def __init__(self, target: str) -> None:
        super().__init__(name="proxy", daemon=True)
        self._target = target
        self._selector = selectors.DefaultSelector()
        self._lock = threading.Lock()
        self._ways: list[_Way] = []
        self._silent: dict[str, tuple[float, bool]] = {}  # part: until when, and whether connections break then
        self._lossy: tuple[bytes, int] = (b"", 0)
        self._ended = threading.Event()
        self.lost = 0

    def open_port(self, part: str) -> int:
        """A port for a part."""
        listener = socket.create_server((HOST, 0), backlog=100)
        with self._lock:
            self._selector.register(listener, selectors.EVENT_READ, part)
        return int(listener.getsockname()[1])

    def fall_silent(self, parts: list[str], seconds: float, *, breaks: bool) -> None:
        """Carry nothing for these parts for a while; then go on, or reset the connections that were open."""
        with self._lock:
            self._silent |= {part: (time.monotonic() + seconds, breaks) for part in parts}

    def lose_answers(self, needle: bytes, count: int) -> None:
        """Lose the answers to the next commits of transactions in which the needle was sent."""
        with self._lock:
            self._lossy = (needle, count)

    def run(self) -> None:
        """Carry until `close`."""
        while not self._ended.is_set():
            self._wake()
            events = self._selector.select(_POLL_S)
            with self._lock:
                silent = set(self._silent)
            for key, _ in events:
                part = key.data if isinstance(key.data, str) else key.data.part
                if part in silent:
                    continue
                try:
                    self._accept(key.fileobj, part) if isinstance(key.data, str) else self._carry(key.data)  # type: ignore[arg-type]
                except OSError:
                    self._drop(key.data)
            if silent:
                time.sleep(_POLL_S / 5)  # what is not read stays readable

    def close(self) -> None:
        """End the thread and all connections."""
        self._ended.set()
        self.join()
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]
        self._selector.close()

    def _wake(self) -> None:
        with self._lock:
            over = {part: breaks for part, (until, breaks) in self._silent.items() if until <= time.monotonic()}
            for part in over:
                del self._silent[part]
        for way in [way for way in self._ways if over.get(way.part)]:
            self._drop(way)

    def _accept(self, listener: socket.socket, part: str) -> None:
        client, _ = listener.accept()
        server = socket.socket(socket.AF_UNIX)
        try:
            server.connect(self._target)
        except OSError:
            client.close()  # the server is down
            return
        ways = _Way(part, client, server, asks=True), _Way(part, server, client, asks=False)
        ways[0].back, ways[1].back = ways[1], ways[0]
        for way in ways:
            self._selector.register(way.reader, selectors.EVENT_READ, way)
            self._ways.append(way)

    def _carry(self, way: _Way) -> None:
        if way not in self._ways:
            return
        chunk = way.reader.recv(_CHUNK)
        if not chunk or way.swallows:
            self.lost += way.swallows
            self._drop(way)
            return
        if way.asks:
            self._look(way, chunk)
        way.writer.sendall(chunk)

    def _look(self, way: _Way, chunk: bytes) -> None:
        with self._lock:
            needle, left = self._lossy
            way.marked = way.marked or needle in chunk
            if COMMIT not in chunk:
                return
            if left and way.marked and way.back is not None:
                way.back.swallows = True
                self._lossy = (needle, left - 1)
            way.marked = False

    def _drop(self, way: _Way) -> None:
        for each in (way, way.back):
            if each in self._ways:
                self._ways.remove(each)
                with suppress(OSError, KeyError, ValueError):
                    self._selector.unregister(each.reader)
                with suppress(OSError):
                    each.reader.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                each.reader.close()
