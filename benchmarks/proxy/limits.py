"""The project's bounds on what it costs, each judged by figures of this run.

A bound that could not be measured (a peer was left out) is neither kept nor broken, and is shown as that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.proxy.measure import SIDECAR, Run, Runs
from benchmarks.proxy.sidecar_process import total
from benchmarks.proxy.special import Special

MB = 1_000_000


@dataclass(frozen=True)
class Bound:
    """One line of the verdict: what, measured against limit. `at_least` turns the comparison round."""

    what: str
    measured: float | None
    limit: float
    unit: str
    at_least: bool = False

    @property
    def kept(self) -> bool | None:
        """None if it was not measured."""
        if self.measured is None:
            return None
        return self.measured >= self.limit if self.at_least else self.measured <= self.limit


def judge(runs: Runs, special: Special | None) -> list[Bound]:
    """Every bound, in the order of the issue that set them."""
    return _cpu(runs) + _latency(runs) + _large(runs) + _errors(runs) + _memory(runs) + _special(special)


def _cpu(runs: Runs) -> list[Bound]:
    return [
        Bound("CPU per request, 32 connections: sidecar / Envoy", _ratio(runs, "envoy", _cpu_us), 0.9, "x"),
        Bound("CPU per request, 32 connections: sidecar / Go", _ratio(runs, "go", _cpu_us), 0.6, "x"),
        Bound("CPU per request, 32 connections: traffic process / nginx", _own_ratio(runs, "nginx"), 1.5, "x"),
    ]


def _latency(runs: Runs) -> list[Bound]:
    return [
        Bound("added p50, 1 connection: sidecar / nginx", _added_ratio(runs, "nginx", _p50), 1.3, "x"),
        Bound("added p99, 1 connection: sidecar / Envoy", _added_ratio(runs, "envoy", _p99), 1.0, "x"),
    ]


def _large(runs: Runs) -> list[Bound]:
    return [
        Bound(f"throughput, {title}: sidecar / nginx", runs.ratio(case, SIDECAR, "nginx", _rate), 0.8, "x", True)
        for case, title in (("large", "1 MiB of bytes"), ("large-json", "1 MiB of V2 JSON"))
    ]


def _errors(runs: Runs) -> list[Bound]:
    found = [run for run in runs.all if run.proxy == SIDECAR]
    failed = float(sum(run.load.errors for run in found)) if found else None
    spans = found[-1].after.get("sidecar_sink_events_total/otlp/sent", 0.0) if found else None
    rows = sum(total(run.after, "model_rows_total") - total(run.before, "model_rows_total") for run in found)
    return [
        Bound("requests that failed through the sidecar, all cases", failed, 0, ""),
        Bound("rows decoded, all cases (that the work was done)", rows if found else None, 1, "", True),
        Bound("spans exported (that tracing was on)", spans, 1, "", True),
    ]


def _memory(runs: Runs) -> list[Bound]:
    found = [run for run in runs.all if run.proxy == SIDECAR and run.case != "batch"]
    own = max(run.own_rss for run in found) / MB if found else None
    both = max(run.rss for run in found) / MB if found else None
    return [
        Bound("resident memory of the traffic process, largest of all cases", own, 32, "MB"),
        Bound("resident memory of both, 20 features, largest of all cases", both, 110, "MB"),
    ]


def _special(special: Special | None) -> list[Bound]:
    stopped = special.stopped if special else None
    seconds = f"observer stopped for {stopped.seconds:.0f} s" if stopped else "observer stopped"
    return [
        Bound("resident memory of both, 1,000 features", special.wide_rss / MB if special else None, 150, "MB"),
        Bound("from start to accepting connections", special.start_seconds if special else None, 0.5, "s"),
        Bound(f"{seconds}: requests that failed", float(stopped.stopped.errors) if stopped else None, 0, ""),
        Bound(
            f"{seconds}: p99 / p99 of the run without",
            stopped.stopped.p99_us / stopped.going.p99_us if stopped else None,
            1.2,
            "x",
        ),
        Bound(f"{seconds}: resident memory of both", stopped.largest_rss / MB if stopped else None, 110, "MB"),
        Bound(f"{seconds}: traffic process", stopped.largest_own_rss / MB if stopped else None, 32, "MB"),
        Bound(f"{seconds}: sheds counted", float(stopped.shed) if stopped else None, 1, "", True),
        Bound(
            f"{seconds}: requests the counters miss or invent",
            float(abs(stopped.counted - stopped.upstream)) if stopped else None,
            0,
            "",
        ),
        Bound(f"{seconds}: observers started anew", float(stopped.restarts) if stopped else None, 0, ""),
    ]


def _ratio(runs: Runs, peer: str, value: Callable[[Run], float]) -> float | None:
    return runs.ratio("many", SIDECAR, peer, value)


def _own_ratio(runs: Runs, peer: str) -> float | None:
    """The traffic process alone beside all of the peer (whose work is in its workers)."""
    return runs.ratio("many", SIDECAR, peer, lambda run: run.own_us if run.proxy == SIDECAR else run.cpu_us)


def _added_ratio(runs: Runs, peer: str, value: Callable[[Run], float]) -> float | None:
    """None also if the peer added nothing: then the machine was too busy to tell."""
    ours, theirs = runs.added(SIDECAR, "one", value), runs.added(peer, "one", value)
    if ours is None or theirs is None or theirs <= 0:
        return None
    return ours / theirs


def _cpu_us(run: Run) -> float:
    return run.cpu_us


def _p50(run: Run) -> float:
    return run.load.p50_us


def _p99(run: Run) -> float:
    return run.load.p99_us


def _rate(run: Run) -> float:
    return run.load.rate
