"""Reads Parquet, batch by batch. Needs the extra `parquet`, because pyarrow is larger than all other dependencies."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from sidecar.core.words.frame import Frame
from sidecar.data.columns import Columns, Places
from sidecar.data.progress import Progress
from sidecar.errors import DataError

_CHUNK = 4096


def read(file: Path, columns: Columns, progress: Progress) -> Iterator[Frame]:
    """Frames of a few thousand rows. Raises DataError, which names the column at fault."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        fix = "Install it: pip install 'drift-sidecar[parquet]'"
        raise DataError(str(file), "needs pyarrow, which is not installed", fix) from error
    try:
        parquet: Any = pq.ParquetFile(file)
        names = list(parquet.schema_arrow.names)
        columns.check(str(file), names)
        kept = [name for name in names if name not in columns.excluded]
        rows = max(parquet.metadata.num_rows, 1)
        read = 0
        for batch in parquet.iter_batches(batch_size=_CHUNK, columns=kept):
            progress.advance(file.stat().st_size * batch.num_rows // rows)
            places = Places(file, range(read + 1, read + 1 + batch.num_rows), "row")
            yield from columns.frames(kept, [_cells(file, name, batch.column(name)) for name in kept], places)
            read += batch.num_rows
    except (pa.ArrowException, OSError) as error:
        raise DataError(str(file), f"cannot be read as Parquet ({error})", "Write it again") from error


def _cells(file: Path, name: str, column: Any) -> list[Any]:
    import pyarrow as pa

    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.dictionary_decode(), kind.value_type
    if pa.types.is_temporal(kind):
        column = column.cast(pa.int64() if kind.bit_width == 64 else pa.int32())
    elif pa.types.is_decimal(kind):
        column = column.cast(pa.float64())
    elif _is_vector(kind):
        return [None if one is None else np.asarray(one, np.float64) for one in column.to_numpy(zero_copy_only=False)]
    elif pa.types.is_nested(kind) or pa.types.is_binary(kind):
        raise DataError(f"{file}, column {name!r}", f"holds {kind}", "Leave it out with --exclude")
    cells: list[Any] = column.to_pylist()
    return cells


def _is_vector(kind: Any) -> bool:
    import pyarrow as pa

    listed = pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    return bool(listed) and bool(pa.types.is_floating(kind.value_type) or pa.types.is_integer(kind.value_type))
