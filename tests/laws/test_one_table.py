"""One table through every reader of files and every decoder gives the same counts: a file and a message read alike."""

from __future__ import annotations

import csv
import io
import json
import struct
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness.wire import exchange
from sidecar.core.binning.bins import Kind
from sidecar.core.reading.decoders import decoders
from sidecar.core.reading.intake import Intake
from sidecar.core.reference.builder import Builder, Recount
from sidecar.core.reference.choices import Choices
from sidecar.core.reference.profile import Profile
from sidecar.core.reference.profile_file import dumps, loads
from sidecar.core.words.cell_texts import Reading
from sidecar.core.words.frame import Frame, Side
from sidecar.data import read_frames
from sidecar.data.columns import Columns
from sidecar.data.progress import Silent
from sidecar.settings import DecodeSettings

pytestmark = pytest.mark.slow  # thousands of rows through every reader and every decoder

ROWS, PART = 5_000, 250
NAMES = ("x", "count", "gap", "code", "country", "plan", "grade", "flag", "when", "zip", "answer")
CHOICES = Choices(kinds={"plan": Kind.CATEGORICAL, "grade": Kind.CATEGORICAL}, reading=Reading(null=("n.d.", "-999")))
Rows = list[dict[str, Any]]


def made() -> Rows:
    rng = np.random.default_rng(13)
    start = datetime(2026, 1, 1)

    def row() -> dict[str, Any]:
        country = str(rng.choice(["NL", "NA", "CH", "null", "rare"], p=[0.4, 0.3, 0.2, 0.0985, 0.0015]))
        return {
            "x": round(float(rng.normal()), 4),
            "count": int(rng.poisson(4)),
            "gap": None if rng.random() < 0.1 else float(rng.choice([0.1, 0.7, 1e-5, -999.0, rng.random()])),
            "code": str(rng.choice(["01", "02", "A1", "1e5", "12"])),
            "country": None if rng.random() < 0.05 else country,
            "plan": int(rng.integers(1, 5)),
            "grade": None if rng.random() < 0.05 else float(rng.integers(1, 4)),
            "flag": bool(rng.random() < 0.3),
            "when": start + timedelta(minutes=int(rng.integers(0, 60 * 24 * 90))),
            "zip": f"{rng.integers(0, 40) * 397:05}",
            "answer": str(rng.choice(["-", "?", "yes", "n.d."])),
        }

    return [row() for _ in range(ROWS)]


TABLE = made()


def texts(row: dict[str, Any], gap: str = "") -> list[str]:
    """A row as a CSV has it; `gap` stands where a number is missing."""
    return [gap if row[name] is None and name == "gap" else "" if row[name] is None else str(row[name]) for name in row]


def written(path: Path, separator: str = ",", gap: str = "", **how: Any) -> Path:
    with path.open("w", newline="", encoding=how.pop("encoding", "utf-8")) as file:
        writer = csv.writer(file, delimiter=separator, **how)
        writer.writerow(NAMES)
        writer.writerows(texts(row, gap) for row in TABLE)
    return path


def jsonable(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"when": row["when"].isoformat()}


def as_json_lines(folder: Path) -> Path:
    path = folder / "table.jsonl"
    path.write_text("".join(json.dumps(jsonable(row)) + "\n" for row in TABLE))
    return path


def as_parquet(folder: Path, **types: Any) -> Path:
    table = pa.Table.from_pylist(TABLE)
    for name, kind in types.items():
        table = table.set_column(table.column_names.index(name), name, table[name].cast(kind))
    pq.write_table(table, folder / "table.parquet")
    return folder / "table.parquet"


def of_dictionaries(folder: Path) -> Path:
    coded = pa.dictionary(pa.int32(), pa.string())
    return as_parquet(folder, code=coded, country=coded, zip=coded, plan=pa.int8(), when=pa.timestamp("ms"))


def of_large_types(folder: Path) -> Path:
    return as_parquet(
        folder, code=pa.large_string(), answer=pa.string_view(), plan=pa.uint64(), when=pa.timestamp("s", "UTC")
    )


FILES: dict[str, Callable[[Path], Path]] = {
    "csv": lambda folder: written(folder / "table.csv"),
    "csv of a spreadsheet": lambda folder: written(folder / "a.csv", ";", encoding="utf-8-sig", quoting=csv.QUOTE_ALL),
    "csv with NaN": lambda folder: written(folder / "a.csv", "|", "NaN", lineterminator="\n"),
    "tsv with NA": lambda folder: written(folder / "table.tsv", "\t", "#N/A"),
    "json lines": as_json_lines,
    "parquet": as_parquet,
    "parquet of dictionaries": of_dictionaries,
    "parquet of large types": of_large_types,
}


def columns(part: Rows) -> dict[str, list[Any]]:
    return {name: [jsonable(row)[name] for row in part] for name in NAMES}


def as_bytes(name: str, cells: list[Any]) -> tuple[str, bytes]:
    if name in ("x", "gap", "grade"):
        return "FP64", np.array(cells, np.float64).tobytes()
    if name in ("count", "plan"):
        return "INT64", np.array(cells, np.int64).tobytes()
    if name == "flag":
        return "BOOL", np.array(cells, np.bool_).tobytes()
    encoded = [("" if cell is None else cell).encode() for cell in cells]
    return "BYTES", b"".join(struct.pack("<I", len(cell)) + cell for cell in encoded)


