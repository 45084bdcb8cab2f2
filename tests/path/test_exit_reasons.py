"""What ended a process is said in one line, whatever it was."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import IO

import pytest

from harness.program import Model, Sidecar, Wire, eventually

DRAIN = {"drain.notice_seconds": 0, "drain.timeout_seconds": 0.1}


def started(model: Model, stderr: IO[bytes], **sets: object) -> tuple[Sidecar, Wire]:
    """A sidecar and a client's connection through it."""
    sidecar = Sidecar(model.address, {**DRAIN, **sets}, stderr=stderr)
    client = sidecar.connect()
    assert sidecar.observer_pid
    eventually(lambda: sidecar.admin("GET /api/v1/status").status == 200)
    return sidecar, client


def lines(log: Path) -> list[str]:
    return [line for line in log.read_text().splitlines() if " ended " in line]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_and_a_drain_that_was_done_are_said(number: signal.Signals, model: Model, tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as log:
        sidecar, client = started(model, log)
        client.close()
        sidecar.signal(number)
        assert sidecar.wait() == 0

    assert lines(tmp_path / "log") == [
        "observer ended with code 0: the traffic process closed the handoff",
        f"sidecar ended with code 0: {number.name}; drained",
    ]


def test_a_drain_that_timed_out_is_said(model: Model, tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as log:
        sidecar, client = started(model, log)
        client.send(b"GET / HTTP/1.1\r\n\r\n")
        with model.accept() as upstream:
            upstream.head()
            sidecar.signal()
            assert sidecar.wait() == 0

    (last,) = [line for line in lines(tmp_path / "log") if line.startswith("sidecar")]
    assert last == (
        "sidecar ended with code 0: SIGTERM; the drain timed out, and connections that were left were reset"
    )


def test_an_observer_that_was_killed_is_said_with_its_signal(model: Model, tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as log:
        sidecar, _ = started(model, log)
        os.kill(sidecar.observer_pid, signal.SIGSEGV)
        eventually(lambda: lines(tmp_path / "log"))
        sidecar.kill()

    assert lines(tmp_path / "log") == ["observer ended by SIGSEGV; starts again in 0.5 s"]


def test_a_reference_that_is_refused_is_said_before_the_end(model: Model, tmp_path: Path) -> None:
    bad = tmp_path / "reference.json"
    bad.write_text("{}")
    with (tmp_path / "log").open("wb") as log:
        sidecar = Sidecar(model.address, DRAIN | {"reference": bad}, stderr=log)
        assert sidecar.wait() == 2

    first, *_, last = (tmp_path / "log").read_text().splitlines()
    assert first.startswith(f"drift-sidecar: {bad}: ")
    assert last == (
        "sidecar ended with code 2: the observer refused its settings or its reference (see the line above); drained"
    )


def test_a_port_that_is_taken_is_said_with_its_setting(model: Model) -> None:
    sidecar = Sidecar(model.address, {"admin": model.address}, stderr=subprocess.PIPE)
    _, said = sidecar.process.communicate(timeout=20)

    assert sidecar.process.returncode == 2
    (line,) = said.decode().splitlines()
    assert line.startswith("drift-sidecar run: admin = ")
    assert "cannot listen there" in line
    assert "in use" in line


def test_a_setting_at_fault_is_said_with_its_name(model: Model) -> None:
    sidecar = Sidecar(model.address, {"tap.sample_ratio": 2}, stderr=subprocess.PIPE)
    _, said = sidecar.process.communicate(timeout=20)

    assert sidecar.process.returncode == 2
    (line,) = said.decode().splitlines()
    assert "tap.sample_ratio" in line
