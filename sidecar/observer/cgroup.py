"""Reads the cgroup of this process: version 2, or the controllers of version 1. Never writes, and needs no privilege."""

from __future__ import annotations

from pathlib import Path

from sidecar.core.words.containers import CgroupView

_NO_LIMIT = 1 << 60
"""Version 1 expresses `no limit` as a number beyond any memory."""


def read_cgroup(root: Path = Path("/sys/fs/cgroup"), proc: Path = Path("/proc/self/cgroup")) -> CgroupView | None:
    """The view of our own cgroup; None if there is none to read, as on some machines outside of containers."""
    try:
        paths = _paths(proc.read_text())
        return _version2(_folder(root, paths[""])) if "" in paths else _version1(root, paths)
    except (OSError, ValueError, KeyError):
        return None


def _paths(text: str) -> dict[str, str]:
    """Controller -> path; the key of version 2 is empty, and absent if version 1 has the controllers."""
    lines = [line.split(":", 2) for line in text.splitlines()]
    found = {name: path for _, names, path in lines for name in names.split(",")}
    if len(found) > 1:
        found.pop("", None)  # a hybrid: version 2 has no controllers
    return found


def _folder(mount: Path, path: str) -> Path:
    """The folder of a path. In a container the path is the host's, while the mount is the container's own cgroup."""
    inner = mount / path.lstrip("/")
    return inner if inner.is_dir() and path != "/" else mount


def _version2(folder: Path) -> CgroupView:
    cpu = _table(folder / "cpu.stat")
    limit = (folder / "memory.max").read_text().strip()
    return CgroupView(
        cpu_seconds=cpu["usage_usec"] / 1e6,
        throttled_seconds=cpu.get("throttled_usec", 0) / 1e6,
        memory_bytes=int((folder / "memory.current").read_text()),
        limit_bytes=None if limit == "max" else int(limit),
        oom_events=_table(folder / "memory.events").get("oom_kill", 0),
    )


def _version1(root: Path, paths: dict[str, str]) -> CgroupView:
    cpu = _folder(_mount(root, "cpu"), paths["cpu"])
    account = _folder(_mount(root, "cpuacct"), paths["cpuacct"])
    memory = _folder(root / "memory", paths["memory"])
    limit = int((memory / "memory.limit_in_bytes").read_text())
    return CgroupView(
        cpu_seconds=int((account / "cpuacct.usage").read_text()) / 1e9,
        throttled_seconds=_table(cpu / "cpu.stat").get("throttled_time", 0) / 1e9,
        memory_bytes=int((memory / "memory.usage_in_bytes").read_text()),
        limit_bytes=None if limit >= _NO_LIMIT else limit,
        oom_events=_table(memory / "memory.oom_control").get("oom_kill", 0),
    )


def _mount(root: Path, controller: str) -> Path:
    """`cpu` and `cpuacct` may be mounted together."""
    return root / controller if (root / controller).is_dir() else root / "cpu,cpuacct"


def _table(file: Path) -> dict[str, int]:
    """A file of lines `key number`."""
    return {key: int(value) for key, _, value in (line.partition(" ") for line in file.read_text().splitlines())}
