from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

from harness.observed import exchange
from harness.reading import Told
from sidecar.core.reading.capture import dumps, loads
from sidecar.core.words.events import ExchangeSeen
from sidecar.data import captures
from sidecar.errors import SettingsError
from sidecar.settings import CaptureSettings
from sidecar.sinks.capture import Capture

LINE = len(dumps(exchange()))


def capture(path: Path, **settings: object) -> Capture:
    return Capture(CaptureSettings(path=str(path), **settings), random.Random(1), 5.0)  # type: ignore[arg-type]


def test_each_exchange_is_a_line_that_reads_back(tmp_path: Path) -> None:
    sink = capture(tmp_path / "c.jsonl")
    for _ in range(3):
        sink.handle(ExchangeSeen(exchange(), 0))
    lines = (tmp_path / "c.jsonl").read_bytes().splitlines()
    assert [loads(line).status for line in lines] == [200, 200, 200]
    assert sink.results == {"sent": 3}


def test_the_file_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    capture(tmp_path / "c.jsonl")
    assert (tmp_path / "c.jsonl").stat().st_mode & 0o777 == 0o600


def test_the_file_rotates_before_it_passes_its_size_and_keeps_one_older_one(tmp_path: Path) -> None:
    sink = capture(tmp_path / "c.jsonl", max_bytes=3 * LINE)
    for _ in range(10):
        sink.handle(ExchangeSeen(exchange(), 0))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c.jsonl", "c.jsonl.1"]
    assert (tmp_path / "c.jsonl").stat().st_size == LINE
    assert (tmp_path / "c.jsonl.1").stat().st_size == 3 * LINE


def test_an_existing_file_is_continued(tmp_path: Path) -> None:
    capture(tmp_path / "c.jsonl").handle(ExchangeSeen(exchange(), 0))
    capture(tmp_path / "c.jsonl").handle(ExchangeSeen(exchange(), 0))
    assert len((tmp_path / "c.jsonl").read_bytes().splitlines()) == 2


def test_sampling_keeps_about_its_share(tmp_path: Path) -> None:
    sink = capture(tmp_path / "c.jsonl", sample_ratio=0.25)
    for _ in range(400):
        sink.handle(ExchangeSeen(exchange(), 0))
    assert 70 <= sink.results["sent"] <= 130


def test_masks_are_applied_before_anything_is_written(tmp_path: Path) -> None:
    sink = capture(tmp_path / "c.jsonl", mask=("age",))
    sink.handle(ExchangeSeen(exchange([{"age": 77.125, "income": 1.0}]), 0))
    assert b"77.125" not in (tmp_path / "c.jsonl").read_bytes()


def test_a_line_longer_than_the_file_may_be_is_dropped_and_counted(tmp_path: Path) -> None:
    sink = capture(tmp_path / "c.jsonl", max_bytes=100)
    sink.handle(ExchangeSeen(exchange(), 0))
    assert sink.results == {"dropped": 1}


def test_a_write_that_fails_is_counted_and_raises_nothing() -> None:
    sink = capture(Path("/dev/full"))
    sink.handle(ExchangeSeen(exchange(), 0))
    assert sink.results == {"failed": 1}


def test_a_directory_that_vanished_is_counted_and_raises_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    sink = capture(folder / "c.jsonl", max_bytes=LINE)
    sink.handle(ExchangeSeen(exchange(), 0))
    (folder / "c.jsonl").unlink()
    folder.rmdir()
    sink.handle(ExchangeSeen(exchange(), 0))
    assert sink.results == {"sent": 1, "failed": 1}


def test_a_file_that_cannot_be_opened_is_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"capture\.path"):
        capture(tmp_path / "absent" / "c.jsonl")


def test_a_file_that_was_deleted_is_begun_again_so_that_what_counts_as_sent_is_there(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    sink = capture(path)
    sink.handle(ExchangeSeen(exchange(), 0))
    path.unlink()
    sink.handle(ExchangeSeen(exchange(), 0))
    assert sink.results == {"sent": 2}
    assert len(path.read_bytes().splitlines()) == 1


def test_a_full_disk_is_said(caplog: pytest.LogCaptureFixture) -> None:
    sink = capture(Path("/dev/full"))
    for _ in range(3):
        sink.handle(ExchangeSeen(exchange(), 0))
    assert sink.results == {"failed": 3}
    (message,) = caplog.messages
    assert "No space left on device" in message


def test_nothing_is_captured_beyond_the_mark_of_the_disk_and_that_is_counted_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sink = capture(tmp_path / "c.jsonl", min_free_ratio=1.0)
    sink.handle(ExchangeSeen(exchange(), 0))
    assert sink.results == {"dropped": 1}
    assert "less than 100.0% of the disk is free" in caplog.text


@pytest.mark.parametrize("there", [True, False])
def test_a_directory_gets_files_that_stay_within_twice_max_bytes(tmp_path: Path, there: bool) -> None:
    folder = tmp_path / "captures"
    if there:
        folder.mkdir()
    sink = Capture(
        CaptureSettings(path=str(folder) if there else f"{folder}/", max_bytes=16 * LINE), random.Random(1), 5.0
    )
    for _ in range(100):
        sink.handle(ExchangeSeen(exchange(), 0))
    sink.flush()
    assert sink.results == {"sent": 100}
    sizes = [path.stat().st_size for path in folder.iterdir()]
    assert len(sizes) == 16
    assert set(sizes) == {2 * LINE}


def test_parquet_in_a_directory_is_there_after_the_flush_and_reads_back(tmp_path: Path) -> None:
    sink = capture(tmp_path, format="parquet")
    for _ in range(7):
        sink.handle(ExchangeSeen(exchange(), 0))
    sink.flush()
    assert sink.results == {"sent": 7}
    assert [one.status for one in captures.exchanges(tmp_path, Told())] == [200] * 7
    assert captures.is_capture(tmp_path)


def test_parquet_in_one_file_is_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="End it in `/`"):
        capture(tmp_path / "c.parquet", format="parquet")


def test_parquet_without_its_library_is_refused_at_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(SettingsError, match=r"drift-sidecar\[parquet\]"):
        capture(tmp_path, format="parquet")
