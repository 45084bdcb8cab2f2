"""JSON lines as frames."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.reading import Told, cells
from sidecar.core.words.frame import Frame
from sidecar.data import jsonl
from sidecar.data.columns import Columns
from sidecar.errors import DataError

ALL = Columns()


def frames(tmp_path: Path, *rows: Any, columns: Columns = ALL) -> list[Frame]:
    file = tmp_path / "a.jsonl"
    file.write_text("".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows))
    return list(jsonl.read(file, columns, Told()))


def test_keys_are_columns_and_one_that_is_left_out_is_missing(tmp_path: Path) -> None:
    (frame,) = frames(tmp_path, {"a": 1, "b": "x"}, "", {"b": None, "c": True})

    assert (frame.names, frame.rows) == (("a", "b", "c"), 2)
    assert cells(frame) == [1, "x", None, None, None, True]


def test_a_list_of_numbers_is_a_vector(tmp_path: Path) -> None:
    (frame,) = frames(tmp_path, {"a": 1, "v": [1, 2, 3]}, {"a": 2, "v": None}, {"a": 3, "v": [4, 5, 6]})

    assert (frame.names, cells(frame)) == (("a",), [1, 2, 3])
    assert frame.vectors is not None
    expected = np.array([[1.0, 2.0, 3.0], [np.nan] * 3, [4.0, 5.0, 6.0]])
    assert np.array_equal(frame.vectors["v"], expected, equal_nan=True)


def test_a_long_file_is_frames_of_bounded_size_in_order(tmp_path: Path) -> None:
    found = frames(tmp_path, *({"a": at} for at in range(9_000)))

    assert max(frame.rows for frame in found) <= 4_096
    assert [value for frame in found for value in cells(frame)] == list(range(9_000))


def test_progress_is_the_size_of_the_file(tmp_path: Path) -> None:
    frames(tmp_path, {"a": 1}, "", {"a": 2})
    told = Told()

    list(jsonl.read(tmp_path / "a.jsonl", Columns(), told))

    assert told.size == (tmp_path / "a.jsonl").stat().st_size


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ('{"a":', "line 2: is not JSON"),
        ("[1]", "line 2: is not an object"),
        ({"a": {"b": 1}}, "line 2, key 'a'"),
        ({"a": ["x"]}, "line 2, key 'a'"),
        ({"a": [[1], [2]]}, "line 2, key 'a'"),
    ],
)
def test_what_is_no_row_is_refused_with_its_line(tmp_path: Path, row: Any, words: str) -> None:
    with pytest.raises(DataError, match=words):
        frames(tmp_path, {"a": 1}, row)


def test_what_is_nested_can_be_left_out(tmp_path: Path) -> None:
    (frame,) = frames(tmp_path, {"a": 1, "b": {"c": 1}}, columns=Columns.of("", "b"))

    assert frame.names == ("a",)
