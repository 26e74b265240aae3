"""Network interfaces of this host (Linux): which one has an address, and free ports on it."""

import fcntl
import socket
import struct
from ipaddress import IPv4Address

_SIOCGIFADDR = 0x8915  # netdevice(7)
_NAME_BYTES = 16


def interface_of(address: str) -> str:
    """The interface that has an IPv4 address.

    Raises:
        ValueError: None of this host has it.
    """
    found = {name: own for _, name in socket.if_nameindex() if (own := _address_of(name)) is not None}
    for name, own in found.items():
        if own == address or (IPv4Address(address).is_loopback and IPv4Address(own).is_loopback):
            return name
    has = ", ".join(f"{own} ({name})" for name, own in found.items())
    raise ValueError(f"CLR_NODE_ADDRESS must be an address of this host, got {address}; it has {has}")


def free_port(address: str) -> int:
    """A TCP port that nobody listens on, right now."""
    with socket.socket() as listener:
        listener.bind((address, 0))
        return int(listener.getsockname()[1])


def _address_of(name: str) -> str | None:
    request = struct.pack(f"{_NAME_BYTES}s240x", name.encode())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        try:
            answer = fcntl.ioctl(any_socket, _SIOCGIFADDR, request)
        except OSError:  # it has none
            return None
    return socket.inet_ntoa(answer[20:24])
