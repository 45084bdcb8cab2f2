from __future__ import annotations

import io
from pathlib import Path

import msgspec
import pandas
import pyarrow.parquet as pq
import pytest

from harness.observed import TRACE, exchange
from sidecar.capturing import parquet
from sidecar.core.reading.capture import Part, Record, record
from sidecar.core.words.exchange import Message, Outcome

RECORDS = [
    record(exchange(), frozenset()),
    record(exchange(trace=TRACE, status=503, outcome=Outcome.UPSTREAM_GONE), frozenset()),
    record(
        msgspec.structs.replace(exchange(), request=Message(b"", b"\xff\xfe", 9, True), response=Message()), frozenset()
    ),
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "c.parquet"
    with path.open("wb") as file:
        parquet.write(RECORDS, file)
    return path


def test_records_read_back_as_they_were(file: Path) -> None:
    assert list(parquet.read(file)) == RECORDS


def test_every_field_of_a_record_is_a_column(file: Path) -> None:
    of_side = {f"{side}_{field}" for side in parquet.SIDES for field in Part.__struct_fields__}
    others = set(Record.__struct_fields__) - {*parquet.SIDES, "started_ns", "version"}

    assert set(pq.read_schema(file).names) == of_side | others | {"started"}


def test_pandas_reads_it_with_times_as_times(file: Path) -> None:
    table = pandas.read_parquet(file)

    assert list(table.status) == [200, 503, 200]
    assert table.started[0] == pandas.Timestamp(RECORDS[0].started_ns, tz="UTC")
    assert dict(table.request_headers[0]) == RECORDS[0].request.headers


def test_only_what_was_written_here_holds_records(file: Path, tmp_path: Path) -> None:
    pandas.DataFrame({"a": [1]}).to_parquet(tmp_path / "rows.parquet")
    (tmp_path / "cut.parquet").write_bytes(file.read_bytes()[:-10])

    assert parquet.holds_records(file)
    assert not parquet.holds_records(tmp_path / "rows.parquet")
    assert not parquet.holds_records(tmp_path / "cut.parquet")


def test_it_is_much_smaller_than_json_lines_of_like_exchanges() -> None:
    file = io.BytesIO()
    records = [RECORDS[0]] * 500
    parquet.write(records, file)

    assert len(file.getvalue()) < sum(len(one.request.body) for one in records) / 4
