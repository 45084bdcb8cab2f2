"""`drift-sidecar replay`, on a capture made by the capture sink's own format."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import numpy as np
import pytest

from harness.wire import exchange
from sidecar import cli
from sidecar.capturing import parquet
from sidecar.capturing.bounded_directory import BoundedDirectory
from sidecar.core.reading.capture import dumps, loads, record

COUNTRIES = ["NL", "DE", "FR"]


def capture(path: Path, rows: int, change_at: int) -> Path:
    rng = np.random.default_rng(3)
    with path.open("wb") as file:
        for at in range(rows):
            age = float(rng.normal(40 if at < change_at else 60, 10))
            body = {
                "instances": [{"age": age, "country": str(rng.choice(COUNTRIES, p=[0.5, 0.3, 0.2])), "smoker": False}]
            }
            one = exchange("/v1/models/m:predict", json.dumps(body).encode(), b'{"predictions":[0.5]}')
            file.write(dumps(msgspec.structs.replace(one, started_ns=at * 100_000_000)))
    return path


@pytest.mark.slow
def test_a_replay_tells_when_and_what_drifted(
    reference: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    recorded = capture(tmp_path / "capture.jsonl", 1500, change_at=1000)

    assert cli.main(["replay", str(recorded), "--reference", str(reference), "--json"]) == 0

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    drifted = [
        line for line in lines if line.get("report", {}).get("state") == "drift" and line["report"]["feature"] == "age"
    ]
    assert len(drifted) == 1
    assert 1000 < drifted[0]["rows_seen"] < 1200


def test_a_replay_without_reference_learns_one_and_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recorded = capture(tmp_path / "capture.jsonl", 400, change_at=400)

    assert cli.main(["replay", str(recorded), "--set", "learn.rows=200"]) == 0

    out = capsys.readouterr().out
    assert "learned from 200 rows" in out
    assert "400 exchanges" in out


def test_captures_make_a_profile_too(tmp_path: Path) -> None:
    recorded = capture(tmp_path / "capture.jsonl", 300, change_at=300)

    assert cli.main(["profile", str(recorded), "-o", str(tmp_path / "p.json")]) == 0


def test_a_line_that_is_no_exchange_is_named(
    reference: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recorded = capture(tmp_path / "capture.jsonl", 3, change_at=3)
    with recorded.open("ab") as file:
        file.write(b'{"no":"exchange"}\n')

    assert cli.main(["replay", str(recorded), "--reference", str(reference)]) == 2

    assert "capture.jsonl, line 4" in capsys.readouterr().err


def test_a_directory_of_captures_is_replayed_profiled_and_compared(
    reference: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    directory = BoundedDirectory(tmp_path / "captures", 10**9, 100)
    directory.make()
    for _ in range(3):
        capture(directory.new_path(".jsonl"), 100, change_at=100)
    with directory.files()[-1].path.open("ab") as file:
        file.write(b'{"version":1,"star')

    assert cli.main(["replay", str(directory.path), "--reference", str(reference)]) == 0
    assert "300 exchanges, 600 rows" in capsys.readouterr().out
    assert cli.main(["profile", str(directory.path), "-o", str(tmp_path / "p.json")]) == 0
    assert cli.main(["compare", str(reference), str(directory.path)]) == 0
    assert cli.main(["replay", str(tmp_path)]) == 2


def test_captures_in_parquet_are_replayed_profiled_and_compared(
    reference: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = capture(tmp_path / "capture.jsonl", 300, change_at=300)
    columns = tmp_path / "capture.parquet"
    with columns.open("wb") as file:
        records = [record(loads(line), frozenset()) for line in lines.read_bytes().splitlines()]
        parquet.write(records, file)

    assert cli.main(["replay", str(columns), "--reference", str(reference)]) == 0
    assert "300 exchanges, 600 rows" in capsys.readouterr().out
    made = [tmp_path / "of_lines.json", tmp_path / "of_columns.json"]
    for recorded, path in zip((lines, columns), made, strict=True):
        assert cli.main(["profile", str(recorded), "-o", str(path), "--name", "loans"]) == 0
    of_lines, of_columns = (json.loads(path.read_text())["digest"] for path in made)
    assert of_lines == of_columns
    assert cli.main(["compare", str(reference), str(columns)]) == 0
    columns.write_bytes(columns.read_bytes()[:-9])
    assert cli.main(["replay", str(columns), "--reference", str(reference)]) == 2
    assert "cannot be read as captured exchanges" in capsys.readouterr().err
