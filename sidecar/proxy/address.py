"""Addresses as the settings write them: `HOST:PORT`, `[v6]:PORT` or `unix:/path`."""

from __future__ import annotations

import socket
from typing import Any, NamedTuple

from sidecar.errors import SettingsError

_KEEP_ALIVE = tuple(
    (getattr(socket, name), value)
    for name, value in (("TCP_KEEPIDLE", 90), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4))
    if hasattr(socket, name)  # not all systems have all of them
)
"""Seconds of silence, seconds between probes, unanswered probes: a dead peer is noticed after two and a half minutes."""


class Address(NamedTuple):
    """A TCP host and port, or the path of a Unix socket (then host is empty)."""

    host: str
    port: int
    path: str = ""

    def __str__(self) -> str:
        if self.path:
            return f"unix:{self.path}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_address(key: str, text: str, unix: bool = False) -> Address:
    """Read an address; `key` names the setting in the SettingsError that a bad one raises."""
    if unix and text.startswith("unix:/"):
        return Address("", 0, text.removeprefix("unix:"))
    host, colon, port = text.rpartition(":")
    if not colon or not host or not (port.isascii() and port.isdigit()) or int(port) > 65535:
        forms = "HOST:PORT or unix:/path" if unix else "HOST:PORT"
        raise SettingsError(f"{key} = {text!r}", "is not an address", f"Write it as {forms}, e.g. 127.0.0.1:8080")
    return Address(host.strip("[]"), int(port))


def keep_alive(sock: Any) -> None:
    """Let the kernel find out that the other end is gone without a word, so that a dead connection is not kept for ever."""
    if sock.family == socket.AF_UNIX:
        return
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in _KEEP_ALIVE:
        sock.setsockopt(socket.IPPROTO_TCP, option, value)


def bind(key: str, address: Address) -> socket.socket:
    """A listening TCP socket; raises SettingsError if the address cannot be had."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        keep_alive(sock)  # accepted sockets inherit it
        sock.bind((address.host, address.port))
        sock.listen(1024)
    except (OSError, OverflowError) as error:
        sock.close()
        raise SettingsError(
            f"{key} = {str(address)!r}",
            f"cannot listen there ({error})",
            "Choose a free port on an address of this pod",
        ) from error
    sock.setblocking(False)
    return sock
