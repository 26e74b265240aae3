"""Hosts and ports: the default address of the service, loopback hosts, and ports that are free to listen on."""

import errno
import socket
from ipaddress import ip_address

from clr_client.errors import StackUsageError

DEFAULT_URL = "http://127.0.0.1:8000"  # where `clr up` is, unless it is told otherwise
WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - only looked up


def free_port(host: str) -> int:
    """Return a free port of ``host``."""
    return _bind(host, 0)


def claimable_port(host: str, port: int) -> int:
    """Return ``port`` if it is free (0: any free port).

    Raises:
        StackUsageError: If it cannot, with the reason.
    """
    return _bind(host, port)


def reachable(host: str) -> str:
    """Return a host at which this machine reaches a server that listens on ``host``."""
    return WILDCARDS.get(host, host)


def url_of(host: str, port: int) -> str:
    """Return the address of a server on this machine that listens on ``host`` and ``port``."""
    name = reachable(host)
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine, by its text only, without a name lookup."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _bind(host: str, port: int) -> int:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as server:
            # As in the API, so that connections of a previous run in TIME_WAIT do not block the port.
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            server.bind(address)
            return int(server.getsockname()[1])
    except OSError as error:
        raise StackUsageError(_refusal(host, port, error)) from error


def _refusal(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {port} of {host} is taken by another program. Choose another with --port; --port 0 takes a free one."
        )
    return f"Cannot listen on {host} port {port}: {error.strerror or error}"
