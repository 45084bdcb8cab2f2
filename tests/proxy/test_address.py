"""Addresses as the settings write them."""

from __future__ import annotations

import socket

import pytest

from sidecar.errors import SettingsError
from sidecar.proxy.address import Address, bind, parse_address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:80", Address("127.0.0.1", 80)),
        ("model.svc:8080", Address("model.svc", 8080)),
        ("[::1]:9480", Address("::1", 9480)),
        ("unix:/run/m.sock", Address("", 0, "/run/m.sock")),
    ],
)
def test_an_address_is_read_and_written_the_same(text: str, address: Address) -> None:
    assert parse_address("upstream", text, unix=True) == address
    assert str(address) == text


@pytest.mark.parametrize(
    "text", ["", "8080", ":8080", "host", "host:", "host:http", "host:70000", "unix:relative", "h:\xb2", "h:-1"]
)
def test_a_bad_address_is_refused_with_the_setting_and_the_mend(text: str) -> None:
    with pytest.raises(SettingsError, match="upstream = ") as caught:
        parse_address("upstream", text, unix=True)
    assert "HOST:PORT" in caught.value.mend


def test_a_unix_socket_is_refused_where_none_can_be() -> None:
    with pytest.raises(SettingsError):
        parse_address("listen", "unix:/run/m.sock")


def test_a_bound_address_listens_and_a_taken_one_is_refused() -> None:
    with bind("listen", Address("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            pass
        with pytest.raises(SettingsError, match=r"listen = .*cannot listen there"):
            bind("listen", Address("127.0.0.1", port))


def test_an_address_that_is_not_of_this_host_is_refused() -> None:
    with pytest.raises(SettingsError, match="cannot listen there"):
        bind("admin", Address("192.0.2.1", 1))
