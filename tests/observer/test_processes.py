from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.program import eventually
from sidecar.observer.processes import read_containers, read_processes
from sidecar.settings import ContainerSettings

MARK = "a-model-of-its-own"
PROGRAM = f"import time  # {MARK}\nblock = bytearray(50_000_000)\nx = sum(range(3_000_000))\ntime.sleep(60)"


@pytest.fixture
def model() -> Iterator[int]:
    process = subprocess.Popen([sys.executable, "-c", PROGRAM])
    yield process.pid
    process.kill()
    process.wait()


def test_the_model_s_processes_are_found_by_their_command_line_and_measured(model: int) -> None:
    eventually(lambda: (found := read_processes(MARK)) and found.memory_bytes > 50_000_000)

    found = read_processes(MARK)

    assert found is not None
    assert found.threads >= 1
    assert found.descriptors == len(list(Path(f"/proc/{model}/fd").iterdir()))
    assert found.cpu_seconds > 0
    assert abs(found.started - time.time()) < 60


def test_what_is_not_there_is_not_made_up() -> None:
    assert read_processes("no such model anywhere") is None
    assert read_containers(ContainerSettings()).model is None
