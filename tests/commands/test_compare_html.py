"""The HTML report: it stands alone, escapes what data says, and says first what matters."""

from __future__ import annotations

import random
import re
from pathlib import Path

import msgspec
import pytest

from harness.profiles import recounted
from sidecar import cli
from sidecar.commands.compare_html import page
from sidecar.core.scores.comparison import LeastEffects, compare
from sidecar.core.words.events import State


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


def report(**states: State) -> str:
    """The page on two equal profiles, said to be in these states."""
    profile = recounted({name: [1.0, 2.0, 3.0] * 40 for name in states})
    found = compare(profile, profile, LeastEffects(0.1, 0.1))
    judged = tuple(msgspec.structs.replace(one, state=states[one.feature]) for one in found.features)
    return page(profile, profile, ("a.json", "b.csv"), msgspec.structs.replace(found, features=judged), "now")


@pytest.mark.parametrize(
    ("states", "headline"),
    [
        ({"a": State.OK, "b": State.OK}, "No drift"),
        ({"a": State.DRIFT, "b": State.WARNING}, "1 of 2 features have drifted"),
        ({"a": State.OK, "b": State.WARNING}, "1 of 2 features may be drifting"),
        ({"a": State.INSUFFICIENT, "b": State.INSUFFICIENT}, "Not enough rows to tell"),
    ],
)
def test_the_headline_says_the_worst_first(states: dict[str, State], headline: str) -> None:
    assert f">{headline}</h1>" in report(**states)


def test_features_that_drifted_stand_first_and_those_beyond_sixty_that_are_well_have_no_chart() -> None:
    names = [f"x{at:03}" for at in range(70)]
    text = report(**{name: State.DRIFT if name == "x069" else State.OK for name in names})

    cards = re.findall(r"<header><h2>(\w+)</h2>", text)
    assert cards[0] == "x069"
    assert len(cards) == 61
