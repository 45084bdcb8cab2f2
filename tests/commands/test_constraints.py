"""`drift-sidecar constraints`, and what `profile`, `compare`, `check` and `replay` know of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sidecar import cli
from sidecar.core.reference.constraints import Constraint, ValueType
from sidecar.core.words.frame import Side
from sidecar.reference_store import read_reference
from tests.commands.conftest import write_rows


@pytest.fixture
def constrained(training: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    path = tmp_path / "constrained.json"
    assert cli.main(["profile", str(training), "--outputs", "score", "--constraints", "-o", str(path)]) == 0
    assert "rules on 4 columns" in capsys.readouterr().out
    return path


def asked(path: Path) -> dict[str, Constraint]:
    return {one.feature: one for side in read_reference(str(path)).sides.values() for one in side.constraints}


def test_profile_derives_them_into_the_reference(constrained: Path) -> None:
    found = asked(constrained)

    assert {name: one.type for name, one in found.items()} == {
        "age": ValueType.NUMBER, "country": ValueType.STRING, "smoker": ValueType.BOOLEAN, "score": ValueType.NUMBER,
    }  # fmt: skip
    assert set(found["country"].domain) == {"NL", "DE", "FR"}
    assert found["score"].min == 0
    assert [one.feature for one in read_reference(str(constrained)).sides[Side.OUTPUT].constraints] == ["score"]


def test_a_reference_without_the_option_has_none(reference: Path) -> None:
    assert asked(reference) == {}


def test_the_file_that_profile_writes_for_review_can_be_edited_and_taken_back(
    training: Path, tmp_path: Path, constrained: Path
) -> None:
    edited, path = tmp_path / "edited.json", tmp_path / "again.json"
    cli.main(["profile", str(training), "--outputs", "score", "-o", str(path), "--constraints", str(edited)])
    content = json.loads(edited.read_text())
    content["input"][0]["max"] = 120
    edited.write_text(json.dumps(content))

    assert cli.main(["constraints", str(path), "--from", str(edited), "-o", str(path)]) == 0
    assert asked(path)["age"].max == 120
    assert asked(path)["country"] == asked(constrained)["country"]


@pytest.mark.parametrize("form", ["own", "sagemaker", "tfdv"])
def test_they_go_out_and_come_back_in_each_format(
    form: str, constrained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, back = tmp_path / "out.json", tmp_path / "back.json"
    assert cli.main(["constraints", str(constrained), "--export", form, "-o", str(out)]) == 0
    told = capsys.readouterr().err
    assert cli.main(["constraints", str(constrained), "--from", str(out), "-o", str(back)]) == 0

    found, before = asked(back), asked(constrained)
    assert found.keys() == before.keys()
    assert found["country"].domain == before["country"].domain
    assert ("sagemaker: age: max" in told) == (form == "sagemaker")
    assert (found["age"].max == before["age"].max) == (form != "sagemaker")


def test_they_are_shown_as_they_are_edited(constrained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["constraints", str(constrained)]) == 0
    shown = json.loads(capsys.readouterr().out)

    assert shown["format"] == "drift-sidecar/constraints"
    assert [one["feature"] for one in shown["input"]] == ["age", "country", "smoker"]


def test_they_can_be_derived_later_as_if_at_once(reference: Path, constrained: Path, tmp_path: Path) -> None:
    later = tmp_path / "later.json"
    assert cli.main(["constraints", str(reference), "--derive", "-o", str(later)]) == 0

    assert asked(later) == asked(constrained)


def test_profile_takes_them_of_a_file_of_another_tool_and_says_what_it_leaves_out(
    training: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    theirs, path = tmp_path / "constraints.json", tmp_path / "r.json"
    features = [
        {"name": "age", "inferred_type": "Fractional", "num_constraints": {"is_non_negative": True}},
        {"name": "score", "inferred_type": "Fractional", "completeness": 1.0},
        {"name": "gone", "inferred_type": "String"},
    ]
    theirs.write_text(json.dumps({"version": 0, "features": features}))
    code = cli.main(
        ["profile", str(training), "--outputs", "score", "--constraints-from", str(theirs), "-o", str(path)]
    )

    assert code == 0
    assert "gone: left out, since the reference has no such column" in capsys.readouterr().err
    assert asked(path).keys() == {"age", "score"}
    assert asked(path)["age"].min == 0
    assert (
        cli.main(["profile", str(training), "--outputs", "score", "--constraints-from", str(path), "-o", str(path)])
        == 0
    )
    assert asked(path).keys() == {"age", "score"}


@pytest.mark.parametrize(
    ("content", "why"),
    [("{", "is not JSON"), ("[]", "is no JSON object"), ("{}", "holds no constraints"), ('{"features": [{"x": 1}]}', "name"),
     ('{"feature": [{"name": "age", "intDomain": {"min": "many"}}]}', "many"),
     ('{"format": "drift-sidecar/constraints", "input": [{"feature": "age", "min": 1, "max": 0}]}', "above its largest")],
)  # fmt: skip
def test_a_file_that_cannot_be_used_is_an_error_that_names_it(
    content: str, why: str, reference: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.json"
    path.write_text(content)

    assert cli.main(["constraints", str(reference), "--from", str(path), "-o", str(tmp_path / "out.json")]) == 2
    told = capsys.readouterr().err
    assert why in told
    assert "bad.json" in told


@pytest.mark.parametrize(
    "options", [["--derive", "--export", "tfdv"], ["--derive"], ["--from", "x.json", "--derive", "-o", "r.json"]]
)
def test_options_that_do_not_go_together_are_an_error(options: list[str], reference: Path) -> None:
    assert cli.main(["constraints", str(reference), *options]) == 2


def test_compare_tells_of_violated_constraints_without_drift_and_fails_if_asked(
    constrained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # The rule is stricter than the rows of the reference are: rows like them break it, and have not drifted.
    live, page, stricter = (tmp_path / name for name in ("live.csv", "report.html", "stricter.json"))
    write_rows(live, 2_000, seed=2)
    assert cli.main(["constraints", str(constrained), "--export", "own", "-o", str(stricter)]) == 0
    rules = json.loads(stricter.read_text())
    rules["input"][0]["max"] = 60
    stricter.write_text(json.dumps(rules))
    assert cli.main(["constraints", str(constrained), "--from", str(stricter), "-o", str(constrained)]) == 0
    capsys.readouterr()
    base = ["compare", str(constrained), str(live), "--html", str(page)]

    assert cli.main([*base, "--fail-on", "violated"]) == 1
    told = capsys.readouterr().out
    assert "violated: age: range" in told
    assert " drift" not in told.partition("features: ")[2].partition(".")[0]
    assert "1 of 15 rules" in told
    assert ">violated</span> age: range (" in page.read_text()
    assert cli.main([*base, "--fail-on", "drift"]) == 1
    assert cli.main(base) == 0
    capsys.readouterr()
    assert cli.main([*base, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert {one["rule"] for one in report["rules"] if one["state"] == "violated"} == {"range"}


def test_rows_of_the_same_kind_keep_their_constraints(constrained: Path, tmp_path: Path) -> None:
    live = write_rows(tmp_path / "live.csv", 2_000, seed=2)

    assert cli.main(["compare", str(constrained), str(live), "--fail-on", "violated"]) == 0


def test_of_a_profile_little_is_known_and_that_is_said(constrained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()

    assert cli.main(["compare", str(constrained), str(constrained), "--fail-on", "violated"]) == 0
    assert "Of 11 more nothing is known" in capsys.readouterr().out


def test_a_reference_without_constraints_cannot_fail_on_them(reference: Path, tmp_path: Path) -> None:
    live = write_rows(tmp_path / "live.csv", 2_000, seed=2)

    assert cli.main(["compare", str(reference), str(live), "--fail-on", "violated"]) == 2


def test_check_says_how_many_there_are(constrained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", "--reference", str(constrained)]) == 0
    assert "15 rules on 4 columns" in capsys.readouterr().err
    assert cli.main(["check", "--reference", str(constrained), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["reference"]["rules"] == 15
