"""Records of exchanges as Parquet, and back: a row each, with the fields of the JSON line as columns.

The fields of a request and of its response are columns with these words before them. The schema's metadata says which version of
the record it is. Needs pyarrow (`drift-sidecar[parquet]`), which is imported when the first function is called.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from operator import attrgetter
from pathlib import Path
from typing import IO, Any

import msgspec

from sidecar.core.reading.capture import VERSION, Part, Record

VERSION_KEY = b"drift_sidecar.capture"
SIDES = ("request", "response")
_COMPRESSION = "snappy"
_REPEATING = ["method", "path", "route", "outcome"]
"""Columns that a dictionary makes small; on bodies it would cost time and save nothing."""
_SOUGHT = ["started", "status", "route"]
"""Columns with statistics, by which readers skip row groups."""
_BATCH_ROWS = 256


@functools.cache
def _types() -> tuple[dict[str, Any], dict[str, Any]]:
    """Types of the columns of an exchange, and of those of each side beside its headers."""
    import pyarrow as pa

    text, number, flag = pa.string(), pa.int64(), pa.bool_()
    of_exchange = {
        "started": pa.timestamp("ns", "UTC"),
        "duration_ns": number,
        "first_byte_ns": number,
        "method": text,
        "path": text,
        "route": text,
        "status": pa.int16(),
        "outcome": text,
        "trace_id": text,
        "span_id": text,
    }
    of_side = {
        "body_bytes": number,
        "body": text,
        "body_base64": text,
        "truncated": flag,
        "withheld": flag,
    }
    return of_exchange, of_side


def write(records: Sequence[Record], file: IO[bytes]) -> None:
    """Write a file of one row group. Raises OSError."""
    import pyarrow.parquet as pq

    pq.write_table(_table(records), file, compression=_COMPRESSION, use_dictionary=_REPEATING, write_statistics=_SOUGHT)


def read(file: Path) -> Iterator[Record]:
    """The records in order. Raises ValueError or OSError, of pyarrow too, for a file that holds none."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(file) as parquet:
        version = int((parquet.schema_arrow.metadata or {}).get(VERSION_KEY, b"0"))
        for batch in parquet.iter_batches(_BATCH_ROWS):
            started = batch.column("started").cast("int64").to_pylist()
            rows = batch.drop_columns(["started"]).to_pylist()
            for row, at in zip(rows, started, strict=True):
                yield _record(row, at, version)


def holds_records(file: Path) -> bool:
    """Whether a Parquet file was written here; False for one that cannot be read, and without pyarrow."""
    try:
        import pyarrow.parquet as pq

        return VERSION_KEY in (pq.read_schema(file).metadata or {})
    except (ImportError, ValueError, OSError):  # pyarrow's own errors are ValueErrors and OSErrors
        return False


def _table(records: Sequence[Record]) -> Any:
    import pyarrow as pa

    of_exchange, of_side = _types()
    columns = {name: pa.array(_values(records, _field(name)), kind) for name, kind in of_exchange.items()}
    for side in SIDES:
        parts: list[Part] = _values(records, side)
        columns[f"{side}_headers"] = _headers(parts)
        for name, kind in of_side.items():
            columns[f"{side}_{name}"] = pa.array(_values(parts, name), kind)
    return pa.table(columns).replace_schema_metadata({VERSION_KEY: str(VERSION)})


def _field(column: str) -> str:
    return "started_ns" if column == "started" else column


def _values(structs: Sequence[Any], field: str) -> list[Any]:
    return list(map(attrgetter(field), structs))


def _headers(parts: Sequence[Part]) -> Any:
    """Maps of names to values, made of flat lists, which takes half the time of lists of pairs."""
    import pyarrow as pa

    names: list[str] = []
    values: list[str] = []
    ends = [0]
    for part in parts:
        names += part.headers
        values += part.headers.values()
        ends.append(len(names))
    return pa.MapArray.from_arrays(
        pa.array(ends, pa.int32()), pa.array(names, pa.string()), pa.array(values, pa.string())
    )


def _record(row: dict[str, Any], started_ns: int, version: int) -> Record:
    for side in SIDES:
        prefix = f"{side}_"
        part = {name.removeprefix(prefix): row.pop(name) for name in [*row] if name.startswith(prefix)}
        row[side] = part | {"headers": dict(part["headers"])}
    return msgspec.convert({**row, "started_ns": started_ns, "version": version}, Record)
