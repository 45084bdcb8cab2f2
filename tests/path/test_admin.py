"""The admin port: health and drain from the traffic process, everything else from the observer."""

from __future__ import annotations

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
