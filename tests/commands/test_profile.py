"""`drift-sidecar profile`."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sidecar import cli
from sidecar.core.bins import Kind
from sidecar.core.frame import Side
from sidecar.core.profile import Profile
from sidecar.observer.reference import read_reference
from tests.commands.conftest import HEADER


def kinds(profile: Profile, side: Side) -> dict[str, Kind]:
    return {feature.name: feature.kind for feature in profile.sides[side].features}


def test_kinds_are_inferred_and_outputs_set_apart(reference: Path) -> None:
    profile = read_reference(str(reference))

    assert kinds(profile, Side.INPUT) == {
        "age": Kind.NUMERIC, "country": Kind.CATEGORICAL, "smoker": Kind.BOOLEAN,
    }  # fmt: skip
    assert kinds(profile, Side.OUTPUT) == {"score": Kind.NUMERIC}
    assert profile.sides[Side.INPUT].rows.tolist() == [3000, 3000, 3000]


def test_a_kind_can_be_overridden(tmp_path: Path) -> None:
    data = tmp_path / "zip.csv"
    data.write_text("zip,x\n" + "\n".join(f"{1000 + at % 5},{at}" for at in range(100)))
    out = tmp_path / "profile.json"

    assert cli.main(["profile", str(data), "--kind", "zip=categorical", "-o", str(out)]) == 0

    assert kinds(read_reference(str(out)), Side.INPUT)["zip"] is Kind.CATEGORICAL


def test_csv_json_lines_and_parquet_of_the_same_rows_give_the_same_profile(tmp_path: Path) -> None:
    rows = [
        {"x": at / 7, "name": f"n{at % 3}", "flag": at % 2 == 0, "gap": None if at % 9 == 0 else at}
        for at in range(500)
    ]
    (tmp_path / "a.csv").write_text(
        "x,name,flag,gap\n"
        + "\n".join(f"{r['x']!r},{r['name']},{r['flag']},{'' if r['gap'] is None else r['gap']}" for r in rows)
    )
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows)))
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    profiles = []
    for suffix in ("csv", "jsonl", "parquet"):
        out = tmp_path / f"{suffix}.json"
        assert cli.main(["profile", str(tmp_path / f"a.{suffix}"), "-o", str(out)]) == 0
        profiles.append(out.read_bytes())

    assert profiles[0] == profiles[1] == profiles[2]


def test_excluded_columns_are_left_out(training: Path, tmp_path: Path) -> None:
    out = tmp_path / "p.json"

    assert cli.main(["profile", str(training), "--exclude", "age,score", "-o", str(out)]) == 0

    assert set(kinds(read_reference(str(out)), Side.INPUT)) == set(HEADER) - {"age", "score"}


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("ragged.csv", "a,b\n1,2\n3\n", ["ragged.csv", "line 3", "1 cells"]),
        ("empty.csv", "", ["empty.csv", "is empty"]),
        ("header.csv", "a,b\n", ["header.csv", "no rows"]),
        ("bad.jsonl", '{"a":1}\n{"a":\n', ["bad.jsonl", "line 2", "not JSON"]),
        ("list.jsonl", '{"a":1}\n[1]\n', ["list.jsonl", "line 2", "object"]),
        ("nested.jsonl", '{"a":1}\n{"a":[1]}\n', ["nested.jsonl", "line 2", "'a'"]),
        ("bad.parquet", "no parquet", ["bad.parquet", "Parquet"]),
        ("data.xlsx", "x", ["data.xlsx", ".xlsx"]),
        ("latin.csv", "a\n\udce4\n", ["latin.csv", "UTF-8"]),
    ],
)
def test_bad_data_is_an_error_that_names_file_place_and_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, content: str, words: list[str]
) -> None:
    data = tmp_path / name
    data.write_bytes(content.encode("utf-8", "surrogateescape"))

    assert cli.main(["profile", str(data), "-o", str(tmp_path / "p.json")]) == 2

    message = capsys.readouterr().err
    assert all(word in message for word in words), message
    assert "Traceback" not in message


def test_an_unknown_output_names_the_nearest_column(training: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["profile", str(training), "--outputs", "scor", "-o", "p.json"]) == 2

    assert "Did you mean 'score'?" in capsys.readouterr().err
