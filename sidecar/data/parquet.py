"""Reads Parquet, batch by batch. Needs the extra `parquet`, because pyarrow is larger than all other dependencies."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sidecar.core.binning.rounding import FLOAT16, FLOAT32
from sidecar.core.words.frame import Frame
from sidecar.data.columns import Columns, Places
from sidecar.data.progress import Progress
from sidecar.errors import DataError

SUFFIXES = (".parquet", ".pq")

_CHUNK = 1 << 15
_BUFFER_BYTES = 1 << 18


def read(file: Path, columns: Columns, progress: Progress) -> Iterator[Frame]:
    """Frames of some ten thousand rows. Raises DataError, which names the column at fault."""
    import_pyarrow(file)
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        parquet: Any = pq.ParquetFile(
            file, pre_buffer=False, buffer_size=_BUFFER_BYTES
        )  # else it keeps all it has read
        schema = parquet.schema_arrow
        names = list(schema.names)
        columns.check(str(file), [*names, *_flat_names(schema)])
        kept = [name for name in names if name not in columns.excluded]
        rows = max(parquet.metadata.num_rows, 1)
        read = 0
        for batch in parquet.iter_batches(batch_size=_CHUNK, columns=kept):
            progress.advance(file.stat().st_size * batch.num_rows // rows)
            places = Places(file, range(read + 1, read + 1 + batch.num_rows), "row")
            flat = dict(_flattened(kept, [batch.column(name) for name in kept], columns.excluded))
            cells = [_cells(file, name, column) for name, column in flat.items()]
            yield from columns.frames(list(flat), cells, places, [_precision(column.type) for column in flat.values()])
            read += batch.num_rows
    except (pa.ArrowException, OSError) as error:
        raise DataError(str(file), f"cannot be read as Parquet ({error})", "Write it again") from error


def import_pyarrow(file: Path) -> None:
    """Raise DataError if it is not there."""
    try:
        import pyarrow.parquet  # noqa: F401  # only whether it is there
    except ImportError as error:
        fix = "Install it: pip install 'drift-sidecar[parquet]'"
        raise DataError(str(file), "needs pyarrow, which is not installed", fix) from error


def index_of(file: Path) -> frozenset[str]:
    """The columns of which pandas noted that they are the table's index."""
    try:
        import pyarrow.parquet as pq

        noted = (pq.read_schema(file).metadata or {}).get(b"pandas", b"{}")
        return frozenset(name for name in json.loads(noted).get("index_columns", []) if isinstance(name, str))
    except (ImportError, ValueError, OSError):  # whoever reads the rows says so
        return frozenset()


def _flattened(names: Sequence[str], columns: Sequence[Any], excluded: Collection[str]) -> Iterator[tuple[str, Any]]:
    """The fields of objects as columns of their own: `address.city`."""
    import pyarrow as pa

    for name, column in zip(names, columns, strict=True):
        if name in excluded:
            continue
        if pa.types.is_struct(column.type):
            fields = [f"{name}.{column.type.field(at).name}" for at in range(column.type.num_fields)]
            yield from _flattened(fields, column.flatten(), excluded)
        else:
            yield name, column


def _flat_names(schema: Any) -> list[str]:
    """Names of fields within objects."""
    import pyarrow as pa

    empty = [pa.array([], field.type) for field in schema]
    return [name for name, _ in _flattened(schema.names, empty, ()) if name not in schema.names]


def _cells(file: Path, name: str, column: Any) -> Any:
    import pyarrow as pa

    if _is_vector(column.type):
        return [None if one is None else np.asarray(one, np.float64) for one in column.to_numpy(zero_copy_only=False)]
    from sidecar.data.arrow_cells import column_of

    try:
        cells = column_of(column)
    except pa.ArrowException:
        cells = None
    if cells is None:
        raise DataError(f"{file}, column {name!r}", f"holds {column.type}", "Leave it out with --exclude")
    return cells


def _precision(kind: Any) -> str:
    """The binary format of a column of numbers, as frames have it; empty for float64 and for what is no number."""
    import pyarrow as pa

    if pa.types.is_float32(kind):
        return FLOAT32.name
    return FLOAT16.name if pa.types.is_float16(kind) else ""


def _is_vector(kind: Any) -> bool:
    import pyarrow as pa

    listed = pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    return bool(listed) and bool(pa.types.is_floating(kind.value_type) or pa.types.is_integer(kind.value_type))
