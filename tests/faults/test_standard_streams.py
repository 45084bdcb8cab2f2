"""Standard output and error that nobody takes: traffic, health and the end of the program do not depend on them."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from harness.program import PATIENCE_SECONDS, Model, Sidecar, Wire, connect, eventually, free_ports, process_state

GET = b"GET /predict HTTP/1.1\r\nHost: model\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
PAGE_BYTES = 4096


class Pipe:
    """Where the program writes: a small pipe that is full and not read (`full`), that nobody can read any more (`gone`),
    or that is read byte by byte (`slow`).
    """

    def __init__(self, state: str) -> None:
        reading, self.writing = os.pipe()
        self._reading = reading
        fcntl.fcntl(self.writing, fcntl.F_SETPIPE_SZ, PAGE_BYTES)
        if state == "full":
            os.write(self.writing, b"x" * PAGE_BYTES)
        elif state == "gone":
            os.close(reading)
            self._reading = -1
        else:
            threading.Thread(target=self._read_slowly, daemon=True).start()

    def _read_slowly(self) -> None:
        while os.read(self._reading, 1):
            time.sleep(0.01)

    def close(self) -> None:
        """The program has its own copy."""
        os.close(self.writing)


class Line:
    """The program before a model, with its output in a pipe."""

    def __init__(self, state: str) -> None:
        self._model = Model()
        self._pipe = Pipe(state)
        sets = {"handoff.snapshot_seconds": 0.05, "drain.notice_seconds": 0}
        self.sidecar = Sidecar(self._model.address, sets, stdout=self._pipe.writing, stderr=self._pipe.writing)

    def ask(self) -> None:
        with self.sidecar.connect() as client, self._model.accept() as accepted:
            client.send(GET)
            accepted.head()
            accepted.send(OK)
            client.expect(OK)

    def kill_observer(self) -> None:
        pid = self.sidecar.observer_pid
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: process_state(pid) == "X")

    def close(self) -> None:
        self.sidecar.kill()
        self._model.close()
        self._pipe.close()


@pytest.fixture(params=["full", "gone", "slow"])
def line(request: pytest.FixtureRequest) -> Iterator[Line]:
    line = Line(request.param)
    assert line.sidecar.admin("GET /livez").status == 200
    yield line
    line.close()


def test_a_log_that_nobody_takes_stops_neither_traffic_nor_health_nor_the_end(line: Line) -> None:
    for _ in range(2):  # each time the supervisor says so
        line.kill_observer()
        for _ in range(3):
            line.ask()
        assert line.sidecar.admin("GET /livez").status == 200

    line.sidecar.signal()

    assert line.sidecar.wait() == 0


def test_lines_that_nobody_takes_are_counted_by_process() -> None:
    line = Line("gone")
    line.kill_observer()

    def lost() -> bool:
        return line.sidecar.metrics().total("sidecar_log_lines_lost_total", process="traffic") == 1

    eventually(lost)
    eventually(lambda: line.sidecar.metrics().samples("sidecar_log_lines_lost_total", process="observer"))
    line.close()


def test_streams_that_are_closed_at_the_start_stop_nothing() -> None:
    model = Model()
    listen, admin = free_ports(2)
    addresses = ["--upstream", model.address, "--listen", f"127.0.0.1:{listen}", "--admin", f"127.0.0.1:{admin}"]
    command = [sys.executable, "-m", "sidecar.cli", "run", *addresses, "--set", "drain.notice_seconds=0"]
    process = subprocess.Popen(["/bin/sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", *command])
    for _ in range(3):
        with Wire(connect(listen)) as client, model.accept() as accepted:
            client.send(GET)
            accepted.head()
            accepted.send(OK)
            client.expect(OK)

    process.terminate()

    assert process.wait(PATIENCE_SECONDS) == 0
    model.close()
