"""CSV files as frames."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.reading import Told
from sidecar.core.words.frame import Frame, Side
from sidecar.data import csv
from sidecar.data.columns import Columns
from sidecar.errors import DataError

ALL = Columns()


def frames(tmp_path: Path, text: str | bytes, columns: Columns = ALL) -> list[Frame]:
    file = tmp_path / "a.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return list(csv.read(file, columns, Told()))


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_the_one_that_the_header_has_most_of(tmp_path: Path, separator: str) -> None:
    (frame,) = frames(tmp_path, "a,b c\n1,x\n2,y\n".replace(",", separator))

    assert (frame.side, frame.names, frame.rows, frame.values) == (Side.INPUT, ("a", "b c"), 2, [1.0, "x", 2.0, "y"])


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("1e3", 1000.0),
        ("-0.5", -0.5),
        ("", None),
        ("NA", None),
        ("null", None),
        ("x1", "x1"),
        ('"a,b"', "a,b"),
    ],
)
def test_a_cell_is_a_number_if_it_is_one_and_missing_if_it_says_so(tmp_path: Path, cell: str, value: Any) -> None:
    (frame,) = frames(tmp_path, f"a,b\n{cell},1\n")

    assert frame.values == [value, 1.0]


def test_a_mark_of_utf_8_and_blank_lines_are_no_data(tmp_path: Path) -> None:
    (frame,) = frames(tmp_path, b"\xef\xbb\xbfa,b\n\n1,2\n\n")

    assert (frame.names, frame.values) == (("a", "b"), [1.0, 2.0])


def test_a_long_file_is_frames_of_bounded_size_in_order_and_progress_is_its_size(tmp_path: Path) -> None:
    text = "a\n" + "".join(f"{at}\n" for at in range(10_000))
    (tmp_path / "a.csv").write_text(text)
    told = Told()

    found = list(csv.read(tmp_path / "a.csv", Columns(), told))

    assert max(frame.rows for frame in found) <= 4_096
    assert [value for frame in found for value in frame.values] == [float(at) for at in range(10_000)]
    assert told.size == pytest.approx(len(text), rel=0.01)


def test_outputs_are_a_frame_of_their_own(tmp_path: Path) -> None:
    asked, answered = frames(tmp_path, "a,y,b\n1,2,3\n", Columns.of("y", ""))

    assert (asked.side, asked.names, asked.values) == (Side.INPUT, ("a", "b"), [1.0, 3.0])
    assert (answered.side, answered.names, answered.values) == (Side.OUTPUT, ("y",), [2.0])


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
