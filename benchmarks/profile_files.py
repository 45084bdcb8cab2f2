"""`drift-sidecar profile` beside DuckDB's `SUMMARIZE`, of the same file: `python -m benchmarks.profile_files --duckdb PYTHON`.

Makes a table of 20 columns: numbers of several forms, names, booleans, with missing cells, as Parquet and as CSV. Both
programs read it once before they are measured, so that it is in memory. Prints wall and CPU seconds, their ratio, and the peak of
resident memory. `--duckdb` is a Python that has duckdb (requirements/bench-files.txt); `--ours` another sidecar to measure.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq

_CHUNK = 250_000
_SUMMARIZE = "import duckdb, sys; duckdb.sql('SUMMARIZE SELECT * FROM ' + repr(sys.argv[1])).fetchall()"


class Cost(NamedTuple):
    """Of one run."""

    seconds: float
    cpu: float
    megabytes: float


def chunk(rng: np.random.Generator, rows: int) -> pa.Table:
    """A part of the table: 8 measures, 4 counts, 5 names, 2 booleans, and a column that is mostly missing."""
    columns: dict[str, Any] = {}
    for at in range(4):
        columns[f"measure{at}"] = np.round(rng.normal(100 * at, 15, rows), 3)
        columns[f"long{at}"] = rng.lognormal(at, 1, rows)
    for at in range(4):
        columns[f"count{at}"] = rng.poisson(3 * 10**at, rows)
    for at, names in enumerate((3, 8, 30, 200, 2_000)):
        columns[f"name{at}"] = pa.array(
            np.array([f"value {each}" for each in range(names)])[rng.integers(0, names, rows)]
        )
    for at in range(2):
        columns[f"flag{at}"] = rng.random(rows) < 0.3
    columns["rare"] = pa.array(rng.random(rows), mask=rng.random(rows) < 0.8)
    return pa.table(columns)


def write(folder: Path, rows: int) -> list[Path]:
    """The table in both forms."""
    rng = np.random.default_rng(13)
    parquet, csv = folder / "table.parquet", folder / "table.csv"
    first = chunk(rng, 1)
    with pq.ParquetWriter(parquet, first.schema) as in_parquet, pc.CSVWriter(csv, first.schema) as in_csv:
        for start in range(0, rows, _CHUNK):
            part = chunk(rng, min(_CHUNK, rows - start))
            in_parquet.write_table(part)
            in_csv.write_table(part)
    return [parquet, csv]


def cost(command: list[str]) -> Cost:
    """Run it; raises CalledProcessError if it fails."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Cost(time.perf_counter() - started, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def main() -> None:
    """Measure both forms."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--duckdb", default=sys.executable, metavar="PYTHON")
    parser.add_argument("--ours", default=sys.executable, metavar="PYTHON")
    parser.add_argument("--folder", default="", help="where the files are kept; a temporary folder if it is not given")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(options.folder or temporary)
        kept = [folder / "table.parquet", folder / "table.csv"]
        for file in kept if all(map(Path.exists, kept)) else write(folder, options.rows):
            ours = [options.ours, "-m", "sidecar.cli", "profile", str(file), "-o", str(folder / "reference.json")]
            theirs = [options.duckdb, "-c", _SUMMARIZE, str(file)]
            best = [min(cost(command) for _ in range(options.runs)) for command in (theirs, ours)]
            for name, one in zip(("SUMMARIZE", "profile"), best, strict=True):
                print(
                    f"{file.suffix[1:]:8} {name:10} {one.seconds:7.1f} s {one.cpu:7.1f} s CPU {one.megabytes:6.0f} MB"
                )
            print(f"{file.suffix[1:]:8} profile takes {best[1].seconds / best[0].seconds:.2f} times as long")


if __name__ == "__main__":
    main()
