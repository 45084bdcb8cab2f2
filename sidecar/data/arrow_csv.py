"""The rows of a CSV file by pyarrow, all columns as they are written. `csv` reads the header, and takes over where this balks."""

from __future__ import annotations

import codecs
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pc

from sidecar.data.arrow_cells import ArrowTexts
from sidecar.data.progress import Progress

_BLOCK_BYTES = 1 << 20


class BalkedError(Exception):
    """Arrow does not take it for CSV, or what it read cannot be used; why is `csv`'s to find out."""


def read(
    file: Path, header: Any, excluded: Collection[str], progress: Progress
) -> Iterator[tuple[list[str], list[Any], int]]:
    """Names and columns of some ten thousand rows at a time, and how many rows they are. Raises BalkedError."""
    names = header.names
    kept = [name for name in names if name not in excluded]
    places = [f"c{at}" for at in range(len(names))]
    wanted = [places[at] for at, name in enumerate(names) if name not in excluded]
    with file.open("rb") as data:
        mark = data.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8
        data.seek(header.size + (len(codecs.BOM_UTF8) if mark else 0))
        if not data.read(1):
            return
        data.seek(-1, 1)
        try:
            reader = pc.open_csv(
                data,
                pc.ReadOptions(column_names=places, block_size=_BLOCK_BYTES),
                pc.ParseOptions(delimiter=header.separator, newlines_in_values=True),
                pc.ConvertOptions(
                    column_types=dict.fromkeys(places, pa.string()), include_columns=wanted or places[:1]
                ),
            )
            told = 0
            for batch in reader:
                read = data.tell()  # a few blocks ahead of the batch
                progress.advance(read - told)
                told = read
                yield kept, [ArrowTexts(batch.column(at)) for at in range(len(kept))], batch.num_rows
        except (pa.ArrowException, OSError) as error:
            raise BalkedError from error
