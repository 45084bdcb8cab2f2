"""What a process and its descendants use, read from /proc (proc(5)): CPU time and resident memory.

Linux only. Neighbours: `proxies` starts the processes, `measure` asks.
"""

from __future__ import annotations

import os
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Usage:
    """CPU seconds (user and system) and resident bytes, of the process itself and of all its descendants."""

    own_cpu: float
    descendants_cpu: float
    own_rss: int
    descendants_rss: int

    @property
    def cpu(self) -> float:
        """CPU seconds of all of them."""
        return self.own_cpu + self.descendants_cpu

    @property
    def rss(self) -> int:
        """Resident bytes of all of them; pages they share are counted for each."""
        return self.own_rss + self.descendants_rss


def usage(pid: int) -> Usage:
    """Of the process `pid` and its descendants. Raises ProcessLookupError if it has ended."""
    stats = _stats()
    if pid not in stats:
        raise ProcessLookupError(pid)
    below = [stats[other] for other in _below(pid, stats)]
    own = stats[pid]
    return Usage(own.cpu, sum(one.cpu for one in below), own.rss, sum(one.rss for one in below))


def descendants(pid: int) -> list[int]:
    """Ids of the children of `pid`, their children, and so on."""
    return _below(pid, _stats())


def settle(pid: int, limit_seconds: float = 5.0, step_seconds: float = 0.1) -> None:
    """Wait until the process and its descendants rest: what they put off belongs to the run that caused it."""
    deadline = time.monotonic() + limit_seconds
    before = usage(pid).cpu
    while time.monotonic() < deadline:
        time.sleep(step_seconds)
        now = usage(pid).cpu
        if now - before <= 1.5 / _TICKS:
            return
        before = now


@dataclass(frozen=True)
class _Stat:
    parent: int
    cpu: float
    rss: int


def _stats() -> dict[int, _Stat]:
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                found[int(entry.name)] = _parse((entry / "stat").read_text())
            except (FileNotFoundError, ProcessLookupError):  # it ended while we looked
                continue
    return found


def _parse(line: str) -> _Stat:
    """Fields 4 (parent), 14 and 15 (ticks), 24 (pages); the name, field 2, may hold blanks and brackets."""
    fields = line[line.rindex(")") + 2 :].split()
    return _Stat(int(fields[1]), (int(fields[11]) + int(fields[12])) / _TICKS, int(fields[21]) * _PAGE)


def _below(pid: int, stats: dict[int, _Stat]) -> list[int]:
    children = defaultdict(list)
    for other, stat in stats.items():
        children[stat.parent].append(other)
    found: list[int] = []
    waiting = [pid]
    while waiting:
        below = children[waiting.pop()]
        found += below
        waiting += below
    return found
