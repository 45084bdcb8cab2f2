"""Whatever clients send: the traffic goes on, both processes stay small, and the observer is not lost over it.

A body that costs the observer is a line of `harness.hostile.HOSTILE`; what is done with connections is a function of `ATTACKS`.
All of them meet the same sidecar at default settings, so the largest memory at the end is the largest over all.
"""

from __future__ import annotations

import contextlib
import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO

import pytest

from harness.hostile import HOSTILE, Body
from harness.program import Model, Sidecar, Wire, connect, eventually, resident_bytes

MOST_BYTES = 256_000_000
"""Of both processes together, at their largest."""
STREAMED_BYTES = int(os.environ.get("HOSTILE_STREAM_BYTES", "100000000"))
"""Of one body, which can be a gigabyte: HOSTILE_STREAM_BYTES=1000000000."""
ANSWER = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 19\r\n\r\n{"predictions":[1]}'
ASKED = b"POST /v1/models/m:predict HTTP/1.1\r\nHost: m\r\nContent-Type: application/json\r\n"
_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


class Swallowing(threading.Thread):
    """A model that reads whatever it is sent, and answers each message."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.model = Model()
        self.start()

    def run(self) -> None:
        while True:
            try:
                wire = self.model.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            threading.Thread(target=self._serve, args=(wire,), daemon=True).start()

    def _serve(self, wire: Wire) -> None:
        with contextlib.suppress(OSError), wire, wire.sock.makefile("rb") as sent:
            while head := _head(sent):
                length = _LENGTH.search(head)
                if length:
                    sent.read(int(length[1]))
                elif b"chunked" in head:
                    _discard_chunks(sent)
                wire.send(ANSWER)


def _head(sent: IO[bytes]) -> bytes:
    head = b""
    while (line := sent.readline()) not in (b"\r\n", b""):
        head += line
    return head


def _discard_chunks(sent: IO[bytes]) -> None:
    while size := int(sent.readline(), 16):
        sent.read(size + 2)
    sent.readline()


@pytest.fixture(scope="module")
def sidecar() -> Iterator[Sidecar]:
    model = Swallowing()
    sidecar = Sidecar(model.model.address)
    sidecar.connect().close()
    eventually(lambda: sidecar.metrics().total("sidecar_observer_up") == 1)
    yield sidecar
    sidecar.kill()
    model.model.close()


def largest(pid: int) -> int:
    """The largest resident memory of a process so far."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) * 1024


def send(sidecar: Sidecar, body: Body) -> None:
    """The body as a request, whose answer is read."""
    coding = f"Content-Encoding: {body.coding}\r\n" if body.coding else ""
    lines = f"Content-Type: {body.content}\r\n{coding}Content-Length: {len(body.data)}\r\n\r\n"
    with sidecar.connect() as client:
        client.send(f"POST {body.path} HTTP/1.1\r\nHost: m\r\n{lines}".encode() + body.data)
        client.expect(ANSWER)


def slow_heads(sidecar: Sidecar, stack: ExitStack) -> None:
    for _ in range(200):
        stack.enter_context(sidecar.connect()).send(ASKED + b"X-Slow: a")


def slow_bodies(sidecar: Sidecar, stack: ExitStack) -> None:
    for _ in range(200):
        stack.enter_context(sidecar.connect()).send(ASKED + b"Content-Length: 1000000\r\n\r\n{")


def header_bombs(sidecar: Sidecar, stack: ExitStack) -> None:
    line = b"X-%d: " + b"x" * 60 + b"\r\n"
    head = ASKED + b"".join(line % at for at in range(900))
    for _ in range(300):
        stack.enter_context(sidecar.connect()).send(head)


def half_bodies(sidecar: Sidecar, stack: ExitStack) -> None:
    """Each as long as the tap keeps: together more than it may."""
    for _ in range(30):
        stack.enter_context(sidecar.connect()).send(ASKED + b"Content-Length: 1048576\r\n\r\n" + b" " * 1_000_000)


def endless_body(sidecar: Sidecar, stack: ExitStack) -> None:
    client = stack.enter_context(sidecar.connect())
    client.send(ASKED + b"Transfer-Encoding: chunked\r\n\r\n")
    chunk = b"100000\r\n" + b"1" * (1 << 20) + b"\r\n"
    for _ in range(STREAMED_BYTES // (1 << 20)):
        client.send(chunk)
    client.send(b"0\r\n\r\n")
    client.expect(ANSWER)


def readers_of_the_page(sidecar: Sidecar, stack: ExitStack) -> None:
    for _ in range(500):
        reader = stack.enter_context(Wire(connect(sidecar.admin_port)))
        with contextlib.suppress(OSError):  # it had to go for another
            reader.send(b"GET /api/v1/live HTTP/1.1\r\nHost: a\r\n\r\n")


def many_models(sidecar: Sidecar, stack: ExitStack) -> None:
    client = stack.enter_context(sidecar.connect())
    row = b'{"instances":[{"a":1}]}'
    for at in range(2_000):
        client.send(
            b"POST /v1/models/m%d:predict HTTP/1.1\r\nHost: m%d\r\nContent-Length: 23\r\n\r\n%s" % (at, at, row)
        )
        client.expect(ANSWER)


def idle(sidecar: Sidecar, stack: ExitStack) -> None:
    """As `benchmarks.idle` measures with 10,000: what one takes at rest."""
    before = resident_bytes(sidecar.pid)
    count = 400
    for _ in range(count):
        stack.enter_context(sidecar.connect())
    eventually(lambda: sidecar.metrics().total("sidecar_connections") >= count)
    assert resident_bytes(sidecar.pid) - before < 12_000 * count


ATTACKS: tuple[Callable[[Sidecar, ExitStack], None], ...] = (
    idle,
    slow_heads,
    slow_bodies,
    header_bombs,
    half_bodies,
    endless_body,
    readers_of_the_page,
    many_models,
)


def unharmed(sidecar: Sidecar) -> None:
    """A client is served, health answers, the observer has handled all there was and is the first, and both are small."""
    send(sidecar, Body("/v1/models/m:predict", "application/json", b'{"instances":[{"a":1}]}'))
    assert sidecar.admin("GET /livez").status == 200
    eventually(lambda: sidecar.metrics().total("sidecar_handoff_exchanges") == 0)
    metrics = sidecar.metrics()
    assert metrics.total("sidecar_observer_ends_total") == metrics.total("sidecar_faults_total") == 0
    assert largest(sidecar.pid) + largest(sidecar.observer_pid) < MOST_BYTES


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__.replace("_", " "))
def test_what_is_done_with_connections_harms_nobody(
    sidecar: Sidecar, attack: Callable[[Sidecar, ExitStack], None]
) -> None:
    with ExitStack() as stack:
        attack(sidecar, stack)
        unharmed(sidecar)
    eventually(lambda: sidecar.metrics().total("sidecar_connections") == 0)


def test_no_body_costs_more_memory_than_there_is(sidecar: Sidecar) -> None:
    for make in HOSTILE.values():
        send(sidecar, make())
    unharmed(sidecar)
    print(
        f"largest: traffic {largest(sidecar.pid) / 1e6:.0f} MB, observer {largest(sidecar.observer_pid) / 1e6:.0f} MB"
    )
