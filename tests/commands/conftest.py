"""Small data files with a known change, and the profile of the unchanged one."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from sidecar import cli

HEADER = ["age", "country", "smoker", "score"]


def write_rows(path: Path, rows: int, seed: int, shift: float = 0.0) -> Path:
    rng = np.random.default_rng(seed)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for _ in range(rows):
            age = "" if rng.random() < 0.05 else round(float(rng.normal(40 + shift, 10)), 2)
            country = str(rng.choice(["NL", "DE", "FR"], p=[0.5, 0.3, 0.2]))
            writer.writerow([age, country, bool(rng.random() < 0.3), round(float(rng.random()), 4)])
    return path


@pytest.fixture
def training(tmp_path: Path) -> Path:
    return write_rows(tmp_path / "training.csv", 3000, seed=1)


@pytest.fixture
def reference(training: Path, tmp_path: Path) -> Path:
    path = tmp_path / "reference.json"
    assert cli.main(["profile", str(training), "--outputs", "score", "-o", str(path)]) == 0
    return path
