"""A live server of the API, for tests of streams: FastAPI's test client returns a body only when it ends."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import uvicorn
from fastapi import FastAPI

TIMEOUT_S = 20.0


@contextmanager
def listening(app: FastAPI, trusted_proxies: str = "127.0.0.1") -> Iterator[httpx2.Client]:
    """A client of the app, which listens on a free port of the loopback address until the block ends."""
    config = uvicorn.Config(
        app, port=0, log_level="warning", timeout_graceful_shutdown=1, forwarded_allow_ips=trusted_proxies
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=TIMEOUT_S) as client:
        yield client
    server.should_exit = True
    thread.join(TIMEOUT_S)
    assert not thread.is_alive()
