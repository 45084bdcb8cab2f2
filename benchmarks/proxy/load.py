"""Runs wrk on the load core and reads what it found.

Neighbours: `post.lua`, which wrk runs, and `cases`. It knows nothing of proxies beyond a port.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.proxy.cases import Case

SCRIPT = Path(__file__).with_name("post.lua")


@dataclass(frozen=True)
class Load:
    """One run of wrk: requests answered, seconds, latencies in microseconds, failed requests of any kind."""

    requests: int
    seconds: float
    p50_us: float
    p99_us: float
    max_us: float
    errors: int

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds


@contextmanager
def started(case: Case, port: int, seconds: float, core: int, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """wrk, running; `finish` waits for it and reads its result."""
    bodies = folder / f"{case.name}.bodies"
    if not bodies.exists():
        bodies.write_bytes(b"\n".join(case.bodies) + b"\n")
    command = ["taskset", "-c", str(core), "wrk", "-t1", f"-c{case.connections}", f"-d{seconds:.0f}s", "--timeout=30s"]
    command += ["-s", str(SCRIPT), f"http://127.0.0.1:{port}{case.path}"]
    settings = {
        "BENCH_BODIES": str(bodies),
        "BENCH_TYPE": case.content_type,
        "BENCH_FRESH": "1" if case.fresh_heads else "",
    }
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | settings) as wrk:
        try:
            yield wrk
        finally:
            if wrk.poll() is None:
                wrk.terminate()


def finish(wrk: subprocess.Popen[str]) -> Load:
    """Wait for the end. Raises RuntimeError if wrk failed."""
    output, _ = wrk.communicate()
    for line in output.splitlines():
        if line.startswith("RESULT "):
            return Load(**json.loads(line.removeprefix("RESULT ")))
    raise RuntimeError(f"wrk ended with {wrk.returncode} and no result: {output}")


def run(case: Case, port: int, seconds: float, core: int, folder: Path) -> Load:
    """One run from start to end."""
    with started(case, port, seconds, core, folder) as wrk:
        return finish(wrk)
