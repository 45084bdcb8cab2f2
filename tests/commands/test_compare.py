"""`drift-sidecar compare`."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import pytest

from sidecar import cli
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

    report = json.loads(capsys.readouterr().out)
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


def test_few_rows_are_insufficient_and_no_failure(
    reference: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    live = write_rows(tmp_path / "live.csv", 20, seed=2, shift=30)

    assert cli.main(["compare", str(reference), str(live), "--json", "--fail-on", "warning"]) == 0

    assert {one["state"] for one in json.loads(capsys.readouterr().out)} == {"insufficient"}


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


def test_the_html_report_stands_alone_and_escapes_what_data_says(tmp_path: Path) -> None:
    hostile = "<script>alert(1)</script>"
    rng = random.Random(1)
    for name, shift in (("before", 0.0), ("after", 2.0)):
        lines = [f'"{hostile}",quiet,colour']
        lines += [f"{rng.gauss(shift, 1)},{rng.gauss(0, 1)},{rng.choice(['red', hostile])}" for _ in range(600)]
        (tmp_path / f"{name}.csv").write_text("\n".join(lines) + "\n")
    reference, report = str(tmp_path / "reference.json"), tmp_path / "report.html"
    assert cli.main(["profile", str(tmp_path / "before.csv"), "-o", reference]) == 0

    assert cli.main(["compare", reference, str(tmp_path / "after.csv"), "--html", str(report)]) == 0

    text = report.read_text()
    assert "1 of 3 features have drifted" in text
    assert "median" in text
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert not re.search(r'(src|href)="(?!#)', text)
    assert "default-src 'none'" in text
    assert text.count("<svg") == 3
