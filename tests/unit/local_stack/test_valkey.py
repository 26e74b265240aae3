import os
import socket
from pathlib import Path
from threading import Event

import psutil

from local_stack.valkey import Valkey
from tests.unit.local_stack.test_child_process import eventually


def test_valkey_starts_answers_keeps_its_address_and_ends(tmp_path: Path) -> None:
    valkey = Valkey(dict(os.environ), tmp_path)
    for _ in range(2):
        valkey.child.start()
        try:
            assert eventually(valkey.answers)
            assert valkey.child.pid is not None
            command = " ".join(psutil.Process(valkey.child.pid).cmdline())
        finally:
            valkey.child.stop(2.0, Event())
        assert valkey.url.split("@")[0].removeprefix("redis://:") not in command
        assert not valkey.answers()
    assert [path.name for path in tmp_path.iterdir()] == ["valkey.log"]


def test_valkey_refuses_who_has_no_password(tmp_path: Path) -> None:
    valkey = Valkey(dict(os.environ), tmp_path)
    valkey.child.start()
    try:
        assert eventually(valkey.answers)
        with socket.create_connection(("127.0.0.1", valkey.port)) as connection:
            connection.sendall(b"PING\r\n")
            assert connection.recv(100).startswith(b"-NOAUTH")
    finally:
        valkey.child.stop(2.0, Event())
