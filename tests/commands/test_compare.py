"""`drift-sidecar compare`."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from sidecar import cli
from sidecar.core.words.frame import Side
from sidecar.reference_store import read_reference, save_reference
from tests.commands.conftest import write_rows


def test_rows_of_the_same_kind_have_not_drifted(reference: Path, tmp_path: Path) -> None:
    live = write_rows(tmp_path / "live.csv", 1500, seed=2)

    assert cli.main(["compare", str(reference), str(live), "--fail-on", "warning"]) == 0


def test_a_shifted_feature_fails_the_comparison_and_is_named_first(
    reference: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    live = write_rows(tmp_path / "live.csv", 1500, seed=2, shift=8)

    code = cli.main(["compare", str(reference), str(live), "--json", "--fail-on", "drift"])

    report = json.loads(capsys.readouterr().out)["features"]
    assert code == 1
    assert [one["feature"] for one in report if one["state"] == "drift"] == ["age"]
    assert report[0]["feature"] == "age"
    assert report[0]["shifts"][0]["live_ratio"] != report[0]["shifts"][0]["reference_ratio"]


def test_without_fail_on_the_exit_code_is_zero_whatever_was_found(reference: Path, tmp_path: Path) -> None:
    live = write_rows(tmp_path / "live.csv", 1500, seed=2, shift=8)

    assert cli.main(["compare", str(reference), str(live)]) == 0


def test_the_table_names_every_feature(reference: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    live = write_rows(tmp_path / "live.csv", 1500, seed=2, shift=8)

    cli.main(["compare", str(reference), str(live)])

    table = capsys.readouterr().out
    assert all(name in table for name in ("age", "country", "smoker", "score", "drift"))


def test_a_profile_of_the_same_bins_can_be_compared(reference: Path) -> None:
    assert cli.main(["compare", str(reference), str(reference), "--fail-on", "warning"]) == 0


def test_a_profile_of_other_bins_is_refused(
    reference: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.json"
    data = write_rows(tmp_path / "live.csv", 1500, seed=2, shift=8)
    assert cli.main(["profile", str(data), "--outputs", "score", "-o", str(other)]) == 0

    assert cli.main(["compare", str(reference), str(other)]) == 2

    assert "other bins" in capsys.readouterr().err


def test_data_without_any_of_the_features_is_an_error(
    reference: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "other.csv"
    data.write_text("q\n" + "1\n" * 200)

    assert cli.main(["compare", str(reference), str(data)]) == 2

    assert "none of the reference's features" in capsys.readouterr().err


def test_a_live_profile_that_was_tampered_with_is_an_error_and_not_data(
    reference: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.json"
    other.write_bytes(reference.read_bytes().replace(b'"score"', b'"scare"'))

    assert cli.main(["compare", str(reference), str(other)]) == 2

    assert "digest" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"{", "is not"), (b'{"format":"drift-sidecar/profile","version":99}', "version"), (b"\xff\xff", "is not")],
)
def test_a_broken_reference_is_an_error_with_its_mend(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, words: str
) -> None:
    path = tmp_path / "broken.json"
    path.write_bytes(content)

    assert cli.main(["compare", str(path), str(path)]) == 2

    message = capsys.readouterr().err
    assert "broken.json" in message
    assert words in message


def write_pairs(path: Path, seed: int, apart: bool) -> str:
    """A thousand rows of three columns, of which the first two go together unless they are to be `apart`."""
    rng = random.Random(seed)
    lines = ["height,weight,colour"]
    for _ in range(1000):
        height = rng.gauss(0, 1)
        weight = rng.gauss(0, 1) if apart else 0.8 * height + 0.6 * rng.gauss(0, 1)
        lines.append(f"{height:.4f},{weight:.4f},{rng.choice(['red', 'blue'])}")
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def test_features_that_no_longer_go_together_are_told_where_each_stayed_as_it_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reference, report = str(tmp_path / "reference.json"), tmp_path / "report.html"
    assert cli.main(["profile", write_pairs(tmp_path / "before.csv", 1, apart=False), "-o", reference]) == 0
    same, other = (write_pairs(tmp_path / f"{apart}.csv", 2, apart) for apart in (False, True))
    capsys.readouterr()

    assert cli.main(["compare", reference, same, "--fail-on", "warning"]) == 0
    assert "Input features hang together as they did" in capsys.readouterr().out
    assert cli.main(["compare", reference, other, "--fail-on", "drift", "--html", str(report)]) == 1
    table = capsys.readouterr().out
    assert cli.main(["compare", reference, other, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)

    assert {one["state"] for one in found["features"]} == {"ok"}
    assert found["joint"][0]["state"] == "drift"
    assert {name for name, _ in found["joint"][0]["features"]} == {"height", "weight"}
    assert "height and weight +0.78 -> +0.02\n" in table
    assert "How features hang together has changed" in report.read_text()


def test_a_reference_knows_its_name_and_when_it_was_made(
    reference: Path, training: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    named = tmp_path / "named.json"
    assert cli.main(["profile", str(training), "--outputs", "score", "-o", str(named), "--name", "november"]) == 0
    capsys.readouterr()

    assert cli.main(["check", "--json", "--reference", str(named)]) == 0

    described = json.loads(capsys.readouterr().out)["reference"]
    assert described["name"] == "november"
    assert described["created"].endswith("Z")
    assert described["digest"] == json.loads(reference.read_bytes())["digest"].removeprefix("sha256:")


@pytest.mark.parametrize(("fail_on", "code"), [("drift", 2), ("warning", 2), ("never", 0)])
def test_where_nothing_could_be_judged_a_pipeline_that_asks_for_a_verdict_does_not_pass(
    reference: Path, tmp_path: Path, fail_on: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    live = write_rows(tmp_path / "few.csv", 20, seed=2, shift=30)
    capsys.readouterr()

    assert cli.main(["compare", str(reference), str(live), "--json", "--fail-on", fail_on]) == code

    printed = capsys.readouterr()
    assert {one["state"] for one in json.loads(printed.out)["features"]} == {"insufficient"}
    assert ("few.csv: has too few rows for a verdict" in printed.err) == (code == 2)


def test_a_profile_that_knows_no_rare_names_or_others_is_compared_without_them(
    reference: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shades = [f"shade {at % 12}" for at in range(60)]
    data = tmp_path / "colours.csv"
    data.write_text("colour\n" + "\n".join([*["red"] * 500, *["blue"] * 400, *shades]))
    for name in ("a.json", "b.json"):
        assert cli.main(["profile", str(data), "-o", str(tmp_path / name)]) == 0
    a, b = (read_reference(str(tmp_path / name)) for name in ("a.json", "b.json"))
    save_reference(b.without_rare(), str(tmp_path / "downloaded.json"))
    assert a.sides[Side.INPUT].features != b.sides[Side.INPUT].features

    for name in ("b.json", "downloaded.json"):
        capsys.readouterr()
        assert cli.main(["compare", str(tmp_path / "a.json"), str(tmp_path / name), "--json"]) == 0
        (found,) = json.loads(capsys.readouterr().out)["features"]
        assert (found["rows"], found["scores"]["psi"]["value"]) == (960, 0.0)


@pytest.mark.parametrize(
    ("header", "cell", "explanation"),
    [
        ("Age,Country", "{age},de", "names differ in case"),
        ("model.age,model.country", "{age},de", "names have a prefix"),
    ],
)
def test_data_without_any_known_name_is_refused_with_the_nearest_explanation(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], header: str, cell: str, explanation: str
) -> None:
    reference = profile_of_rows(tmp_path, "age,country", "{age},de")
    capsys.readouterr()

    code = cli.main(["compare", str(reference), str(rows_of(tmp_path, header, cell))])

    assert code == 2
    assert explanation in capsys.readouterr().err


@pytest.mark.parametrize(
    ("header", "cell", "explanation"),
    [
        ("age,country", "{age} kg,de", "numbers come with a unit"),
        ("age,country", "{age},DE", "values differ in case"),
        ("Age,country", "{age},de", "names differ in case"),
        ("country", "de", "the column is not sent"),
    ],
)
def test_a_mismatch_is_told_with_the_nearest_explanation(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], header: str, cell: str, explanation: str
) -> None:
    reference = profile_of_rows(tmp_path, "age,country", "{age},de")
    capsys.readouterr()

    cli.main(["compare", str(reference), str(rows_of(tmp_path, header, cell)), "--json"])

    found = json.loads(capsys.readouterr().out)["features"]
    assert explanation in next(one["changed"] for one in found if one["state"] == "mismatch")


def rows_of(folder: Path, header: str, cell: str) -> Path:
    path = folder / "rows.csv"
    path.write_text("\n".join([header, *(cell.format(age=f"{20 + at % 60}.5") for at in range(500))]) + "\n")
    return path


def profile_of_rows(folder: Path, header: str, cell: str) -> Path:
    assert cli.main(["profile", str(rows_of(folder, header, cell)), "-o", str(folder / "reference.json")]) == 0
    return folder / "reference.json"
