"""Parquet files as frames."""

from __future__ import annotations

import datetime
import decimal
import math
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness.reading import Told, cells
from sidecar.core.words.frame import Frame
from sidecar.data import parquet
from sidecar.data.columns import Columns
from sidecar.errors import DataError

WHEN = datetime.datetime(2026, 11, 23, 20, 15, tzinfo=datetime.UTC)
MIDNIGHT = WHEN.replace(hour=0, minute=0)

ALL = Columns()


def frames(tmp_path: Path, columns: dict[str, Any], chosen: Columns = ALL) -> list[Frame]:
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    return list(parquet.read(tmp_path / "a.parquet", chosen, Told()))


@pytest.mark.parametrize(
    ("column", "values"),
    [
        (pa.array([1, None, 3]), [1.0, math.nan, 3.0]),
        (pa.array([0.5, None]), [0.5, math.nan]),
        (pa.array([True, False, None]), [True, False, None]),
        (pa.array(["x", None]), ["x", None]),
        (pa.array(["x", "y", "x"]).dictionary_encode(), ["x", "y", "x"]),
        (pa.array([decimal.Decimal("1.25")]), [1.25]),
        (pa.array([WHEN], pa.timestamp("ms", tz="UTC")), [WHEN.timestamp()]),
        (pa.array([WHEN.date()], pa.date32()), [MIDNIGHT.timestamp()]),
    ],
    ids=["whole", "real", "boolean", "text", "dictionary", "decimal", "timestamp", "date"],
)
def test_a_column_of_any_plain_type_is_cells(tmp_path: Path, column: Any, values: list[Any]) -> None:
    (frame,) = frames(tmp_path, {"a": column})

    found = cells(frame)
    assert [type(value) for value in found] == [type(value) for value in values]
    assert found == [pytest.approx(value, nan_ok=True) if isinstance(value, float) else value for value in values]


def test_lists_of_numbers_are_vectors(tmp_path: Path) -> None:
    (frame,) = frames(tmp_path, {"a": [1, 2], "v": [[1.0, 2.0], [3.0, 4.0]]})

    assert frame.vectors is not None
    assert np.array_equal(frame.vectors["v"], [[1.0, 2.0], [3.0, 4.0]])
    assert frame.names == ("a",)


def test_fields_of_an_object_are_columns_of_their_own(tmp_path: Path) -> None:
    (frame,) = frames(tmp_path, {"a": [1], "odd": pa.array([{"b": 2.0, "c": {"d": "x"}}])})

    assert frame.names == ("a", "odd.b", "odd.c.d")
    assert cells(frame) == [1.0, 2.0, "x"]


@pytest.mark.parametrize(("excluded", "left"), [("odd", ("a",)), ("odd.c.d", ("a", "odd.b"))])
def test_an_object_can_be_left_out_whole_or_by_field(tmp_path: Path, excluded: str, left: tuple[str, ...]) -> None:
    columns = {"a": [1], "odd": pa.array([{"b": 2.0, "c": {"d": "x"}}])}

    (frame,) = frames(tmp_path, columns, Columns.of("", excluded))

    assert frame.names == left


@pytest.mark.parametrize(
    "column",
    [pa.array([["x"]]), pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int64())), pa.array([b"\xff"])],
    ids=["texts", "map", "bytes"],
)
def test_what_is_nested_or_binary_is_refused_by_name_and_can_be_left_out(tmp_path: Path, column: Any) -> None:
    with pytest.raises(DataError, match="column 'odd'"):
        frames(tmp_path, {"a": [1], "odd": column})

    (frame,) = frames(tmp_path, {"a": [1], "odd": column}, Columns.of("", "odd"))
    assert frame.names == ("a",)


def test_a_long_file_is_frames_of_bounded_size_and_progress_is_its_size(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": range(80_000)}), tmp_path / "a.parquet")
    told = Told()

    found = list(parquet.read(tmp_path / "a.parquet", Columns(), told))

    assert max(frame.rows for frame in found) <= 1 << 15
    assert [value for frame in found for value in cells(frame)] == list(range(80_000))
    assert told.size == pytest.approx((tmp_path / "a.parquet").stat().st_size, rel=0.01)


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_text("a,b")

    with pytest.raises(DataError, match="cannot be read as Parquet"):
        list(parquet.read(tmp_path / "a.parquet", Columns(), Told()))


def test_floats_of_fewer_bits_are_told_by_column_and_side(tmp_path: Path) -> None:
    columns = {
        "half": pa.array([0.5, 1.5], pa.float16()),
        "p": pa.array([0.25, 0.75], pa.float32()),
        "gone": pa.array([1.0, 2.0], pa.float32()),
        "single": pa.array([0.1, 0.7], pa.float32()),
        "double": [0.1, 0.7],
        "word": ["a", "b"],
    }

    inputs, outputs = frames(tmp_path, columns, Columns.of("p", "gone"))
    (doubles,) = frames(tmp_path, {"a": [0.5], "b": ["x"]})

    assert (inputs.names, inputs.precisions) == (("half", "single", "double", "word"), ("float16", "float32", "", ""))
    assert (outputs.names, outputs.precisions) == (("p",), ("float32",))
    assert doubles.precisions == ()
