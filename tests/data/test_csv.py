"""CSV files as frames."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.reading import Told, cells
from sidecar.core.words.frame import Frame, Side
from sidecar.data import csv
from sidecar.data.columns import Columns
from sidecar.errors import DataError

ALL = Columns()
Reader = Callable[[Path, Columns, Told], Iterator[Frame]]


def frames(tmp_path: Path, text: str | bytes, columns: Columns = ALL) -> list[Frame]:
    file = tmp_path / "a.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return list(csv.read(file, columns, Told()))


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_the_one_that_the_header_has_most_of(tmp_path: Path, separator: str) -> None:
    (frame,) = frames(tmp_path, "a,b c\n1,x\n2,y\n".replace(",", separator))

    assert (frame.side, frame.names, frame.rows, cells(frame)) == (Side.INPUT, ("a", "b c"), 2, ["1", "x", "2", "y"])


@pytest.mark.parametrize("cell", ["1e3", "-0.5", "", "NA", "nan", " x ", "01"])
def test_a_cell_stays_as_it_is_written_until_its_column_says_what_it_is(tmp_path: Path, cell: str) -> None:
    (frame,) = frames(tmp_path, f"a,b\n{cell},1\n")

    assert cells(frame) == [cell, "1"]


def test_quotes_are_no_part_of_a_cell(tmp_path: Path) -> None:
    (frame,) = frames(tmp_path, 'a,b\n"a,b","say ""yes"""\n')

    assert cells(frame) == ["a,b", 'say "yes"']


def test_a_mark_of_utf_8_and_blank_lines_are_no_data(tmp_path: Path) -> None:
    (frame,) = frames(tmp_path, b"\xef\xbb\xbfa,b\n\n1,2\n\n")

    assert (frame.names, cells(frame)) == (("a", "b"), ["1", "2"])


@pytest.mark.parametrize("reader", [csv.read, csv.read_by_line])
def test_a_long_file_comes_whole_and_in_order(tmp_path: Path, reader: Reader) -> None:
    (tmp_path / "a.csv").write_text("a\n" + "".join(f"{at}\n" for at in range(10_000)))

    found = list(reader(tmp_path / "a.csv", ALL, Told()))

    assert [value for frame in found for value in cells(frame)] == [str(at) for at in range(10_000)]


def test_read_by_line_it_is_frames_of_bounded_size_and_progress_is_the_file_s(tmp_path: Path) -> None:
    file, told = tmp_path / "a.csv", Told()
    file.write_text("a\n" + "1\n" * 10_000)

    found = list(csv.read_by_line(file, ALL, told))

    assert max(frame.rows for frame in found) <= 4_096
    assert told.size == pytest.approx(file.stat().st_size, rel=0.01)


def test_outputs_are_a_frame_of_their_own(tmp_path: Path) -> None:
    asked, answered = frames(tmp_path, "a,y,b\n1,2,3\n", Columns.of("y", ""))

    assert (asked.side, asked.names, cells(asked)) == (Side.INPUT, ("a", "b"), ["1", "3"])
    assert (answered.side, answered.names, cells(answered)) == (Side.OUTPUT, ("y",), ["2"])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b\n1,2\n3\n", "line 3: has 1 cells, the header 2"),
        ('a,b\n"x\ny",2\n3\n', "line 4: has 1 cells"),
        ("", "is empty"),
        ("1,2\n3,4\n", "line 1: holds only numbers"),
        ('a,b\n"1,2\n', "is not CSV"),
        (b"a\n\xe4\n", "is not UTF-8"),
        ("a,a\n1,2\n", "more than one column 'a'"),
    ],
    ids=["ragged", "ragged after a cell of two lines", "empty", "no header", "open quote", "Latin 1", "twice"],
)
def test_what_is_no_table_is_refused_with_its_line(tmp_path: Path, text: str | bytes, words: str) -> None:
    with pytest.raises(DataError, match=words):
        frames(tmp_path, text)
