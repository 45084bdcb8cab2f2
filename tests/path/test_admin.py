"""The admin port: health and drain from the traffic process, everything else from the observer."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.program import Model, Response, Sidecar, Wire, connect, eventually
from tests.path.conftest import Start


def test_alive_is_answered_from_the_start(sidecar: Sidecar) -> None:
    answer = sidecar.admin("GET /livez")
    assert (answer.status, answer.json) == (200, {"status": "alive"})
    assert "Connection: close" in answer.head


def test_ready_is_whether_the_model_accepts(start: Start) -> None:
    model = Model()
    own = start(model.address)
    model.accept().close()
    assert own.admin("GET /readyz").status == 200
    model.accept().close()
    model.close()
    answer = own.admin("GET /readyz")
    assert (answer.status, answer.json["status"]) == (503, "model does not accept connections")
    assert own.admin("GET /livez").status == 200


def test_the_first_and_an_unready_model_hold_nothing_back(sidecar: Sidecar) -> None:
    eventually(lambda: sidecar.metrics().total("sidecar_observer_up") == 1)


def test_head_is_answered_without_a_body(sidecar: Sidecar) -> None:
    answer = sidecar.admin("HEAD /livez")
    assert (answer.status, answer.body) == (200, b"")


def test_only_a_post_drains(sidecar: Sidecar) -> None:
    assert sidecar.admin("GET /drain").status == 405
    assert sidecar.admin("GET /readyz").json["status"] != "draining"


@pytest.mark.parametrize("path", ["/livez", "/metrics"])
def test_a_request_may_come_in_single_bytes(sidecar: Sidecar, path: str) -> None:
    wire = Wire(connect(sidecar.admin_port))
    wire.send_each(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
    assert Response(wire.rest()).status == 200


def test_an_asker_that_sends_no_more_still_hears_about_health(sidecar: Sidecar) -> None:
    wire = Wire(connect(sidecar.admin_port))
    wire.send(b"GET /livez HTTP/1.1\r\n\r\n")
    wire.end()
    assert Response(wire.rest()).status == 200


def test_one_connection_may_ask_the_observer_several_things(sidecar: Sidecar) -> None:
    wire = Wire(connect(sidecar.admin_port))
    for path, status in (("/metrics", 200), ("/livez", 200), ("/nowhere", 404)):
        wire.send(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        head = wire.head().decode().lower()
        assert f" {status} " in head.split("\r\n")[0]
        wire.take(int(head.partition("content-length: ")[2].partition("\r\n")[0]))


def test_a_head_without_end_is_not_collected(sidecar: Sidecar) -> None:
    wire = Wire(connect(sidecar.admin_port))
    wire.send(b"GET / HTTP/1.1\r\nX: " + b"x" * 16_400)
    wire.expect_end()


def test_rubbish_is_not_the_end_of_it(sidecar: Sidecar) -> None:
    for rubbish in (b"\x16\x03\x01\r\n\r\n", b"\r\n\r\n\r\n\r\n", b"GET\r\n\r\n"):
        wire = Wire(connect(sidecar.admin_port))
        wire.send(rubbish)
        wire.end()
        wire.rest()
    assert sidecar.admin("GET /livez").status == 200


def test_a_live_page_that_stays_open_does_not_hold_up_the_end(start: Start, model: Model) -> None:
    own = start(model.address, **{"drain.notice_seconds": 0})
    eventually(lambda: own.metrics().total("sidecar_observer_up") == 1)
    page = Wire(connect(own.admin_port))
    page.send(b"GET /api/v1/live HTTP/1.1\r\nHost: a\r\n\r\n")
    assert b"text/event-stream" in page.head()
    own.signal()
    assert own.wait() == 0


TOKEN = "a secret"
CLOSED = {"access.open_metrics": "false", "handoff.snapshot_seconds": 0.05}


@pytest.fixture(scope="module")
def guarded(model: Model, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sidecar]:
    """A sidecar whose admin port asks for a token, in the file that its setting names."""
    path = tmp_path_factory.mktemp("secret") / "token"
    path.write_text(TOKEN + "\n")
    sidecar = Sidecar(model.address, CLOSED | {"access.token_file": path})
    sidecar.connect().close()
    model.accept().close()
    eventually(lambda: sidecar.admin("GET /metrics", BEARER).status == 200)
    yield sidecar
    sidecar.kill()


BEARER = f"Authorization: Bearer {TOKEN}\r\n"


@pytest.mark.parametrize("path", ["/", "/static/page.js", "/metrics", "/api/v1/settings", "/api/v1/live", "/nowhere"])
def test_with_a_token_nothing_but_health_is_answered_without_it(guarded: Sidecar, path: str) -> None:
    answer = guarded.admin(f"GET {path}", "")
    assert (answer.status, "detail" in answer.json) == (401, True)
    assert guarded.admin(f"GET {path}", "Authorization: Bearer other\r\n").status == 401
    assert guarded.admin("GET /livez", "").status == 200


def test_the_second_request_of_a_connection_is_asked_for_its_token_too(guarded: Sidecar) -> None:
    wire = Wire(connect(guarded.admin_port))
    for line, status in ((BEARER, 200), ("", 401), (BEARER, 200)):
        wire.send(f"GET /api/v1/settings HTTP/1.1\r\nHost: 127.0.0.1\r\n{line}\r\n".encode())
        head = wire.head().decode().lower()
        assert f" {status} " in head.split("\r\n")[0]
        assert ("\r\nwww-authenticate: basic" in head) == (status == 401)
        body = wire.take(int(head.partition("content-length: ")[2].partition("\r\n")[0]))
        assert (b"otlp" in body) == (status == 200)
        assert TOKEN.encode() not in body


def test_a_browser_gives_the_token_as_a_password(guarded: Sidecar) -> None:
    url = f"http://127.0.0.1:{guarded.admin_port}/"
    page = subprocess.run(["curl", "-sf", "-u", f"anybody:{TOKEN}", url], capture_output=True, check=True).stdout
    assert b"<html" in page


def test_commands_bring_the_token(guarded: Sidecar, tmp_path: Path) -> None:
    admin = f"127.0.0.1:{guarded.admin_port}"
    (tmp_path / "token").write_text(TOKEN)
    (tmp_path / "other").write_text("other")
    accept = ["accept", "--since", "1h", "-o", str(tmp_path / "new.json"), "--admin", admin]
    for name, said in (("token", "no rows"), ("other", "refused with status 401")):
        told = subprocess.run(
            [sys.executable, "-m", "sidecar.cli", *accept, "--token-file", str(tmp_path / name)],
            capture_output=True,
            check=False,
        )
        assert said in told.stderr.decode()


def test_a_token_that_was_replaced_counts_without_a_restart(start: Start, model: Model, tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("old")
    own = start(model.address, **CLOSED | {"access.token_file": path})
    model.accept().close()
    eventually(lambda: own.admin("GET /api/v1/status", "Authorization: Bearer old\r\n").status == 200)
    path.write_text("renewed")
    assert own.admin("GET /api/v1/status", "Authorization: Bearer renewed\r\n").status == 200
    assert own.admin("GET /api/v1/status", "Authorization: Bearer old\r\n").status == 401


def test_a_token_file_that_is_not_there_is_bad_settings(model: Model) -> None:
    own = Sidecar(model.address, {"access.token_file": "/nowhere/token"}, stderr=subprocess.PIPE)
    assert own.wait() == 2
    assert own.process.stderr
    with own.process.stderr as stderr:
        assert b"access.token_file" in stderr.read()


@pytest.mark.parametrize("path", ["/", "/metrics", "/api/v1/settings", "/api/v1/live"])
def test_a_page_whose_name_was_made_to_lead_here_reads_nothing(sidecar: Sidecar, path: str) -> None:
    for kept_alive in (False, True):  # the first request is judged in the traffic process, the second in the observer
        wire = Wire(connect(sidecar.admin_port))
        if kept_alive:
            wire.send(b"GET /nowhere HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            wire.take(int(wire.head().lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]))
        wire.send(f"GET {path} HTTP/1.1\r\nHost: evil.example:9481\r\nConnection: close\r\n\r\n".encode())
        assert Response(wire.rest()).status == 403


@pytest.mark.parametrize(
    "request_lines",
    ["GET / HTTP/1.1", "GET /livez HTTP/1.1", "GET /readyz HTTP/1.1", "GET /metrics HTTP/1.1", "GET /api/v1/status HTTP/1.1",
     "GET /nowhere HTTP/1.1", "POST /metrics HTTP/1.1", "GET /drain HTTP/1.1", "GET / HTTP/1.1\r\nHost: evil.example",
     "GET /x HTTP/1.1\r\nContent-Length: x", "GET /x HTTP/9", "G\0T / HTTP/1.1", "GET /x HTTP/1.1\r\nTransfer-Encoding: x"],
)  # fmt: skip
def test_every_answer_is_hardened_whatever_was_asked(sidecar: Sidecar, request_lines: str) -> None:
    wire = Wire(connect(sidecar.admin_port))
    host = "" if "Host" in request_lines else "Host: a\r\n"
    wire.send(f"{request_lines}\r\n{host}Connection: close\r\n\r\n".encode())
    head = Response(wire.rest()).head.lower()
    assert "\r\nx-content-type-options: nosniff" in head
    assert "\r\nreferrer-policy: no-referrer" in head
    assert "frame-ancestors 'none'" in head
    assert "content-security-policy: default-src 'none'" in head
