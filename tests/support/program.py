"""The whole program as a process: `with sidecar(upstream) as running:`."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

START_SECONDS = 20.0


def free_port() -> int:
    """A port of loopback that nobody has."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def wait_until(condition: Any, what: str, seconds: float = START_SECONDS) -> None:
    """Ask until it is true; AssertionError if it does not come true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds:g} s in vain: {what}"
        time.sleep(0.01)


@dataclass
class Sidecar:
    """A running sidecar."""

    process: subprocess.Popen[bytes]
    port: int
    admin: int
    log: Path

    def get(self, path: str, accept: str = "*/*") -> tuple[int, str]:
        """Status and body of an admin path; status 0 where nobody answers."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.admin}{path}", headers={"Accept": accept})
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def metric(self, name: str, **labels: str) -> float:
        """The sum of all samples of a metric that carry these labels."""
        total = 0.0
        for line in self.get("/metrics")[1].splitlines():
            if line.startswith(name + "{") and all(f'{key}="{value}"' in line for key, value in labels.items()):
                total += float(line.rpartition(" ")[2])
        return total

    def events(self) -> list[dict[str, Any]]:
        """What the drift log said so far."""
        lines = self.log.read_bytes().splitlines()
        return [json.loads(line) for line in lines if line.startswith(b"{")]

    def observer_pid(self) -> int:
        """The process id of the observer; 0 while there is none."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return int(children[0]) if children else 0


@contextlib.contextmanager
def sidecar(upstream: str, directory: Path, *arguments: str) -> Iterator[Sidecar]:
    """Run `drift-sidecar run` before `upstream` until the block is left. Ready for traffic, and the observer answers."""
    port, admin = free_port(), free_port()
    log = directory / f"drift-{port}.log"
    command = [
        *(sys.executable, "-m", "sidecar.cli", "run", "--upstream", upstream),
        *("--listen", f"127.0.0.1:{port}", "--admin", f"127.0.0.1:{admin}"),
        *("--set", "drain.notice_seconds=0", *arguments),
    ]
    environ = {key: value for key, value in os.environ.items() if not key.startswith("SIDECAR_")}
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, env=environ)
    running = Sidecar(process, port, admin, log)
    try:
        wait_until(lambda: process.poll() is not None or running.get("/api/v1/status")[0] == 200, log.name)
        assert process.poll() is None, log.read_text()
        yield running
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
