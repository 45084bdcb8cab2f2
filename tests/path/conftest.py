"""The running program for the tests of this folder: one for each file, and as many others as a test starts itself."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from harness.program import Model, Sidecar, Wire, eventually

TRACING = {"trace.endpoint": "http://127.0.0.1:9/v1/traces", "trace.sample_ratio": 0, "handoff.snapshot_seconds": 0.05}
"""Every request gets a line of trace context, no span is ever exported, and counters do not keep us waiting."""


class Line(NamedTuple):
    """A client's connection through the sidecar to the model."""

    client: Wire
    model: Wire


class Counts:
    """What is counted from now on, exactly.

    Counters reach `/metrics` with the next snapshot. An exchange of its own, with a status that nothing else has, marks
    the place up to which they have come.
    """

    MARK = b"HTTP/1.1 299 Mark\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

    def __init__(self, sidecar: Sidecar, model: Model) -> None:
        self._sidecar = sidecar
        self._model = model
        self._before = self._now()

    def expect(self, **expected: int) -> None:
        """These were counted by outcome, and nothing else."""
        now = self._now()
        now["complete"] -= 1  # the mark
        assert {
            key: now[key] - self._before.get(key, 0) for key in now if now[key] != self._before.get(key)
        } == expected

    def _now(self) -> dict[str, int]:
        marks = self._marks()
        with self._sidecar.connect() as client, self._model.accept() as accepted:
            client.send(b"GET /mark HTTP/1.1\r\n\r\n")
            accepted.head()
            accepted.send(self.MARK)
            client.expect(self.MARK)
        eventually(lambda: self._marks() > marks)
        return self._sidecar.exchanges()

    def _marks(self) -> float:
        return self._sidecar.metrics().total(
            "http_server_request_duration_seconds_count", http_response_status_code="299"
        )


Start = Callable[..., Sidecar]


@pytest.fixture(autouse=True)
def _close_wires() -> Iterator[None]:
    yield
    Wire.close_all()


@pytest.fixture(scope="module")
def model() -> Iterator[Model]:
    """A model."""
    model = Model()
    yield model
    model.close()


@pytest.fixture(scope="module")
def sidecar(model: Model) -> Iterator[Sidecar]:
    """A sidecar that stands before it and inserts trace context."""
    sidecar = Sidecar(model.address, TRACING)
    sidecar.connect().close()  # it is there
    model.accept().close()
    yield sidecar
    sidecar.kill()


@pytest.fixture
def line(sidecar: Sidecar, model: Model) -> Iterator[Line]:
    """A connection through it."""
    with sidecar.connect() as client, model.accept() as accepted:
        yield Line(client, accepted)


@pytest.fixture
def counts(sidecar: Sidecar, model: Model) -> Counts:
    """What is counted during the test."""
    return Counts(sidecar, model)


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts sidecars that end with the test: `start(upstream, **{"a.setting": 1})`."""
    with contextlib.ExitStack() as stack:

        def start(upstream: str, *, files: dict[str, Any] | None = None, **sets: Any) -> Sidecar:
            sidecar = Sidecar(upstream, sets, **(files or {}))
            stack.callback(sidecar.kill)
            sidecar.connect().close()
            return sidecar

        yield start
