"""Asking a sidecar that runs: an answer is status and body, and silence is an error that names the address."""

from __future__ import annotations

import socket
import threading

import pytest

from harness.program import free_ports
from sidecar.commands.asking import ask
from sidecar.errors import SidecarError
from sidecar.proxy.address import parse_address

ANSWER = b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_status_and_body_are_given_as_they_are_and_what_listens_everywhere_is_asked_here(host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        asked: list[bytes] = []

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                asked.append(connection.recv(4096))
                connection.sendall(ANSWER)

        server = threading.Thread(target=answer)
        server.start()
        found = ask(parse_address("admin", f"{host}:{listener.getsockname()[1]}"), "/drain", "POST")
        server.join()

    assert found == (404, b"{}", True)
    assert asked[0].startswith(b"POST /drain HTTP/1.1\r\n")


def test_where_nobody_answers_the_error_names_the_address() -> None:
    (port,) = free_ports(1)

    with pytest.raises(SidecarError, match=f"127.0.0.1:{port}: does not answer"):
        ask(parse_address("admin", f"127.0.0.1:{port}"), "/livez")
