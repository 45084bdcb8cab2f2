"""`drift-sidecar profile` and `compare` on data with texts and vectors."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness.profiles import profile_of
from sidecar import cli
from sidecar.core.binning.bins import Derived
from sidecar.core.reference.profile import Profile
from sidecar.core.reference.profile_file import dumps, loads
from sidecar.core.words.frame import Side
from sidecar.errors import ReferenceFileError
from sidecar.reference_store import read_reference

SIZE = 40


def rows(count: int, centre: float = 0.0, word: str = "parcel") -> list[dict[str, Any]]:
    rng = np.random.default_rng(count)
    return [
        {
            "comment": f"my {word} number {rng.integers(1_000_000)} came {'very ' * int(rng.integers(5))}late",
            "x": rng.normal(centre, 1, SIZE).round(3).tolist(),
            "age": at % 50,
        }
        for at in range(count)
    ]


def spread(data: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"comment": row["comment"], "age": row["age"], **{f"x[{at}]": value for at, value in enumerate(row["x"])}}
        for row in data
    ]


def written(path: Path, data: list[dict[str, Any]]) -> str:
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(data), path)
    else:
        path.write_text("\n".join(map(json.dumps, data)))
    return str(path)


def profiled(data: str, out: Path, *arguments: str) -> str:
    assert cli.main(["profile", data, "-o", str(out), *arguments]) == 0
    return str(out)


def names(profile: str, side: Side = Side.INPUT) -> set[str]:
    return set(read_reference(profile).sides[side].names)


@pytest.mark.parametrize("name", ["a.jsonl", "a.parquet", "spread.jsonl", "spread.parquet"])
def test_lists_and_columns_that_count_up_are_the_same_vector(tmp_path: Path, name: str) -> None:
    data = rows(300)
    first = profiled(written(tmp_path / "first.jsonl", data), tmp_path / "first.json")
    shaped = spread(data) if name.startswith("spread") else data
    other = profiled(written(tmp_path / name, shaped), tmp_path / "other.json")

    assert names(first) == names(other)
    assert {"comment.length", "comment.p7", "x.norm", "x.p7", "age"} <= names(first)
    one, two = (read_reference(path).sides[Side.INPUT] for path in (first, other))
    counts = [dict(zip(side.names, side.counts.tolist(), strict=True)) for side in (one, two)]
    assert counts[0] == counts[1]


def test_the_user_s_word_on_texts_and_vectors_holds(tmp_path: Path) -> None:
    data = written(tmp_path / "a.jsonl", [{"note": "ab", "x": [1.0, 2.0], "c": row["comment"]} for row in rows(200)])
    kinds = ("--kind", "note=text", "--kind", "x=vector", "--kind", "c=categorical")

    found = names(profiled(data, tmp_path / "p.json", *kinds))

    assert {"note.length", "x.norm", "c"} <= found
    assert "c.length" not in found


@pytest.mark.parametrize("outputs", ["x", "x,age"])
def test_a_vector_may_be_an_output(tmp_path: Path, outputs: str) -> None:
    for data in (rows(150), spread(rows(150))):
        out = profiled(written(tmp_path / "a.jsonl", data), tmp_path / "p.json", "--outputs", outputs)

        assert "x.norm" in names(out, Side.OUTPUT)
        assert "comment.length" in names(out)


def test_vectors_of_unequal_length_are_an_error_that_names_the_row(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = written(tmp_path / "a.jsonl", [{"x": [1, 2]}, {"x": None}, {"x": [1]}])

    assert cli.main(["profile", data, "-o", str(tmp_path / "p.json")]) == 2
    assert "a.jsonl, line 3, column 'x'" in capsys.readouterr().err


def test_compare_derives_from_the_profile_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reference = profiled(written(tmp_path / "a.jsonl", rows(2_000)), tmp_path / "p.json")
    few = [{"comment": row["comment"], "x": row["x"]} for row in rows(900, centre=1.0)]

    cli.main(["compare", reference, written(tmp_path / "b.parquet", few)])

    shown = {words[1]: words[0] for line in capsys.readouterr().out.splitlines() if len(words := line.split()) > 1}
    assert (shown["x.norm"], shown["comment.length"]) == ("drift", "ok")


def test_a_profile_keeps_what_its_features_are_derived_from(tmp_path: Path) -> None:
    profile = read_reference(profiled(written(tmp_path / "a.jsonl", rows(300)), tmp_path / "p.json"))
    (norm,) = (one for one in profile.sides[Side.INPUT].features if one.name == "x.norm")

    assert norm.derived == Derived("vector", "x", "norm", SIZE)
    assert dumps(loads(dumps(profile))) == dumps(profile)


@pytest.mark.parametrize(
    "derived",
    [Derived("sound", "x", "norm", 3), Derived("vector", "x", "pitch", 3), Derived("text", "x", "length", 3)],
)
def test_a_derivation_that_this_release_does_not_know_is_refused(derived: Derived) -> None:
    (side,) = profile_of({"x": list(range(100))}).sides.values()
    feature = msgspec.structs.replace(side.features[0], derived=derived)
    profile = Profile({Side.INPUT: dataclasses.replace(side, features=(feature,))})

    with pytest.raises(ReferenceFileError, match="does not know"):
        loads(dumps(profile))
