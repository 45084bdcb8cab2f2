"""What is captured reaches its receiver, or its disk, whatever happens to either and to the observer."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from harness.program import Sidecar, eventually
from harness.receiver import receiving
from sidecar.data import captures
from sidecar.data.progress import Silent
from tests.faults.test_accounting import GOOD
from tests.path.conftest import Start
from tests.path.test_promises import Server, answer, server

__all__ = ["server"]
EACH = 100


def ask(sidecar: Sidecar) -> None:
    """Requests, until the observer has dealt with all of them."""
    before = sidecar.metrics().total("sidecar_observed_total")
    client = sidecar.connect()
    for _ in range(EACH):
        client.send(GOOD)
        client.expect(answer(1))
    eventually(lambda: sidecar.metrics().total("sidecar_observed_total") == before + EACH)


def kill_observer(sidecar: Sidecar) -> None:
    first = sidecar.observer_pid
    os.kill(first, signal.SIGKILL)
    eventually(lambda: sidecar.observer_pid not in (0, first))


def sent(sidecar: Sidecar, sink: str) -> float:
    return sidecar.metrics().total("sidecar_sink_events_total", sink=sink, result="sent")


def test_a_receiver_that_was_away_while_the_observer_was_killed_gets_every_exchange(
    start: Start, server: Server, tmp_path: Path
) -> None:
    with receiving() as receiver:
        receiver.go()
        sidecar = start(server.address, **{"cloudevents.url": receiver.url, "cloudevents.spool": tmp_path / "spool"})
        ask(sidecar)
        kill_observer(sidecar)
        ask(sidecar)
        receiver.come()
        eventually(lambda: sent(sidecar, "cloudevents") == 2 * EACH)

        assert len({(one.headers["ce-id"], one.headers["ce-type"]) for one in receiver.posted}) == 4 * EACH


def test_captures_survive_an_observer_that_is_killed_and_a_directory_that_is_deleted(
    start: Start, server: Server, tmp_path: Path
) -> None:
    folder = tmp_path / "captures"
    sidecar = start(server.address, **{"capture.path": f"{folder}/"})
    ask(sidecar)
    kill_observer(sidecar)
    ask(sidecar)
    assert len(list(captures.exchanges(folder, Silent()))) == 2 * EACH

    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    ask(sidecar)

    assert len(list(captures.exchanges(folder, Silent()))) == EACH
