import socket

import pytest

from clr_client.errors import StackUsageError
from clr_client.transport.addresses import claimable_port, free_port, is_loopback, url_of


def test_a_port_that_is_taken_is_refused_and_a_free_one_is_found() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(StackUsageError, match="is taken"):
            claimable_port("127.0.0.1", taken.getsockname()[1])
    port = free_port("127.0.0.1")
    assert claimable_port("127.0.0.1", port) == port
    with pytest.raises(StackUsageError, match="Cannot listen"):
        claimable_port("no.such.host.invalid", 0)


def test_addresses_are_written_as_a_client_on_this_machine_needs_them() -> None:
    assert url_of("127.0.0.1", 1) == "http://127.0.0.1:1"
    assert url_of("0.0.0.0", 1) == "http://127.0.0.1:1"
    assert url_of("::", 1) == "http://[::1]:1"
    assert [is_loopback(host) for host in ("localhost", "127.9.9.9", "::1", "0.0.0.0", "10.0.0.1", "gpu-a")] == [
        True,
        True,
        True,
        False,
        False,
        False,
    ]
