"""Captured exchanges as frames: what a live sidecar would have seen."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.observed import exchange
from harness.reading import Told
from sidecar.capturing.bounded_directory import BoundedDirectory
from sidecar.core.reading.capture import dumps
from sidecar.core.reading.decoders import decoders
from sidecar.core.reading.intake import Intake
from sidecar.data import captures
from sidecar.data.columns import Columns
from sidecar.errors import DataError
from sidecar.settings import DecodeSettings

EXCHANGES = [exchange([{"age": float(at), "income": 1.0}]) for at in range(5)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "captures.jsonl"
    path.write_bytes(b"\n".join(line.strip() for line in map(dumps, EXCHANGES)) + b"\n\n")
    return path


def test_the_first_line_tells_a_capture_from_other_json_lines(file: Path, tmp_path: Path) -> None:
    plain = tmp_path / "rows.jsonl"
    plain.write_text('{"age": 1}\n')
    empty = tmp_path / "empty.jsonl"
    empty.touch()

    assert captures.is_capture(file)
    assert captures.is_capture(file.rename(f"{file}.1"))
    assert not captures.is_capture(plain)
    assert not captures.is_capture(empty)


def test_exchanges_come_in_their_order_and_progress_is_the_size(file: Path) -> None:
    told = Told()

    found = list(captures.exchanges(file, told))

    assert [one.request.body for one in found] == [one.request.body for one in EXCHANGES]
    assert told.size == file.stat().st_size


def test_frames_are_those_that_live_exchanges_make(file: Path) -> None:
    settings = DecodeSettings()
    live = Intake(settings, decoders(settings))
    readings = [live.read(one, 0.0, []) for one in EXCHANGES]
    expected = [frame for reading in readings if reading for frame in reading.frames]

    assert list(captures.read(file, Columns(), Told())) == expected


def test_a_line_that_is_none_is_named(file: Path) -> None:
    with file.open("ab") as more:
        more.write(b"{}\n")

    with pytest.raises(DataError, match=r"captures\.jsonl, line 7"):
        list(captures.exchanges(file, Told()))


@pytest.mark.parametrize("cut", [1, 10, 200])
def test_a_last_line_that_is_cut_is_left_out_and_that_is_said(
    file: Path, cut: int, caplog: pytest.LogCaptureFixture
) -> None:
    with file.open("ab") as more:
        more.write(dumps(EXCHANGES[0])[:cut])

    assert len(list(captures.exchanges(file, Told()))) == 5
    assert caplog.messages == [f"{file}, line 7: is cut off, and left out"]


def test_a_last_line_without_its_newline_that_is_whole_counts(file: Path) -> None:
    file.write_bytes(file.read_bytes().rstrip())

    assert len(list(captures.exchanges(file, Told()))) == 5


def test_a_directory_is_read_in_the_order_of_its_files(tmp_path: Path) -> None:
    directory = BoundedDirectory(tmp_path / "captures", 10**6, 100)
    directory.make()
    for at in range(5):
        directory.new_path(".jsonl").write_bytes(dumps(EXCHANGES[at]))
    (directory.path / "notes.txt").write_text("nothing of ours")
    told = Told()

    found = list(captures.exchanges(directory.path, told))

    assert [one.request.body for one in found] == [one.request.body for one in EXCHANGES]
    assert captures.is_capture(directory.path)
    assert not captures.is_capture(tmp_path)
    assert captures.size_of(directory.path) == told.size
