import socket

import pytest

from worker.launch.network import free_port, interface_of


def test_the_interface_of_loopback_is_found() -> None:
    assert interface_of("127.0.0.1") in {name for _, name in socket.if_nameindex()}


def test_an_address_of_another_host_is_refused_and_ours_are_named() -> None:
    with pytest.raises(ValueError, match=r"an address of this host, got 192\.0\.2\.1; it has .*127\.0\.0\.1"):
        interface_of("192.0.2.1")


def test_a_free_port_can_be_listened_on() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", free_port("127.0.0.1")))
