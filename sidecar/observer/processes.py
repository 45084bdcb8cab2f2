"""Reads the model's processes from /proc, where the pod shares its process namespace. Reads only what any user may
read.

A process is the model's if its cgroup is neither ours nor the pause container's. Where a pod has further containers, a
word in the command line identifies the model.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from sidecar.core.words.containers import ContainersView, ProcessesView
from sidecar.observer.cgroup import read_cgroup
from sidecar.settings import ContainerSettings

_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_PAUSES = {"pause", "catatonit"}


def read_containers(settings: ContainerSettings) -> ContainersView:
    """Our own cgroup, and the model's processes if the settings ask for them."""
    model = read_processes(settings.model_command) if settings.model_processes else None
    return ContainersView(read_cgroup(), model)


class _Process(NamedTuple):
    name: str
    cpu_ticks: int
    threads: int
    start_ticks: int
    pages: int
    descriptors: int | None


def read_processes(command: str = "", proc: Path = Path("/proc")) -> ProcessesView | None:
    """The processes of the model together; `command` is part of their command line. None if there are none."""
    found = list(_model(command, proc))
    if not found:
        return None
    booted = _booted(proc)
    descriptors = [one.descriptors for one in found if one.descriptors is not None]
    return ProcessesView(
        cpu_seconds=sum(one.cpu_ticks for one in found) / _TICK,
        memory_bytes=sum(one.pages for one in found) * _PAGE,
        threads=sum(one.threads for one in found),
        descriptors=sum(descriptors) if len(descriptors) == len(found) else None,
        started=booted + min(one.start_ticks for one in found) / _TICK,
    )


def _model(command: str, proc: Path) -> Iterator[_Process]:
    ours = (proc / "self" / "cgroup").read_bytes()
    for folder in proc.iterdir():
        if not folder.name.isdigit():
            continue
        try:
            if command:
                chosen = command.encode() in (folder / "cmdline").read_bytes().replace(b"\0", b" ")
            else:
                chosen = (folder / "cgroup").read_bytes() != ours
            process = _read(folder) if chosen else None
        except OSError:  # the process has ended
            continue
        if process is not None and process.name not in _PAUSES:
            yield process


def _read(folder: Path) -> _Process:
    """See proc(5), `stat`: the fields after the name, which stands in parentheses and may hold anything."""
    before, _, after = (folder / "stat").read_text().rpartition(")")
    fields = after.split()
    name = before.partition("(")[2]
    cpu = int(fields[11]) + int(fields[12])
    return _Process(name, cpu, int(fields[17]), int(fields[19]), int(fields[21]), _descriptors(folder))


def _descriptors(folder: Path) -> int | None:
    try:
        return sum(1 for _ in (folder / "fd").iterdir())
    except OSError:
        return None


def _booted(proc: Path) -> float:
    lines = (proc / "stat").read_text().splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith("btime ")))