def v2_binary(part: Rows) -> tuple[bytes, bytes]:
    tensors, buffers = [], b""
    for name, cells in columns(part).items():
        datatype, data = as_bytes(name, cells)
        shape = [len(part), 1]
        tensors.append(
            {"name": name, "shape": shape, "datatype": datatype, "parameters": {"binary_data_size": len(data)}}
        )
        buffers += data
    head = json.dumps({"inputs": tensors}).encode()
    return head + buffers, b"Inference-Header-Content-Length: %d\r\n" % len(head)


def v2(part: Rows, nested: bool = False) -> bytes:
    tensors = [
        {
            "name": name,
            "shape": [len(part), 1],
            "datatype": "BYTES",
            "data": [[cell] for cell in cells] if nested else cells,
        }
        for name, cells in columns(part).items()
    ]
    return json.dumps({"inputs": tensors}).encode()


def body(part: Rows, separator: str = ",") -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator)
    writer.writerows([NAMES, *map(texts, part)])
    return text.getvalue().encode()


def v2_texts(part: Rows) -> bytes:
    """All cells as strings, as clients of BYTES send them."""
    named = zip(NAMES, zip(*map(texts, part), strict=True), strict=True)
    tensors = [{"name": name, "shape": [len(part)], "datatype": "BYTES", "data": list(cells)} for name, cells in named]
    return json.dumps({"inputs": tensors}).encode()


def split(part: Rows) -> dict[str, Any]:
    return {"columns": NAMES, "data": [list(jsonable(row).values()) for row in part]}


def records(part: Rows) -> Rows:
    return list(map(jsonable, part))


V1, V2, MLFLOW, ANY = "/v1/models/m:predict", "/v2/models/m/infer", "/invocations", "/predict"
Wire = tuple[str, Callable[[Rows], Any], bytes]
WIRES: dict[str, Wire] = {
    "v1 instances": (V1, lambda part: {"instances": records(part)}, b"application/json"),
    "v1 inputs": (V1, lambda part: {"inputs": columns(part)}, b"application/json"),
    "v2": (V2, v2, b"application/json"),
    "v2 nested": (V2, lambda part: v2(part, nested=True), b"application/json"),
    "v2 of strings": (V2, v2_texts, b"application/json"),
    "v2 binary": (V2, v2_binary, b"application/octet-stream"),
    "mlflow split": (MLFLOW, lambda part: {"dataframe_split": split(part)}, b"application/json"),
    "mlflow records": (MLFLOW, lambda part: {"dataframe_records": records(part)}, b"application/json"),
    "mlflow inputs": (MLFLOW, lambda part: {"inputs": columns(part)}, b"application/json"),
    "csv": (MLFLOW, body, b"text/csv"),
    "csv with semicolons": (MLFLOW, lambda part: body(part, ";"), b"text/csv"),
    "records": (ANY, records, b"application/json"),
    "columns": (ANY, lambda part: {"data": columns(part)}, b"application/json"),
}


def frames(wire: Wire) -> Iterator[Frame]:
    path, make, content_type = wire
    settings = DecodeSettings(paths=(ANY,))  # nothing is answered here that would show it to be an inference
    intake = Intake(settings, decoders(settings))
    for start in range(0, ROWS, PART):
        sent = make(TABLE[start : start + PART])
        payload, headers = sent if isinstance(sent, tuple) else (sent, b"")
        data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        failures: list[Any] = []
        reading = intake.read(exchange(path, data, b"", content_type=content_type, headers=headers), 0.0, failures)
        assert reading is not None
        yield from reading.frames
        assert not failures


@pytest.fixture(scope="module")
def arrived() -> dict[str, list[Frame]]:
    return {name: list(frames(wire)) for name, wire in WIRES.items()}


def reference(path: Path) -> Profile:
    found = list(read_frames(str(path), Columns(), Silent()))
    builder = Builder(CHOICES)
    for frame in found:
        builder.add(frame)
    return counted(builder.build(), found)


def counted(bins_of: Profile, rows: list[Frame]) -> Profile:
    recount = Recount(loads(dumps(bins_of)))
    for frame in rows:
        recount.add(frame)
    return recount.profile()


def counts(profile: Profile) -> dict[str, list[int]]:
    side = profile.sides[Side.INPUT]
    return {feature.name: row[: feature.bins] for feature, row in zip(side.features, side.counts.tolist(), strict=True)}


def differing(found: dict[str, list[int]], expected: dict[str, list[int]]) -> dict[str, Any]:
    return {name: (found.get(name), row) for name, row in expected.items() if found.get(name) != row}


@pytest.mark.parametrize(
    ("form", "arrow"), [*((form, True) for form in FILES), *((form, False) for form in FILES if "sv" in form)]
)
def test_a_file_and_a_message_of_the_same_rows_give_the_same_counts(
    form: str, arrow: bool, tmp_path: Path, arrived: dict[str, list[Frame]], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = FILES[form](tmp_path)
    if not arrow:
        monkeypatch.setitem(
            sys.modules, "sidecar.data.arrow_csv", None
        )  # its import fails, as where it is not installed
    profile = reference(path)
    expected = counts(profile)

    assert set(expected) == {*NAMES, "when.hour", "when.weekday"} - {"when"}
    assert sum(row[-1] for row in expected.values()) > ROWS // 10  # some cells of some columns are missing
    for wire, rows in arrived.items():
        assert differing(counts(counted(profile, rows)), expected) == {}, wire


def test_all_files_make_the_same_reference(tmp_path: Path) -> None:
    made_of = {}
    for at, (form, write) in enumerate(FILES.items()):
        (folder := tmp_path / str(at)).mkdir()
        made_of[form] = counts(reference(write(folder)))

    for form, found in made_of.items():
        assert differing(found, made_of["csv"]) == {}, form
