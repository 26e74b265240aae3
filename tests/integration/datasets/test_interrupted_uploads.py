"""Uploads that end in the middle, against a running API."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from jobs.database.session import Database
from migrations.run import upgrade
from tests.api_requests import dead_port
from tests.archives import LEGAL, files_in


@pytest.fixture
def running_api(tmp_path: Path) -> Iterator[tuple[int, Path, "subprocess.Popen[bytes]"]]:
    """A real server: its port, its data folder and its process."""
    database = Database(f"sqlite:///{tmp_path / 'clr.sqlite3'}")
    upgrade(database)
    database.close()
    port = dead_port()
    environment = os.environ | {"CLR_DATA_DIR": str(tmp_path), "CLR_BROKER_URL": f"redis://127.0.0.1:{dead_port()}/0"}
    command = [sys.executable, "-m", "api", "--port", str(port)]
    with subprocess.Popen(command, env=environment, cwd=Path(__file__).parents[3]) as process:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                time.sleep(0.05)
        yield port, tmp_path, process
        process.terminate()


def exchange(port: int, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request + b"Connection: close\r\n\r\n")
        answer = b""
        while part := connection.recv(65_536):
            answer += part
    return answer


def begun(port: int, header: bytes, body: bytes) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    connection.sendall(b"POST /v1/datasets HTTP/1.1\r\nHost: localhost\r\n" + header + b"\r\n\r\n" + body)
    return connection


def open_uploads(process: "subprocess.Popen[bytes]", folder: Path) -> list[str]:
    """Files without a name that the server holds open in its folder for uploads."""
    links = []
    for path in Path(f"/proc/{process.pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed in the meantime
            links.append(str(path.readlink()))
    return [link for link in links if link.startswith(str(folder))]


def wait_for(process: "subprocess.Popen[bytes]", folder: Path, count: int) -> None:
    deadline = time.monotonic() + 10
    while len(open_uploads(process, folder)) != count:
        assert time.monotonic() < deadline, open_uploads(process, folder)
        time.sleep(0.02)


@pytest.mark.parametrize("reset", [True, False], ids=["reset", "closed"])
@pytest.mark.parametrize("chunked", [True, False], ids=["chunked", "declared"])
def test_an_upload_that_is_cut_off_leaves_nothing(
    running_api: tuple[int, Path, "subprocess.Popen[bytes]"], chunked: bool, reset: bool
) -> None:
    port, folder, process = running_api
    part = LEGAL[: len(LEGAL) // 2] + bytes(2_000_000)
    connection = (
        begun(port, b"Transfer-Encoding: chunked", b"%x\r\n" % (len(part) + 1_000_000) + part)
        if chunked
        else begun(port, b"Content-Length: %d" % (len(part) + 1_000_000), part)
    )
    wait_for(process, folder / "uploads", 1)
    if reset:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    connection.close()
    wait_for(process, folder / "uploads", 0)
    assert files_in(folder / "uploads", folder / "artifacts") == []
    listed = exchange(port, b"GET /v1/datasets HTTP/1.1\r\nHost: localhost\r\n")
    assert b'"builtin"' in listed
    assert b'"uploaded"' not in listed
    whole = b"POST /v1/datasets HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(
        LEGAL
    )
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(whole + LEGAL)
        assert connection.recv(65_536).startswith(b"HTTP/1.1 201")


def test_a_server_that_is_killed_during_an_upload_leaves_nothing(
    running_api: tuple[int, Path, "subprocess.Popen[bytes]"],
) -> None:
    port, folder, process = running_api
    connection = begun(port, b"Content-Length: 9000000", bytes(3_000_000))
    wait_for(process, folder / "uploads", 1)
    process.kill()
    process.wait()
    connection.close()
    assert files_in(folder / "uploads", folder / "artifacts") == []
