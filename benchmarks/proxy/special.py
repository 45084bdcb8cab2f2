"""What one measures of the sidecar alone: a stopped observer under load, memory with many features, time to start.

Neighbours: `measure` does what is common to all proxies; `limits` judges both.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
import urllib.request
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median

from benchmarks.proxy import load, process
from benchmarks.proxy.cases import Case, wide_case
from benchmarks.proxy.load import Load
from benchmarks.proxy.proxies import Machine, Upstream
from benchmarks.proxy.sidecar_process import (
    Counters,
    Sidecar,
    counters,
    make_reference,
    start_sidecar,
    start_timed,
    total,
)

STARTS = 5
WIDE = 1_000


@dataclass(frozen=True)
class Stopped:
    """The run with the observer stopped beside the same run without, and what the counters say afterwards.

    `upstream` counts the requests the upstream answered meanwhile, `counted` those the sidecar says it forwarded,
    `shed` what it says it dropped on the way to the observer.
    """

    seconds: float
    going: Load
    stopped: Load
    largest_rss: int
    largest_own_rss: int
    upstream: int
    counted: int
    shed: int
    restarts: int


@dataclass(frozen=True)
class Special:
    """The figures of this module; resident bytes with WIDE features, seconds to accept connections."""

    stopped: Stopped
    wide_rss: int
    wide_own_rss: int
    start_seconds: float


def special(
    machine: Machine, upstream: Upstream, sidecar: Sidecar, case: Case, seconds: float, stop_seconds: float
) -> Special:
    """All of them, one after the other; `sidecar` runs already and has met every case."""
    stopped = stop_observer(machine, upstream, sidecar, case, stop_seconds)
    wide = wide_memory(machine, upstream, seconds)
    return Special(stopped, wide.rss, wide.own_rss, start_seconds(machine, upstream))


def stop_observer(machine: Machine, upstream: Upstream, sidecar: Sidecar, case: Case, seconds: float) -> Stopped:
    """SIGSTOP the observer for the length of one run."""
    going = load.run(case, sidecar.proxy.port, seconds, machine.load_core, machine.folder)
    process.settle(sidecar.proxy.pid)
    before, answered = _rested(sidecar), _answered(upstream)
    observer = sidecar.observer()
    _signal(observer, signal.SIGSTOP)
    try:
        with load.started(case, sidecar.proxy.port, seconds, machine.load_core, machine.folder) as wrk:
            largest, largest_own = _largest_rss(sidecar, wrk)
            stopped = load.finish(wrk)
    finally:
        _signal(observer, signal.SIGCONT)
    after, answered_after = _rested(sidecar), _answered(upstream)
    return Stopped(
        seconds,
        going,
        stopped,
        largest,
        largest_own,
        upstream=answered_after - answered - 1,  # asking for the number is a request too
        counted=_rise(before, after, "sidecar_exchanges_total"),
        shed=_rise(before, after, "sidecar_shed_total"),
        restarts=_rise(before, after, "sidecar_observer_restarts_total"),
    )


def wide_memory(machine: Machine, upstream: Upstream, seconds: float) -> process.Usage:
    """What a sidecar with a reference of WIDE features uses after load with rows that wide."""
    reference = make_reference(machine, WIDE)
    with ExitStack() as stack:
        sidecar = start_sidecar(stack, machine, upstream, WIDE, reference)
        load.run(wide_case(WIDE), sidecar.proxy.port, seconds, machine.load_core, machine.folder)
        process.settle(sidecar.proxy.pid)
        counters(sidecar)  # a scrape is part of its life
        return process.usage(sidecar.proxy.pid)


def start_seconds(machine: Machine, upstream: Upstream) -> float:
    """Median seconds from starting the command to the first accepted connection."""
    reference = str(machine.folder / "reference-20.json")
    found = []
    for _ in range(STARTS):
        with ExitStack() as stack:
            _, seconds = start_timed(stack, machine, upstream, 20, reference)
            found.append(seconds)
    return median(found)


def _signal(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        os.kill(pid, number)


def _largest_rss(sidecar: Sidecar, wrk: subprocess.Popen[str]) -> tuple[int, int]:
    largest = largest_own = 0
    while wrk.poll() is None:
        used = process.usage(sidecar.proxy.pid)
        largest, largest_own = max(largest, used.rss), max(largest_own, used.own_rss)
        time.sleep(0.5)
    return largest, largest_own


def _rested(sidecar: Sidecar) -> Counters:
    """The counters once the observer has read all that waited and the next snapshots."""
    time.sleep(1)
    process.settle(sidecar.proxy.pid, 30)
    return counters(sidecar)


def _answered(upstream: Upstream) -> int:
    """Requests the upstream has taken so far: the third number of nginx's stub_status."""
    with urllib.request.urlopen(f"http://127.0.0.1:{upstream.port}/status", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return int(lines[2].split()[2])


def _rise(before: Counters, after: Counters, name: str) -> int:
    return round(total(after, name) - total(before, name))
