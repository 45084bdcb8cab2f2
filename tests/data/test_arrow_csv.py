"""CSV by pyarrow and by the standard library: the same cells, and the same words where a file is none."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.reading import Told
from sidecar.core.words.cells import listed
from sidecar.core.words.frame import Frame
from sidecar.data import arrow_csv
from sidecar.data.columns import Columns
from sidecar.data.csv import header_of, read, read_by_line
from sidecar.data.progress import Silent
from sidecar.errors import DataError

CELLS = ["1", "01", "-0.5", "NA", "", " x ", 'say "yes"', "two\nlines", "a,b", "a;b", "\t", "é", "nan", "1e5", "x\r\ny"]


def rows(width: int) -> st.SearchStrategy[list[list[str]]]:
    return st.lists(st.lists(st.sampled_from(CELLS), min_size=width, max_size=width), min_size=1, max_size=30)


def columns(frames: Any) -> list[list[Any]]:
    found: list[list[Any]] = []
    for frame in frames:
        assert isinstance(frame, Frame)
        found = found or [[] for _ in range(frame.width)]
        for at, cells in enumerate(found):
            cells.extend(listed(frame.column(at)))
    return found


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "with a mark"])
@settings(derandomize=True, deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    table=st.integers(2, 4).flatmap(rows),
    line_end=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_both_readers_give_the_cells_that_were_written(
    tmp_path: Path, separator: str, mark: bytes, table: list[list[str]], line_end: str, quoting: Any
) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, lineterminator=line_end, quoting=quoting)
    header = [f"co\nl{at}" for at in range(len(table[0]))]
    writer.writerows([header, *table])
    path = tmp_path / "a.csv"
    path.write_bytes(mark + text.getvalue().encode())

    by_arrow, by_line = (columns(how(path, Columns(), Silent())) for how in (read, read_by_line))

    assert by_arrow == by_line == [list(column) for column in zip(*table, strict=True)]


@pytest.mark.parametrize("rows", [10, 60_000])
def test_what_is_wrong_far_into_a_file_is_said_with_its_line(tmp_path: Path, rows: int) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b\n" + 'x,"two\nlines"\n' * rows + "1\n")

    with pytest.raises(DataError, match=f"line {2 * rows + 2}: has 1 cells, the header 2"):
        columns(read(path, Columns(), Silent()))


def test_rows_that_only_the_standard_library_reads_are_read_once(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    names = [f"c{at}" for at in range(20)]
    long = ["y" * 100_000] * len(names)  # together more than pyarrow takes for one row
    path.write_text("\n".join(map(",".join, [names, *[names] * 60_000, long])))

    by_arrow, by_line = (columns(how(path, Columns(), Silent())) for how in (read, read_by_line))

    assert len(by_arrow[0]) == 60_001
    assert by_arrow == by_line


MARK = b"\xef\xbb\xbf"


def parts(tmp_path: Path, text: bytes, excluded: Collection[str] = (), told: Told | None = None) -> list[Any]:
    file = tmp_path / "a.csv"
    file.write_bytes(text)
    with file.open(encoding="utf-8-sig", newline="") as lines:
        header = header_of(file, lines)
    read = arrow_csv.read(file, header, excluded, told or Told())
    return [(names, [listed(column) for column in columns], rows) for names, columns, rows in read]


@pytest.mark.parametrize("mark", [b"", MARK], ids=["plain", "with a mark"])
def test_cells_are_texts_as_they_are_written_below_the_header(tmp_path: Path, mark: bytes) -> None:
    (read,) = parts(tmp_path, mark + 'é;"b\nb"\n01;NA\n;"x;\ny"\n'.encode())

    assert read == (["é", "b\nb"], [["01", ""], ["NA", "x;\ny"]], 2)


def test_excluded_columns_are_not_read_and_rows_are_counted_though_all_are(tmp_path: Path) -> None:
    text = b"a,b,c\n1,2,3\n4,5,6\n"

    assert parts(tmp_path, text, {"b"}) == [(["a", "c"], [["1", "4"], ["3", "6"]], 2)]
    assert parts(tmp_path, text, {"a", "b", "c"}) == [([], [], 2)]


@pytest.mark.parametrize("text", [b"a,b\n", b"a,b", MARK + b"a,b\n"])
def test_a_header_alone_has_no_rows(tmp_path: Path, text: bytes) -> None:
    assert parts(tmp_path, text) == []


def test_a_long_file_comes_in_parts_in_order_and_tells_its_progress(tmp_path: Path) -> None:
    told = Told()
    cells = [f"{at:07}" for at in range(300_000)]

    read = parts(tmp_path, "\n".join(["a", *cells]).encode(), told=told)

    assert max(rows for *_, rows in read) <= (1 << 20) // 8 + 1  # a block, and what the one before had of a row
    assert [cell for _, (column,), _ in read for cell in column] == cells
    assert sum(rows for *_, rows in read) == len(cells)
    assert told.size == (tmp_path / "a.csv").stat().st_size


def test_progress_is_the_size_of_the_file_whatever_is_left_out(tmp_path: Path) -> None:
    told = Told()

    parts(tmp_path, b"a,b\n" + b"1,a long text\n" * 300_000, {"b"}, told)

    assert told.size == (tmp_path / "a.csv").stat().st_size


@pytest.mark.parametrize("rows", [b"1\n", b"1,2,3\n", b"\xff,2\n"], ids=["short", "long", "Latin 1"])
def test_what_it_cannot_read_it_leaves_to_another(tmp_path: Path, rows: bytes) -> None:
    with pytest.raises(arrow_csv.BalkedError):
        parts(tmp_path, b"a,b\n1,2\n" + b"x,y\n" * 4_000 + rows)
