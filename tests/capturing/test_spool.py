from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from sidecar.capturing.disk import DiskMark
from sidecar.capturing.spool import Spool

LINE = b"%08d\n"


def spool(path: Path, max_bytes: int = 4000, segment_bytes: int = 100) -> Spool:
    return Spool(path, max_bytes, DiskMark(str(path), 0), segment_bytes)


def drained(box: Spool, most: int = 10**6) -> list[int]:
    found: list[int] = []
    while len(found) < most and (line := box.oldest()) is not None:
        found.append(int(line))
        box.settle()
    return found


def test_lines_come_out_in_their_order_while_others_go_in(tmp_path: Path) -> None:
    box, rng = spool(tmp_path, 10**6), random.Random(1)
    put = 0
    found: list[int] = []
    for _ in range(200):
        for _ in range(rng.randrange(10)):
            assert box.put(LINE % put) == ""
            put += 1
        found += drained(box, rng.randrange(10))
    found += drained(box)
    assert found == list(range(put))
    assert box.waiting() == 0


def test_segments_that_were_read_are_removed(tmp_path: Path) -> None:
    box = spool(tmp_path)
    for at in range(100):
        box.put(LINE % at)
    assert len(list(tmp_path.glob("*.spool"))) == 10
    drained(box)
    assert len(list(tmp_path.glob("*.spool"))) == 1


def test_beyond_its_bound_the_newest_is_refused_until_there_is_room(tmp_path: Path) -> None:
    box = spool(tmp_path, 900)
    taken = [box.put(LINE % at) for at in range(120)]
    assert taken == [""] * 100 + ["the spool is full"] * 20
    assert sum(path.stat().st_size for path in tmp_path.glob("*.spool")) == 900
    assert drained(box) == list(range(100))
    assert box.put(LINE % 7) == ""
    assert drained(box) == [7]


def test_a_restart_goes_on_where_the_last_one_was_settled(tmp_path: Path) -> None:
    first = spool(tmp_path)
    for at in range(50):
        first.put(LINE % at)
    drained(first, 17)
    first.oldest()

    again = spool(tmp_path)
    again.put(LINE % 50)

    assert drained(again) == list(range(17, 51))


@pytest.mark.parametrize("note", [b"", b"rubbish", b"000000000001 ", b"000000000099 000000000005\n"])
def test_without_a_readable_note_lines_are_repeated_and_none_is_lost(tmp_path: Path, note: bytes) -> None:
    first = spool(tmp_path)
    for at in range(5):
        first.put(LINE % at)
    drained(first, 3)
    (tmp_path / "position").write_bytes(note)

    assert drained(spool(tmp_path)) == list(range(5))


@pytest.mark.parametrize("cut", range(1, 9))
def test_a_line_that_a_crash_cut_is_left_out(tmp_path: Path, cut: int) -> None:
    first = spool(tmp_path)
    first.put(LINE % 1)
    with next(tmp_path.glob("*.spool")).open("ab") as file:
        file.write((LINE % 2)[:cut])

    again = spool(tmp_path)
    again.put(LINE % 3)

    assert drained(again) == [1, 3]


def test_long_lines_are_read_whole(tmp_path: Path) -> None:
    box = spool(tmp_path, 10**7, 10**6)
    lines = [bytes([65 + at]) * size + b"\n" for at, size in enumerate((10, 70_000, 65_535, 300_000, 1))]
    for line in lines:
        box.put(line)
    found = []
    while (line := box.oldest()) is not None:  # type: ignore[assignment]  # None ends it
        found.append(line)
        box.settle()
    assert found == lines


def test_beyond_the_mark_of_the_disk_nothing_is_taken(tmp_path: Path) -> None:
    box = Spool(tmp_path, 1000, DiskMark(str(tmp_path), 1.0))
    assert box.put(b"x\n") == "less than 100.0% of the disk is free"


def test_a_directory_that_was_deleted_costs_what_was_in_it_and_no_room(tmp_path: Path) -> None:
    box = spool(tmp_path / "s", 900)
    for at in range(100):
        box.put(LINE % at)
    shutil.rmtree(tmp_path / "s")
    assert drained(box, 1) == []
    assert box.put(LINE % 7) == ""
    assert drained(box) == [7]
