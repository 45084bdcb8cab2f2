"""Whatever happens to the observer, every exchange is accounted for: observed, shed for a reason, or still waiting."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable

import pytest

from harness.program import Metrics, Sidecar, eventually, process_state
from tests.path.conftest import Start
from tests.path.test_promises import Server, answer, server

__all__ = ["server"]
REQUESTS = 1_500
ROWS = [{"name": "a", "shape": [1], "datatype": "FP64", "data": [1.0]}]


def request(body: bytes) -> bytes:
    return b"POST /v2/models/m/infer HTTP/1.1\r\nHost: m\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


GOOD = request(json.dumps({"inputs": ROWS}).encode())
STRANGE = GOOD.replace(b"/v2/models/m/infer", b"/login", 1)


def nothing(sidecar: Sidecar) -> None:
    pass


def kill(sidecar: Sidecar) -> None:
    os.kill(sidecar.observer_pid, signal.SIGKILL)


def pause(sidecar: Sidecar) -> None:
    pid = sidecar.observer_pid
    os.kill(pid, signal.SIGSTOP)
    eventually(lambda: process_state(pid) == "T")
    threading.Timer(1.0, os.kill, (pid, signal.SIGCONT)).start()


def accounted(metrics: Metrics) -> bool:
    """Whether the counters add up, and nothing waits any more."""
    ended = metrics.total("sidecar_exchanges_total", protocol="http1")
    shed = sum(metrics.total("sidecar_shed_total", stage=stage) for stage in ("exchange", "handoff"))
    waiting = metrics.total("sidecar_handoff_exchanges")
    return waiting == 0 and ended == REQUESTS == metrics.total("sidecar_observed_total") + shed


@pytest.mark.parametrize("fault", [nothing, kill, pause])
@pytest.mark.parametrize("most", [50, 16_384], ids=["a small handoff", "a large one"])
def test_every_exchange_is_accounted_for(
    start: Start, server: Server, fault: Callable[[Sidecar], None], most: int
) -> None:
    sidecar = start(server.address, **{"handoff.max_items": most})
    assert sidecar.observer_pid
    client = sidecar.connect()
    for at in range(REQUESTS):
        if at in (REQUESTS // 3, 2 * REQUESTS // 3):
            fault(sidecar)
        client.send(GOOD)
        client.expect(answer(1))

    eventually(lambda: accounted(sidecar.metrics()))


def test_what_became_of_exchanges_is_known_when_the_observer_that_handled_them_is_gone(
    start: Start, server: Server
) -> None:
    """Two kinds of exchanges, three observers: none of them takes its counts with it."""
    sidecar = start(server.address)
    client = sidecar.connect()
    expected = dict.fromkeys(("analysed", "unread"), 0.0)

    def observed() -> bool:
        metrics = sidecar.metrics()
        return {one: metrics.total("sidecar_observed_total", result=one) for one in expected} == expected

    for round_ in range(3):
        for result, message in zip(expected, (GOOD, STRANGE), strict=True):
            for _ in range(50):
                client.send(message)
                client.expect(answer(1))
            expected[result] += 50
        eventually(observed)
        if round_ < 2:
            kill(sidecar)
            eventually(lambda before=round_: sidecar.metrics().total("sidecar_observer_restarts_total") > before)  # type: ignore[misc]  # a lambda with a default
            assert observed()
