"""Weights of features: read, normalised, and what they change."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from harness.profiles import profile_of
from sidecar import cli
from sidecar.commands.profile_importance import read_weights, weighted
from sidecar.core.words.frame import Side
from sidecar.errors import UserError


def test_a_feature_that_matters_more_is_ranked_before_one_that_moved_more(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = random.Random(1)
    for name, shifts in (("before", (0.0, 0.0)), ("after", (2.0, 1.0))):
        lines = [f"{rng.gauss(shifts[0], 1)},{rng.gauss(shifts[1], 1)}" for _ in range(600)]
        (tmp_path / f"{name}.csv").write_text("\n".join(["much,some", *lines]) + "\n")
    weights, reference = tmp_path / "importance.json", str(tmp_path / "reference.json")
    weights.write_text('{"much": 0.1, "some": 0.9}')
    made = ["profile", str(tmp_path / "before.csv"), "-o", reference, "--importance", str(weights), "--name", "loans"]
    assert cli.main(made) == 0
    capsys.readouterr()

    assert cli.main(["compare", reference, str(tmp_path / "after.csv"), "--json"]) == 0

    found = json.loads(capsys.readouterr().out)["features"]
    assert [one["feature"] for one in found] == ["some", "much"]
    assert found[0]["effect"] < found[1]["effect"]
    assert [round(one["importance"], 9) for one in found] == [1.8, 0.2]


@pytest.mark.parametrize(
    ("weights", "words"),
    [('{"agee": 1}', "Did you mean 'age'?"), ('{"age": -1}', "holds no weights"), ("[1]", "holds no weights"),
     ('{"age": 0}', "no weight above 0"), ("{", "holds no weights")],
)  # fmt: skip
def test_weights_that_make_no_sense_are_an_error_with_its_mend(
    training: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], weights: str, words: str
) -> None:
    path = tmp_path / "importance.json"
    path.write_text(weights)

    assert cli.main(["profile", str(training), "-o", str(tmp_path / "r.json"), "--importance", str(path)]) == 2

    assert words in capsys.readouterr().err


def test_weights_have_a_mean_of_one(tmp_path: Path) -> None:
    path = tmp_path / "importance.json"
    path.write_text('{"a": 3, "b": 1, "c": 0}')

    assert read_weights(str(path)) == {"a": 2.25, "b": 0.75, "c": 0.0}


def test_features_that_no_weight_names_keep_theirs() -> None:
    profile = profile_of({"a": [1.0, 2.0] * 30, "b": [3.0, 4.0] * 30})

    once = weighted(profile, {"b": 2.0}, "w.json")
    twice = weighted(once, {"a": 0.5}, "w.json")

    assert [feature.importance for feature in once.sides[Side.INPUT].features] == [1.0, 2.0]
    assert [feature.importance for feature in twice.sides[Side.INPUT].features] == [0.5, 2.0]


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(UserError, match=r"/nowhere/w\.json"):
        read_weights("/nowhere/w.json")
