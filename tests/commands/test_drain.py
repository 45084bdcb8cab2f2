"""`drift-sidecar drain`: asks the admin port, and says who refused; tests/path/test_pod_end.py has it drain a real sidecar."""

from __future__ import annotations

import socket
import threading

import pytest

from harness.program import free_ports
from sidecar import cli


@pytest.mark.parametrize(("status", "code", "said"), [(202, 0, ""), (403, 1, "refused with status 403")])
@pytest.mark.parametrize("named", ["flag", "environment"])
def test_the_answer_decides(
    status: int, code: int, said: str, named: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        asked: list[bytes] = []

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                asked.append(connection.recv(4096))
                connection.sendall(b"HTTP/1.1 %d x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % status)

        server = threading.Thread(target=answer)
        server.start()
        admin = f"127.0.0.1:{listener.getsockname()[1]}"
        if named == "environment":
            monkeypatch.setenv("SIDECAR_ADMIN", admin)
        found = cli.main(["drain", *(["--admin", admin] if named == "flag" else [])])
        server.join()

    assert found == code
    assert asked[0].startswith(b"POST /drain HTTP/1.1\r\n")
    assert said in capsys.readouterr().err


def test_where_nobody_answers_it_fails_and_names_the_address(capsys: pytest.CaptureFixture[str]) -> None:
    (port,) = free_ports(1)

    assert cli.main(["drain", "--admin", f"127.0.0.1:{port}"]) == 1
    assert f"127.0.0.1:{port}: does not answer" in capsys.readouterr().err
