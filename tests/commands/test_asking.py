"""Asking a sidecar that runs: an answer is status and body, and silence is an error that names the address."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

from harness.program import free_ports
from sidecar.commands.asking import AdminPort, ask
from sidecar.errors import SidecarError, UserError
from sidecar.proxy.address import parse_address

ANSWER = b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
@pytest.mark.parametrize("token", ["", "s3cret"])
def test_status_and_body_are_given_as_they_are_and_what_listens_everywhere_is_asked_here(
    host: str, token: str, tmp_path: Path
) -> None:
    token_file = str(tmp_path / "token") if token else ""
    (tmp_path / "token").write_text(token + "\n")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        asked: list[bytes] = []

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                asked.append(connection.recv(4096))
                connection.sendall(ANSWER)

        server = threading.Thread(target=answer)
        server.start()
        found = ask(
            AdminPort(parse_address("admin", f"{host}:{listener.getsockname()[1]}"), token_file), "/drain", "POST"
        )
        server.join()

    assert found == (404, b"{}", True)
    assert asked[0].startswith(b"POST /drain HTTP/1.1\r\n")
    assert (b"\r\nAuthorization: Bearer s3cret\r\n" in asked[0]) == bool(token)


def test_where_nobody_answers_the_error_names_the_address() -> None:
    (port,) = free_ports(1)

    with pytest.raises(SidecarError, match=f"127.0.0.1:{port}: does not answer"):
        ask(AdminPort(parse_address("admin", f"127.0.0.1:{port}")), "/livez")


def test_a_token_that_cannot_be_read_is_said_before_anybody_is_asked(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no token"):
        ask(AdminPort(parse_address("admin", "127.0.0.1:9"), str(tmp_path / "absent")), "/livez")
