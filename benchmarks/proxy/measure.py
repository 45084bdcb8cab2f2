"""The rounds: every proxy in turn with every case, and what each run cost.

Turns are interleaved, and the first one moves on by one each round, so that whatever else the machine does meets all of
them alike. Neighbours: `load` sends, `process` reads the CPU, `report` and `limits` judge.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.proxy import load, process
from benchmarks.proxy.cases import Case
from benchmarks.proxy.load import Load
from benchmarks.proxy.proxies import Machine, Proxy
from benchmarks.proxy.sidecar_process import Counters, Sidecar, counters

DIRECT = "direct"
SIDECAR = "sidecar"


@dataclass(frozen=True)
class Run:
    """One proxy under one case once: CPU microseconds per request of its first process and of the others."""

    round: int
    proxy: str
    case: str
    load: Load
    own_us: float
    others_us: float
    own_rss: int
    others_rss: int
    before: Counters
    after: Counters

    @property
    def cpu_us(self) -> float:
        """CPU microseconds per request of all processes of the proxy."""
        return self.own_us + self.others_us

    @property
    def rss(self) -> int:
        """Resident bytes of all processes of the proxy, after the run."""
        return self.own_rss + self.others_rss


@dataclass(frozen=True)
class Fleet:
    """Everything that can be asked: proxies by name, and a sidecar for each width of reference."""

    proxies: Mapping[str, Proxy]
    sidecars: Mapping[int, Sidecar]

    def names(self) -> list[str]:
        """In the order of the tables."""
        return [*self.proxies, *([SIDECAR] if self.sidecars else [])]


class Runs:
    """What was measured, by round, case and proxy."""

    def __init__(self, runs: Sequence[Run]) -> None:
        self.all = list(runs)

    def of(self, proxy: str, case: str) -> list[Run]:
        """In the order of the rounds; empty if it was not measured."""
        return [run for run in self.all if run.proxy == proxy and run.case == case]

    def median(self, proxy: str, case: str, value: Callable[[Run], float]) -> float | None:
        """Over the rounds."""
        found = self.of(proxy, case)
        return median(map(value, found)) if found else None

    def ratio(self, case: str, one: str, other: str, value: Callable[[Run], float]) -> float | None:
        """Median over the rounds of the ratio within a round."""
        return self._paired(case, one, other, lambda a, b: value(a) / value(b) if value(b) else float("inf"))

    def added(self, proxy: str, case: str, value: Callable[[Run], float]) -> float | None:
        """Median over the rounds of the difference to the direct run of the same round."""
        return self._paired(case, proxy, DIRECT, lambda a, b: value(a) - value(b))

    def _paired(self, case: str, one: str, other: str, join: Callable[[Run, Run], float]) -> float | None:
        others = {run.round: run for run in self.of(other, case)}
        found = [join(run, others[run.round]) for run in self.of(one, case) if run.round in others]
        return median(found) if found else None


def measure(
    fleet: Fleet, cases: Sequence[Case], rounds: int, seconds: float, machine: Machine, say: Callable[[str], None]
) -> Runs:
    """All rounds, after one short run of each that is not counted."""
    names = fleet.names()
    for name in names:
        for case in cases:
            _one(fleet, name, case, -1, 1, machine)
    runs = []
    for number in range(rounds):
        for case in cases:
            for place in range(len(names)):
                run = _one(fleet, names[(place + number) % len(names)], case, number, seconds, machine)
                runs.append(run)
                say(
                    f"round {number + 1}  {case.name:<11}{run.proxy:<9}{run.load.rate:>9.0f}/s  cpu {run.cpu_us:8.1f} us"
                    f"  p50 {run.load.p50_us:8.0f} us  p99 {run.load.p99_us:8.0f} us  errors {run.load.errors}"
                )
    return Runs(runs)


def _one(fleet: Fleet, name: str, case: Case, number: int, seconds: float, machine: Machine) -> Run:
    sidecar = fleet.sidecars[case.features] if name == SIDECAR else None
    proxy = sidecar.proxy if sidecar else fleet.proxies[name]
    before = counters(sidecar) if sidecar else {}
    if not proxy.pid:
        found = load.run(case, proxy.port, seconds, machine.load_core, machine.folder)
        return Run(number, name, case.name, found, 0, 0, 0, 0, {}, {})
    process.settle(proxy.pid)
    start = process.usage(proxy.pid)
    found = load.run(case, proxy.port, seconds, machine.load_core, machine.folder)
    process.settle(proxy.pid)
    stop = process.usage(proxy.pid)
    per_request = 1e6 / max(found.requests, 1)
    return Run(
        number,
        name,
        case.name,
        found,
        own_us=(stop.own_cpu - start.own_cpu) * per_request,
        others_us=(stop.descendants_cpu - start.descendants_cpu) * per_request,
        own_rss=stop.own_rss,
        others_rss=stop.descendants_rss,
        before=before,
        after=counters(sidecar) if sidecar else {},
    )
