"""Which reader a data file gets."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness.observed import exchange
from harness.reading import Told, cells
from sidecar.core.reading.capture import dumps
from sidecar.core.words.frame import Frame, Side
from sidecar.data import READERS, read_frames
from sidecar.data.columns import Columns
from sidecar.errors import DataError


def read(path: Path) -> list[Frame]:
    return list(read_frames(str(path), Columns(), Told()))


@pytest.mark.parametrize("suffix", [*READERS, ".CSV"])
def test_a_file_is_read_by_its_suffix(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"rows{suffix}"
    if suffix in (".parquet", ".pq"):
        pq.write_table(pa.table({"a": [1.0, 2.0]}), file)
    elif "js" in suffix:
        file.write_text("".join(json.dumps({"a": value}) + "\n" for value in (1.0, 2.0)))
    else:
        file.write_text("a\n1\n2\n")

    (frame,) = read(file)
    values = (
        ["1", "2"] if suffix.lower() in (".csv", ".tsv") else [1.0, 2.0]
    )  # a text stays one until its column is known
    assert msgspec.structs.replace(frame, values=cells(frame)) == Frame(Side.INPUT, ("a",), 2, 1, values)


def test_json_lines_that_are_captured_exchanges_are_read_as_such(tmp_path: Path) -> None:
    file = tmp_path / "captures.jsonl"
    file.write_bytes(dumps(exchange([{"age": 1.0}])))

    assert [(frame.side, frame.names) for frame in read(file)] == [(Side.INPUT, ("age",)), (Side.OUTPUT, ("score",))]


@pytest.mark.parametrize(("name", "words"), [("absent.csv", "is not a file"), ("rows.xlsx", "unknown suffix '.xlsx'")])
def test_what_cannot_be_read_is_said_so(tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / "rows.xlsx").touch()

    with pytest.raises(DataError, match=words):
        read(tmp_path / name)
