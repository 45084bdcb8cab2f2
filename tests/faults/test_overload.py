"""More clients than there is room for: those inside are served, the others told, health answers, and all is well afterwards."""

from __future__ import annotations

import contextlib
import resource
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from harness.program import Model, Sidecar, Wire, connect, eventually
from tests.faults.test_accounting import GOOD
from tests.path.conftest import Start
from tests.path.test_promises import Server, answer, server

__all__ = ["server"]
FEW_DESCRIPTORS = 96
CLIENTS = 200
ALIVE = b"HTTP/1.1 200 OK"


@pytest.fixture
def few(server: Server) -> Iterator[Sidecar]:
    """A sidecar that may have few open files."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    sidecar = Sidecar(
        server.address, {"handoff.snapshot_seconds": 0.05}, stderr=subprocess.DEVNULL, descriptors=FEW_DESCRIPTORS
    )
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == before
    sidecar.connect().close()
    yield sidecar
    sidecar.kill()


def refused(sidecar: Sidecar, reason: str) -> float:
    return sidecar.metrics().total("sidecar_refused_connections_total", reason=reason)


def test_without_descriptors_clients_are_told_counted_and_health_answers(few: Sidecar) -> None:
    limit = few.metrics().total("sidecar_connections_limit")
    assert 0 < limit < CLIENTS / 2
    with ExitStack() as stack:
        clients = [stack.enter_context(few.connect()) for _ in range(CLIENTS)]
        eventually(lambda: refused(few, "descriptors") >= CLIENTS - limit)
        assert few.admin("GET /livez").status == 200
        assert few.admin("GET /readyz").status == 200
        for client in clients[: int(limit)]:  # the kernel hands them over in the order in which they came
            client.send(GOOD)
            client.expect(answer(1))
    eventually(lambda: few.metrics().total("sidecar_connections") == 0)
    with few.connect() as client:
        client.send(GOOD)
        client.expect(answer(1))


def test_a_client_too_many_gets_an_answer(start: Start, server: Server) -> None:
    sidecar = start(server.address, **{"http.max_connections": 2, "handoff.snapshot_seconds": 0.05})
    eventually(lambda: sidecar.metrics().total("sidecar_connections") == 0)
    first, second, third = (sidecar.connect() for _ in range(3))
    third.send(GOOD)
    assert third.head().startswith(b"HTTP/1.1 503 ")
    for client in (first, second):
        client.send(GOOD)
        client.expect(answer(1))
    eventually(lambda: refused(sidecar, "connections") == 1)


def test_descriptors_that_others_took_are_waited_for_and_nothing_is_lost(start: Start, server: Server) -> None:
    """The limit is lowered while it runs, which is as if something else had taken all descriptors."""
    sidecar = start(server.address, **{"handoff.snapshot_seconds": 0.05})
    pages = sidecar.connect()  # served before and meanwhile
    pages.send(GOOD)
    pages.expect(answer(1))
    _, hard = resource.prlimit(sidecar.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(sidecar.pid, resource.RLIMIT_NOFILE, (5, hard))
    waiting = [sidecar.connect() for _ in range(10)]
    for client in waiting:
        client.send(GOOD)
    pages.send(GOOD)
    pages.expect(answer(1))
    resource.prlimit(sidecar.pid, resource.RLIMIT_NOFILE, (hard, hard))
    for client in waiting:
        client.expect(answer(1))
    eventually(lambda: sidecar.metrics().total("sidecar_accept_pauses_total") > 0)
    assert sidecar.metrics().total("sidecar_refused_connections_total") == 0


def test_heads_beyond_their_memory_pass_unwatched(start: Start) -> None:
    model = Model()
    sidecar = start(model.address, **{"http.head_memory_limit_bytes": 22_000, "handoff.snapshot_seconds": 0.05})
    model.accept().close()
    part = b"GET /predict HTTP/1.1\r\nX-Long: " + b"x" * 6_000
    pairs: list[tuple[Wire, Wire]] = []
    for _ in range(6):
        client = sidecar.connect()
        pairs.append((client, model.accept()))
        client.send(part)
        pairs[-1][1].expect(part)
    eventually(lambda: sidecar.exchanges().get("memory") == 3)
    for client, accepted in pairs:
        client.send(b"\r\n\r\n")
        accepted.expect(b"\r\n\r\n")
        accepted.send(b"HTTP/1.1 204 No Content\r\n\r\n")
        client.expect(b"HTTP/1.1 204 No Content\r\n\r\n")
    eventually(lambda: sidecar.exchanges().get("complete") == 3)
    model.close()


@pytest.mark.parametrize("descriptors", [64, 1024])
def test_half_requests_at_the_admin_port_take_nothing_from_health_and_traffic(server: Server, descriptors: int) -> None:
    sidecar = Sidecar(server.address, {"handoff.snapshot_seconds": 0.05}, descriptors=descriptors)
    with ExitStack() as stack:
        stack.callback(sidecar.kill)
        sidecar.connect().close()
        for _ in range(600):
            half = stack.enter_context(Wire(connect(sidecar.admin_port)))
            with contextlib.suppress(OSError):  # it was closed for a newer one already
                half.send(b"GET /livez HTTP/1.1\r\nHo")
        assert sidecar.admin("GET /livez").status == 200
        with sidecar.connect() as client:
            client.send(GOOD)
            client.expect(answer(1))
        eventually(lambda: len(list(Path(f"/proc/{sidecar.pid}/fd").iterdir())) < descriptors / 2)
        eventually(lambda: refused(sidecar, "admin") > 600 - descriptors / 8)
        assert sidecar.metrics().total("sidecar_accept_pauses_total") == 0


def test_without_descriptors_it_does_not_spin(start: Start, server: Server) -> None:
    """A client waits in the kernel's queue all the while, so a loop that asked at once again would never sleep."""
    sidecar = start(server.address, **{"handoff.snapshot_seconds": 0.05})
    eventually(lambda: sidecar.metrics().total("sidecar_connections") == 0)
    _, hard = resource.prlimit(sidecar.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(sidecar.pid, resource.RLIMIT_NOFILE, (5, hard))
    client = sidecar.connect()
    client.send(GOOD)
    time.sleep(1.5)
    resource.prlimit(sidecar.pid, resource.RLIMIT_NOFILE, (hard, hard))
    client.expect(answer(1))
    eventually(lambda: 1 <= sidecar.metrics().total("sidecar_accept_pauses_total") <= 20)
