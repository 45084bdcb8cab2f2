"""Ports that tests ask for are free, and no two tests get the same one, also where they run in parallel."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from harness import program

ASK = "import os, json; os.getpid = lambda: {pid}; from harness.program import free_ports; print(json.dumps(free_ports(20)))"


def test_a_process_never_gets_a_port_twice_and_can_listen_on_each() -> None:
    ports = [*program.free_ports(3), *program.free_ports(3)]

    assert len(set(ports)) == 6
    for port in ports:
        socket.create_server(("127.0.0.1", port)).close()


def test_two_processes_that_begin_at_the_same_port_get_different_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    pid = os.getpid() + 1_000
    monkeypatch.setattr(os, "getpid", lambda: pid)
    ours = program.free_ports(20)

    asked = [sys.executable, "-c", ASK.format(pid=pid)]
    theirs = subprocess.run(asked, cwd=Path(__file__).parents[1], capture_output=True, check=True).stdout

    assert set(ours).isdisjoint(json.loads(theirs))


def test_a_port_that_somebody_listens_on_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr(program, "_PORTS", range(port, port + 1))

        with pytest.raises(AssertionError, match="no port is left"):
            program.free_ports(1)
