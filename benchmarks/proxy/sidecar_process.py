"""The sidecar with everything on, started as its users start it: `drift-sidecar run` with a reference and tracing.

Neighbours: `proxies` pins and ends it. It is looked at from outside only: /proc and `/metrics`.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass

from benchmarks.proxy.cases import reference_csv
from benchmarks.proxy.process import descendants
from benchmarks.proxy.proxies import Machine, Proxy, Upstream, await_port, free_port, spawn

COMMAND = (sys.executable, "-m", "sidecar.cli")
REFERENCE_ROWS = 5_000
OBSERVER_SECONDS = 30.0
"""How long an observer may take to come up, load the reference and answer."""

_SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$")
_KEPT = ("stage", "sink", "result")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')

Counters = Mapping[str, float]
"""Sums by name and some labels; see `counters`."""


@dataclass(frozen=True)
class Sidecar:
    """A running sidecar and the reference it holds."""

    proxy: Proxy
    admin_port: int
    features: int

    def observer(self) -> list[int]:
        """Process ids of the observer (all descendants of the traffic process)."""
        return descendants(self.proxy.pid)


def make_reference(machine: Machine, features: int) -> str:
    """A reference of that many features, made by `drift-sidecar profile`. Returns its path."""
    data = machine.folder / f"reference-{features}.csv"
    data.write_text(reference_csv(features, REFERENCE_ROWS))
    output = machine.folder / f"reference-{features}.json"
    subprocess.run([*COMMAND, "profile", str(data), "-o", str(output)], check=True, stdout=subprocess.DEVNULL)
    return str(output)


def start_sidecar(stack: ExitStack, machine: Machine, upstream: Upstream, features: int, reference: str) -> Sidecar:
    """Both processes on the proxy core; returns when the traffic process accepts and the observer answers."""
    sidecar, _ = start_timed(stack, machine, upstream, features, reference)
    _await_observer(sidecar)
    return sidecar


def start_timed(
    stack: ExitStack, machine: Machine, upstream: Upstream, features: int, reference: str
) -> tuple[Sidecar, float]:
    """The sidecar as soon as it accepts connections, and the seconds that took."""
    port, admin = free_port(), free_port()
    command = [*COMMAND, "run", "--upstream", f"127.0.0.1:{upstream.port}", "--reference", reference]
    command += ["--listen", f"127.0.0.1:{port}", "--admin", f"127.0.0.1:{admin}"]
    command += ["--set", f"trace.endpoint=http://127.0.0.1:{upstream.collector_port}/v1/traces"]
    command += ["--set", "drain.notice_seconds=0", "--set", "drain.timeout_seconds=1"]  # only its end is hastened
    log = machine.folder / f"sidecar-{features}-{port}.log"
    begin = time.monotonic()
    process = spawn(stack, command, machine.proxy_core, log)
    await_port(port, process, log, every_seconds=0.002)
    seconds = time.monotonic() - begin
    return Sidecar(Proxy("sidecar", port, process.pid), admin, features), seconds


def counters(sidecar: Sidecar) -> Counters:
    """What `/metrics` says: `name/stage/sink/result` (the labels it has of these) and the sum over all others.

    Reading it tells more than one needs; only `sidecar_*` and `model_rows_total` are kept.
    """
    url = f"http://127.0.0.1:{sidecar.admin_port}/metrics"
    with urllib.request.urlopen(url, timeout=10) as answer:
        return _sums(answer.read().decode())


def _sums(text: str) -> dict[str, float]:
    sums: dict[str, float] = {}
    for line in text.splitlines():
        found = _SAMPLE.match(line)
        if found is None:
            continue
        name, labels, value = found.groups()
        if not name.startswith("sidecar_") and name != "model_rows_total":
            continue
        said = dict(_LABEL.findall(labels or ""))
        key = "/".join([name, *(said[label] for label in _KEPT if label in said)])
        sums[key] = sums.get(key, 0.0) + float(value)
    return sums


def total(found: Counters, name: str) -> float:
    """The sum of all samples of one metric."""
    return sum(value for key, value in found.items() if key.split("/")[0] == name)


def _await_observer(sidecar: Sidecar) -> None:
    deadline = time.monotonic() + OBSERVER_SECONDS
    while time.monotonic() < deadline:
        if counters(sidecar).get("sidecar_observer_up") == 1:
            return
        time.sleep(0.1)
    raise RuntimeError(f"the observer did not come up within {OBSERVER_SECONDS:.0f} s")
