"""`drift-sidecar profile`."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sidecar import cli
from sidecar.core.binning.bins import Kind
from sidecar.core.reference.profile import Profile
from sidecar.core.words.frame import Side
from sidecar.reference_store import read_reference
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
        profiles.append(json.loads(out.read_bytes())["content"])

    assert profiles[0] == profiles[1] == profiles[2]


def test_counts_of_each_segment_are_kept_and_add_up_to_the_whole(
    training: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "p.json"

    assert cli.main(["profile", str(training), "--outputs", "score", "--segment-by", "country", "-o", str(out)]) == 0

    profile = read_reference(str(out))
    countries = next(one for one in profile.sides[Side.INPUT].features if one.name == "country").categories
    assert set(countries) <= set(profile.segments)
    assert f"{len(profile.segments)} segments by country" in capsys.readouterr().out
    for side, whole in profile.sides.items():
        of_side = [counts[side] for counts in profile.segments.values()]
        assert np.array_equal(sum(of_side), whole.counts)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("age", ["is numeric", "--kind age=categorical"]),
        ("contry", ["Did you mean 'country'?"]),
        ("score", ["no input"]),
    ],
)
def test_what_rows_cannot_be_segmented_by_is_an_error_that_says_why(
    training: Path, capsys: pytest.CaptureFixture[str], name: str, words: list[str]
) -> None:
    assert cli.main(["profile", str(training), "--outputs", "score", "--segment-by", name, "-o", "p.json"]) == 2

    message = capsys.readouterr().err
    assert all(word in message for word in [f"--segment-by {name}", *words]), message


def test_excluded_columns_are_left_out(training: Path, tmp_path: Path) -> None:
    out = tmp_path / "p.json"

    assert cli.main(["profile", str(training), "--exclude", "age,score", "-o", str(out)]) == 0

    assert set(kinds(read_reference(str(out)), Side.INPUT)) == set(HEADER) - {"age", "score"}


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("ragged.csv", "a,b\n1,2\n3\n", ["ragged.csv", "line 3", "1 cells"]),
        ("empty.csv", "", ["empty.csv", "is empty"]),
        ("blank.csv", 'a,b\n\n"x\ny",2\n\n3\n', ["blank.csv, line 6", "1 cells"]),
        ("quote.csv", 'a,b\n"1,2\n', ["quote.csv", "not CSV"]),
        ("header.csv", "a,b\n", ["header.csv", "no rows"]),
        ("headless.csv", "1.5,2\n3,4\n", ["headless.csv, line 1", "only numbers"]),
        ("twice.csv", "a,b,a\n1,2,3\n", ["twice.csv", "more than one column 'a'"]),
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


@pytest.mark.parametrize(
    ("name", "content", "where"),
    [
        ("a.csv", b'x,note\n1,"two\nlines"\n\nmany,b\n', "a.csv, line 5, column 'x'"),
        ("a.jsonl", b'{"x":1}\n\n{"x":"many"}\n', "a.jsonl, line 3, column 'x'"),
    ],
)
def test_a_value_that_is_no_number_in_a_column_said_to_be_numeric_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, content: bytes, where: str
) -> None:
    data = tmp_path / name
    data.write_bytes(content)

    assert cli.main(["profile", str(data), "--kind", "x=numeric", "-o", str(tmp_path / "p.json")]) == 2

    message = capsys.readouterr().err
    assert where in message
    assert "'many', which is not a number" in message


def test_a_parquet_row_that_is_no_number_is_named_by_its_row_over_all_batches(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "a.parquet"
    pq.write_table(pa.table({"x": ["1"] * 5000 + ["many"]}), data)

    assert cli.main(["profile", str(data), "--kind", "x=numeric", "-o", str(tmp_path / "p.json")]) == 2

    assert "a.parquet, row 5001, column 'x'" in capsys.readouterr().err


@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
def test_a_nested_column_can_be_left_out(tmp_path: Path, suffix: str) -> None:
    data = tmp_path / f"a.{suffix}"
    rows = [{"x": at, "tags": ["a"]} for at in range(50)]
    if suffix == "jsonl":
        data.write_text("\n".join(map(json.dumps, rows)))
    else:
        pq.write_table(pa.Table.from_pylist(rows), data)
    out = tmp_path / "p.json"

    assert cli.main(["profile", str(data), "-o", str(out)]) == 2
    assert cli.main(["profile", str(data), "--exclude", "tags", "-o", str(out)]) == 0

    assert set(kinds(read_reference(str(out)), Side.INPUT)) == {"x"}


def test_bins_may_rest_on_a_sample_but_every_row_is_counted(training: Path, tmp_path: Path) -> None:
    out = tmp_path / "p.json"

    assert cli.main(["profile", str(training), "--sample", "1000", "-o", str(out)]) == 0

    assert set(read_reference(str(out)).sides[Side.INPUT].rows.tolist()) == {3000}


def test_several_files_make_one_profile(training: Path, tmp_path: Path) -> None:
    out = tmp_path / "p.json"

    assert cli.main(["profile", str(training), str(training), "-o", str(out)]) == 0

    assert set(read_reference(str(out)).sides[Side.INPUT].rows.tolist()) == {6000}


def test_the_summary_tells_kind_missing_values_and_range(training: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["profile", str(training), "-o", str(training.with_suffix(".json"))]) == 0

    lines = {line.split()[1]: line for line in capsys.readouterr().out.splitlines() if line.startswith("input")}
    assert set(lines) == set(HEADER)
    assert "numeric" in lines["age"]
    assert re.search(r"[45]\.\d% .* to ", lines["age"])
    assert "3 values" in lines["country"]


def test_a_profile_that_cannot_be_written_names_the_file(training: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["profile", str(training), "-o", "absent/p.json"]) == 2

    assert "absent/p.json: cannot be written" in capsys.readouterr().err


def test_parquet_without_pyarrow_names_what_to_install(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "a.parquet"
    pq.write_table(pa.table({"x": [1]}), data)
    monkeypatch.setitem(sys.modules, "pyarrow", None)  # an import of it fails, as where it is not installed

    assert cli.main(["profile", str(data), "-o", str(tmp_path / "p.json")]) == 2

    assert "drift-sidecar[parquet]" in capsys.readouterr().err


def test_a_kind_of_an_unknown_column_names_the_nearest(training: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["profile", str(training), "--kind", "agee=numeric", "-o", "p.json"]) == 2

    assert "Did you mean 'age'?" in capsys.readouterr().err


def test_an_unknown_output_names_the_nearest_column(training: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["profile", str(training), "--outputs", "scor", "-o", "p.json"]) == 2

    assert "Did you mean 'score'?" in capsys.readouterr().err


def test_names_that_occur_once_are_expected_as_unseen(tmp_path: Path) -> None:
    data = tmp_path / "rows.csv"
    names = (
        ["a"] * 60
        + ["b"] * 30
        + [f"rare{at}" for at in range(10)]
        + ["twice"] * 2
        + [f"c{at % 10}" for at in range(60)]
    )
    data.write_text("name,side\n" + "".join(f"{name},{at % 2}\n" for at, name in enumerate(names)))
    for number, arguments in enumerate([[], ["--segment-by", "name"]]):
        path = tmp_path / f"{number}.json"

        assert (
            cli.main(
                [
                    "profile",
                    str(data),
                    "--kind",
                    "side=categorical",
                    "--min-category-rows",
                    "5",
                    "-o",
                    str(path),
                    *arguments,
                ]
            )
            == 0
        )

        side = read_reference(str(path)).sides[Side.INPUT]
        feature = side.features[0]
        assert (side.counts[0, feature.unseen], side.counts[0, feature.other]) == (10, 2)
        assert side.rows[0] == len(names)


def test_a_reference_by_the_hour_is_made_from_a_time_column(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "rows.csv"
    data.write_text("at,x,y\n" + "".join(f"2026-11-23T{at % 24:02}:30:00Z,{at % 7},{at % 5}\n" for at in range(480)))
    path = str(tmp_path / "reference.json")

    assert cli.main(["profile", str(data), "--season", "hour_of_day", "-o", path]) == 2
    assert "--time-column" in capsys.readouterr().err
    arguments = ["--season", "hour_of_day", "--time-column", "at", "--outputs", "y"]
    assert cli.main(["profile", str(data), *arguments, "-o", path]) == 0

    for side, names in ((Side.INPUT, ("x",)), (Side.OUTPUT, ("y",))):
        whole = read_reference(path).sides[side]
        assert whole.names == names
        assert whole.seasons is not None
        assert {number: int(counts.sum()) for number, counts in whole.seasons.counts.items()} == dict.fromkeys(
            range(24), 20
        )
