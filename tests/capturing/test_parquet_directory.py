from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.observed import exchange
from sidecar.capturing import parquet
from sidecar.capturing.bounded_directory import BoundedDirectory
from sidecar.capturing.outcomes import Outcomes
from sidecar.capturing.parquet_directory import UNFINISHED, Group, ParquetDirectory
from sidecar.core.reading.capture import record

RECORD = record(exchange(), frozenset())
LONG = 3600.0


def made(path: Path, full: Group, max_bytes: int = 10**9) -> tuple[ParquetDirectory, Outcomes]:
    outcomes = Outcomes("capture")
    return ParquetDirectory(BoundedDirectory(path, max_bytes, 100), full, outcomes), outcomes


def eventually(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def rows(path: Path) -> list[int]:
    return [len(list(parquet.read(file))) for file in sorted(path.glob("*.parquet"))]


def test_a_file_is_written_when_it_is_full_and_the_rest_at_the_end(tmp_path: Path) -> None:
    directory, outcomes = made(tmp_path, Group(4, 10**6, LONG))
    for _ in range(4):
        directory.append(RECORD)
    eventually(lambda: outcomes.results["sent"] == 4)
    directory.append(RECORD)
    directory.close(20)

    assert rows(tmp_path) == [4, 1]
    assert outcomes.results == {"sent": 5}
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_bytes_and_age_make_it_full_too(tmp_path: Path) -> None:
    by_bytes, outcomes = made(tmp_path / "bytes", Group(10**6, 600, LONG))
    by_bytes.append(RECORD)
    eventually(lambda: outcomes.results["sent"] == 1)
    by_age, outcomes = made(tmp_path / "age", Group(10**6, 10**6, 0.05))
    by_age.append(RECORD)
    eventually(lambda: outcomes.results["sent"] == 1)


def test_more_than_two_groups_are_not_held_but_dropped_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tmp_path / "slow")
    monkeypatch.setattr(BoundedDirectory, "new_path", lambda self, suffix: tmp_path / "slow")
    (tmp_path / f"slow{UNFINISHED}").hardlink_to(
        tmp_path / "slow"
    )  # opening it waits for a reader, as a hung disk does
    directory, outcomes = made(tmp_path, Group(10, 10**6, LONG))
    for _ in range(10):
        directory.append(RECORD)
    eventually(lambda: not directory._records)
    for _ in range(50):
        directory.append(RECORD)

    assert outcomes.results == {"dropped": 30}
    os.close(os.open(tmp_path / "slow", os.O_RDONLY | os.O_NONBLOCK))


def test_a_directory_that_cannot_be_written_costs_what_was_held_and_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    directory, outcomes = made(tmp_path / "d", Group(2, 10**6, LONG))
    shutil.rmtree(tmp_path / "d")
    (tmp_path / "d").touch()
    for _ in range(2):
        directory.append(RECORD)
    eventually(lambda: outcomes.results["failed"] == 2)
    assert "FileExistsError" in caplog.text

    (tmp_path / "d").unlink()
    directory.append(RECORD)
    directory.close(20)
    assert rows(tmp_path / "d") == [1]


def test_the_oldest_files_go_to_keep_the_bounds(tmp_path: Path) -> None:
    directory, outcomes = made(tmp_path, Group(1, 10**6, LONG), max_bytes=40_000)
    written = [0]
    for written[0] in range(1, 13):
        directory.append(RECORD)
        eventually(lambda: outcomes.results["sent"] == written[0])
    directory.close(20)

    sizes = [path.stat().st_size for path in tmp_path.iterdir()]
    assert 1 < len(sizes) < 12
    assert sum(sizes) <= 40_000


def test_a_process_that_is_killed_leaves_only_files_that_can_be_read(tmp_path: Path) -> None:
    program = (
        "from tests.capturing.test_parquet_directory import *\n"
        f"directory, _ = made(Path({str(tmp_path)!r}), Group(20, 10**6, LONG))\n"
        "while time.sleep(0.0005) is None: directory.append(RECORD)"
    )
    process = subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.DEVNULL)
    eventually(lambda: len(list(tmp_path.glob("*.parquet"))) > 3)
    process.send_signal(signal.SIGKILL)
    process.wait()

    assert {count >= 20 for count in rows(tmp_path)} == {True}
    (tmp_path / f"x.parquet{UNFINISHED}").write_bytes(b"cut")
    made(tmp_path, Group(1, 1, LONG))
    assert not list(tmp_path.glob(f"*{UNFINISHED}"))
