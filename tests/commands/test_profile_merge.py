"""Profiles of the same bins add up; others are refused by the first feature that differs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness.profiles import profile_of
from sidecar import cli
from sidecar.commands.profile_merge import merged
from sidecar.core.words.frame import Side
from sidecar.errors import UserError
from sidecar.reference_store import read_reference, save_reference


def test_profiles_of_the_same_bins_are_merged_and_others_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(1)
    for name, shift in (("a", 0.0), ("b", 0.5)):
        rows = [f"{x + shift:.5f}" for x in rng.normal(size=500)]
        (tmp_path / f"{name}.csv").write_text("x\n" + "\n".join(rows) + "\n")
    a, b, bins_of_a, both = (str(tmp_path / f"{name}.json") for name in ("a", "b", "bins_of_a", "both"))
    assert cli.main(["profile", str(tmp_path / "a.csv"), "-o", a]) == 0
    assert cli.main(["profile", str(tmp_path / "b.csv"), "-o", b]) == 0
    assert cli.main(["profile", str(tmp_path / "b.csv"), "--bins-of", a, "-o", bins_of_a]) == 0

    assert cli.main(["profile", "merge", a, b, "-o", both]) == 2
    assert "has other bins for feature 'x'" in capsys.readouterr().err
    assert cli.main(["profile", "merge", a, bins_of_a, "-o", both]) == 0

    assert read_reference(both).sides[Side.INPUT].rows.tolist() == [1_000]


def saved(path: Path, **columns: list[float]) -> str:
    save_reference(profile_of(columns), str(path))
    return str(path)


def test_one_profile_cannot_be_merged(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="needs two profiles at least"):
        merged([saved(tmp_path / "a.json", x=[1.0, 2.0] * 30)])


def test_what_keeps_profiles_from_being_merged_is_named(tmp_path: Path) -> None:
    x, y = [1.0, 2.0] * 30, [3.0, 4.0] * 30
    first = saved(tmp_path / "a.json", x=x)
    for columns, words in (
        ({"y": y}, "has no feature 'x'"),
        ({"x": x, "y": y}, "has more features"),
        ({"x": y}, "has other bins for feature 'x'"),
    ):
        with pytest.raises(UserError) as error:
            merged([first, saved(tmp_path / "b.json", **columns)])
        assert words in str(error.value)


def test_counts_of_all_are_added(tmp_path: Path) -> None:
    paths = [saved(tmp_path / f"{at}.json", x=[1.0, 2.0] * 30) for at in range(3)]

    side = merged(paths).sides[Side.INPUT]

    assert side.rows.tolist() == [180]
    assert (side.counts == 3 * read_reference(paths[0]).sides[Side.INPUT].counts).all()
