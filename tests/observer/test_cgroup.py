from __future__ import annotations

from pathlib import Path

from sidecar.core.words.containers import CgroupView
from sidecar.observer.cgroup import read_cgroup

VERSION_2 = {
    "cpu.stat": "usage_usec 2500000\nuser_usec 1\nnr_periods 5\nnr_throttled 2\nthrottled_usec 300000\n",
    "memory.current": "104857600\n",
    "memory.max": "268435456\n",
    "memory.events": "low 0\noom 3\noom_kill 1\n",
}
VERSION_1 = {
    "cpu,cpuacct/cpuacct.usage": "2500000000\n",
    "cpu,cpuacct/cpu.stat": "nr_periods 5\nnr_throttled 2\nthrottled_time 300000000\n",
    "memory/memory.usage_in_bytes": "104857600\n",
    "memory/memory.limit_in_bytes": "268435456\n",
    "memory/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n",
}
EXPECTED = CgroupView(2.5, 0.3, 104_857_600, 268_435_456, 1)


def laid_out(folder: Path, files: dict[str, str], own: str) -> tuple[Path, Path]:
    root, proc = folder / "cgroup", folder / "proc_self_cgroup"
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    proc.write_text(own)
    return root, proc


def test_version_two_as_a_container_sees_it(tmp_path: Path) -> None:
    assert read_cgroup(*laid_out(tmp_path, VERSION_2, "0::/\n")) == EXPECTED


def test_version_two_in_a_path_of_its_own(tmp_path: Path) -> None:
    files = {f"system.slice/model/{name}": text for name, text in VERSION_2.items()}
    assert read_cgroup(*laid_out(tmp_path, files, "0::/system.slice/model\n")) == EXPECTED


def test_version_one_whose_paths_are_the_host_s(tmp_path: Path) -> None:
    own = "9:name=systemd:/docker/abc\n7:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n0::/docker/abc\n"
    assert read_cgroup(*laid_out(tmp_path, VERSION_1, own)) == EXPECTED


def test_without_a_limit_there_is_none(tmp_path: Path) -> None:
    two = read_cgroup(*laid_out(tmp_path / "two", VERSION_2 | {"memory.max": "max\n"}, "0::/\n"))
    huge = VERSION_1 | {"memory/memory.limit_in_bytes": "9223372036854771712\n"}
    one = read_cgroup(*laid_out(tmp_path / "one", huge, "7:memory:/\n4:cpu,cpuacct:/\n"))
    assert two is not None
    assert one is not None
    assert two.limit_bytes is one.limit_bytes is None


def test_where_there_is_nothing_to_read_nothing_is_said(tmp_path: Path) -> None:
    assert read_cgroup(*laid_out(tmp_path, {}, "0::/\n")) is None
    assert read_cgroup(tmp_path, tmp_path / "absent") is None
