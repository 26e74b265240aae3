"""Network interfaces of this host: the interface with a given address, and free ports."""

import socket
from ipaddress import IPv4Address

import psutil


def interface_of(address: str) -> str:
    """Return the name of the interface with an IPv4 address.

    Raises:
        ValueError: No interface of this host has it.
    """
    found = [
        (name, own.address)
        for name, addresses in psutil.net_if_addrs().items()
        for own in addresses
        if own.family == socket.AF_INET
    ]
    for name, own in found:
        if own == address or (IPv4Address(address).is_loopback and IPv4Address(own).is_loopback):
            return name
    has = ", ".join(f"{own} ({name})" for name, own in found)
    raise ValueError(f"CLR_NODE_ADDRESS must be an address of this host, got {address}; it has {has}")


def free_port(address: str) -> int:
    """Return a TCP port that is free right now."""
    with socket.socket() as listener:
        listener.bind((address, 0))
        return int(listener.getsockname()[1])
