"""The end of a pod: its hooks ask for a drain that does not leave, and for its end; and models with two ports."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.observed import reference
from harness.program import Model, Response, Sidecar, Wire, connect, eventually, free_ports
from sidecar import cli
from sidecar.reference_store import save_reference
from tests.path.conftest import Start
from tests.path.test_drain import GET, OK, OK_CLOSE, ask, refuses, stand
from tests.test_reference_store import served


@pytest.fixture
def own_model() -> Iterator[Model]:
    model = Model()
    yield model
    model.close()


class Asking:
    """A question to the admin port that waits for its answer meanwhile."""

    def __init__(self, sidecar: Sidecar, request: str) -> None:
        self.answers: list[Response] = []
        self._thread = threading.Thread(target=lambda: self.answers.append(sidecar.admin(request)))
        self._thread.start()

    def status(self) -> str:
        """What it says in the end."""
        self._thread.join()
        return str(self.answers[0].json["status"])


def test_told_to_drain_it_closes_idle_connections_and_serves_new_ones_until_the_signal(
    start: Start, own_model: Model
) -> None:
    it = stand(start, own_model, notice=0.1)
    idle, idle_model = it.line()
    ask(idle, idle_model)
    assert cli.main(["drain", "--admin", f"127.0.0.1:{it.sidecar.admin_port}"]) == 0
    idle.expect_end()
    assert it.draining()
    new, new_model = it.line()
    ask(new, new_model, OK_CLOSE)
    new.expect_end()
    assert it.sidecar.process.poll() is None
    it.sidecar.signal()
    assert it.sidecar.wait() == 0


@pytest.mark.parametrize("how", ["signal", "command"])
def test_who_waits_for_the_drain_is_answered_when_the_last_exchange_is_over(
    start: Start, own_model: Model, how: str
) -> None:
    it = stand(start, own_model, notice=0)
    busy, busy_model = it.line()
    busy.send(GET)
    busy_model.expect(GET)
    asking = Asking(it.sidecar, "GET /drained")
    if how == "signal":
        it.sidecar.signal()
        eventually(lambda: refuses(it.sidecar.port))
    else:
        assert it.sidecar.admin("POST /drain").status == 202
        eventually(it.draining)
    assert asking.answers == []
    busy_model.send(OK)
    busy.expect(OK_CLOSE)
    assert asking.status() == "drained"


def test_who_waits_for_a_drain_that_does_not_come_is_soon_let_go(start: Start, own_model: Model) -> None:
    it = stand(start, own_model, notice=0)
    assert it.sidecar.admin("GET /drained").json["status"] == "not draining"
    client, model = it.line()
    ask(client, model)


def test_asking_a_sidecar_that_is_not_there_fails_with_a_reason(capsys: pytest.CaptureFixture[str]) -> None:
    (port,) = free_ports(1)
    assert cli.main(["drain", "--admin", f"0.0.0.0:{port}"]) == 1
    assert "does not answer" in capsys.readouterr().err


def test_a_second_way_in_leads_to_another_port_of_the_model_and_drains_with_the_first(
    start: Start, own_model: Model
) -> None:
    second = Model()
    (port,) = free_ports(1)
    sidecar = start(own_model.address, **{"also": f"127.0.0.1:{port}={second.address}", "drain.notice_seconds": 0})
    own_model.accept().close()
    client, model = Wire(connect(port)), second.accept()
    ask(client, model)
    client.send(GET)
    model.expect(GET)
    sidecar.signal()
    eventually(lambda: refuses(sidecar.port))
    eventually(lambda: refuses(port))
    model.send(OK)
    client.expect(OK_CLOSE)
    assert sidecar.wait() == 0
    second.close()


@pytest.mark.parametrize("pair", ["0.0.0.0:9482", "0.0.0.0=1.2.3.4:5", "0.0.0.0:1=nowhere"])
def test_a_bad_pair_of_addresses_is_named(pair: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", "--set", f"also={pair}"]) == 2
    assert "also" in capsys.readouterr().err


def test_traffic_flows_while_the_reference_s_url_does_not_answer_and_it_is_read_once_it_does(
    start: Start, own_model: Model, tmp_path: Path
) -> None:
    with served(tmp_path) as url:
        sidecar = start(own_model.address, reference=f"{url}/reference.json")
        own_model.accept().close()
        client, model = sidecar.connect(), own_model.accept()
        ask(client, model)
        save_reference(reference(), str(tmp_path / "reference.json"))
        eventually(lambda: b"model_reference_rows{" in sidecar.admin("GET /metrics").body)
        ask(client, model)
