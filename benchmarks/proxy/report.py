"""The tables, as Markdown, and the place in docs/benchmarks.md they go to.

Neighbours: `measure`, `special` and `limits` give the figures. The prose around the tables is written by hand.
"""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.proxy.cases import Case
from benchmarks.proxy.limits import MB, Bound
from benchmarks.proxy.measure import DIRECT, SIDECAR, Fleet, Runs
from benchmarks.proxy.sidecar_process import Counters, total
from benchmarks.proxy.special import WIDE, Special

BEGIN = "<!-- tables: begin (written by `make bench-proxy`) -->"
END = "<!-- tables: end -->"


def render(
    fleet: Fleet, cases: Sequence[Case], runs: Runs, special: Special | None, bounds: Sequence[Bound], conditions: str
) -> str:
    """All tables as one Markdown text."""
    parts = [conditions]
    parts += [_case_table(fleet, case, runs) for case in cases]
    if fleet.sidecars:
        parts += [_ratios(fleet, cases, runs), _work(cases, runs)]
    if special:
        parts += [_special(special)]
    parts += [bounds_table(bounds)]
    return "\n\n".join(parts) + "\n"


def conditions(rounds: int, seconds: float, versions: Sequence[str], busy: float) -> str:
    """When, where and how: the paragraph above the tables. `busy` is the load average before the first run."""
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return (
        f"Measured {now} at commit {_commit()}: {_cpu_model()}, {os.cpu_count()} cores, Linux {platform.release()}, "
        f"Python {platform.python_version()}. {'; '.join(versions)}. Medians of {rounds} rounds of "
        f"{seconds:.0f} s each; load average before the first {busy:.2f}."
    )


def bounds_table(bounds: Sequence[Bound]) -> str:
    """What was promised, what was found."""
    words = {True: "kept", False: "**missed**", None: "not measured"}
    rows = [[bound.what, _figure(bound.measured, bound.unit), _limit(bound), words[bound.kept]] for bound in bounds]
    return "### Bounds\n\n" + _table(["bound", "measured", "limit", ""], rows)


def write(path: Path, text: str) -> None:
    """Replace what stands between the marks. Raises ValueError if they are not there."""
    page = path.read_text()
    if BEGIN not in page or END not in page:
        raise ValueError(f"{path} lacks the marks {BEGIN} and {END}")
    head, tail = page.partition(BEGIN)[0], page.partition(END)[2]
    path.write_text(f"{head}{BEGIN}\n\n{text}\n{END}{tail}")


def _case_table(fleet: Fleet, case: Case, runs: Runs) -> str:
    header = ["", "CPU us/request", "requests/s", "p50 us", "p99 us", "added p50", "added p99", "memory MB", "failed"]
    rows = [_case_row(name, case, runs) for name in fleet.names()]
    return f"### {case.title}\n\n" + _table(header, rows)


def _case_row(name: str, case: Case, runs: Runs) -> list[str]:
    direct = name == DIRECT
    found = runs.of(name, case.name)
    return [
        f"**{name}**" if name == SIDECAR else name,
        "" if direct else _figure(runs.median(name, case.name, lambda run: run.cpu_us)),
        _figure(runs.median(name, case.name, lambda run: run.load.rate)),
        _figure(runs.median(name, case.name, lambda run: run.load.p50_us)),
        _figure(runs.median(name, case.name, lambda run: run.load.p99_us)),
        "" if direct else _figure(runs.added(name, case.name, lambda run: run.load.p50_us)),
        "" if direct else _figure(runs.added(name, case.name, lambda run: run.load.p99_us)),
        "" if direct else _figure(runs.median(name, case.name, lambda run: run.rss / MB)),
        str(sum(run.load.errors for run in found)),
    ]


def _ratios(fleet: Fleet, cases: Sequence[Case], runs: Runs) -> str:
    peers = [name for name in fleet.proxies if name != DIRECT]
    rows = [
        [case.title, *(_figure(runs.ratio(case.name, SIDECAR, peer, lambda run: run.cpu_us)) for peer in peers)]
        for case in cases
    ]
    return "### CPU per request of the whole sidecar, as a multiple of each peer's\n\n" + _table(["", *peers], rows)


def _work(cases: Sequence[Case], runs: Runs) -> str:
    """Where the sidecar's CPU goes, and how much of what passed it looked at (an exchange has two messages)."""
    header = [
        "",
        "traffic process us",
        "observer us",
        "exchanges",
        "messages decoded",
        "shed",
        "of them bodies",
        "rows",
    ]
    rows = [_work_row(case, runs) for case in cases if runs.of(SIDECAR, case.name)]
    return "### What the sidecar did\n\n" + _table(header, rows)


def _work_row(case: Case, runs: Runs) -> list[str]:
    found = runs.of(SIDECAR, case.name)

    def rise(name: str) -> float:
        return sum(_sum(run.after, name) - _sum(run.before, name) for run in found)

    exchanges = rise("sidecar_exchanges_total")
    return [
        case.title,
        _figure(runs.median(SIDECAR, case.name, lambda run: run.own_us)),
        _figure(runs.median(SIDECAR, case.name, lambda run: run.others_us)),
        f"{exchanges:,.0f}",
        f"{rise('sidecar_decoded_total/ok'):,.0f}",
        f"{rise('sidecar_shed_total'):,.0f}",
        f"{rise('sidecar_shed_total/body'):,.0f}",
        f"{rise('model_rows_total'):,.0f}",
    ]


def _sum(found: Counters, name: str) -> float:
    return found.get(name, 0.0) if "/" in name else total(found, name)


def _special(special: Special) -> str:
    stopped = special.stopped
    rows = [
        ["requests/s", _figure(stopped.going.rate), _figure(stopped.stopped.rate)],
        ["p50 us", _figure(stopped.going.p50_us), _figure(stopped.stopped.p50_us)],
        ["p99 us", _figure(stopped.going.p99_us), _figure(stopped.stopped.p99_us)],
        ["failed", str(stopped.going.errors), str(stopped.stopped.errors)],
    ]
    return (
        f"### The observer stopped for {stopped.seconds:.0f} s\n\n{_table(['', 'going', 'stopped'], rows)}\n\n"
        f"Meanwhile the upstream took {stopped.upstream:,} requests; when it went on, the sidecar's counters had risen "
        f"by {stopped.counted:,}, of which it says it shed {stopped.shed:,}. At most {stopped.largest_rss / MB:.1f} MB "
        f"were resident ({stopped.largest_own_rss / MB:.1f} MB of them the traffic process).\n\n"
        f"With {WIDE:,} features {special.wide_rss / MB:.1f} MB are resident ({special.wide_own_rss / MB:.1f} MB of "
        f"them the traffic process). Connections are accepted {special.start_seconds:.2f} s after the start."
    )


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _limit(bound: Bound) -> str:
    return f"{'at least' if bound.at_least else 'at most'} {bound.limit:g}{_unit(bound.unit)}"


def _figure(value: float | None, unit: str = "") -> str:
    """Three significant digits, whole numbers above a hundred."""
    if value is None:
        return ""
    text = f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"
    return text + _unit(unit)


def _unit(unit: str) -> str:
    return unit if unit in ("", "x") else f" {unit}"


def _commit() -> str:
    found = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--exclude=*"], capture_output=True, text=True, check=False
    )
    return found.stdout.strip() or "unknown"


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
