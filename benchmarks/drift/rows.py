"""The rows that every method gets: a reference and streams of live rows, as arrays, with fixed seeds. Needs numpy alone."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np

from sidecar.core.words.arrays import Floats

FEATURES = 20
REFERENCE = 10_000
BEFORE = 4_000
"""Rows before the change."""
AFTER = 8_000
NULL = 60_000
LOAN_FEATURES = ("car_value", "loan_length", "y_pred_proba", "debt_to_income_ratio", "driver_tenure")
LOAN_CHANGE = 25_000
AR = 0.9
REPEATS = 50

CHANGES: dict[str, Callable[[Floats, np.random.Generator], None]] = {}


def _change(name: str) -> Callable[[Callable[[Floats, np.random.Generator], None]], None]:
    def register(act: Callable[[Floats, np.random.Generator], None]) -> None:
        CHANGES[name] = act

    return register


@_change("1 of 20: mean + 0.5 sd")
def _half(rows: Floats, rng: np.random.Generator) -> None:
    rows[:, 0] += 0.5


@_change("1 of 20: mean + 1 sd")
def _one(rows: Floats, rng: np.random.Generator) -> None:
    rows[:, 0] += 1.0


@_change("1 of 20: sd x 1.5")
def _wider(rows: Floats, rng: np.random.Generator) -> None:
    rows[:, 0] *= 1.5


@_change("1 of 20: 20 % are one value")
def _stuck(rows: Floats, rng: np.random.Generator) -> None:
    rows[rng.random(len(rows)) < 0.2, 0] = 0.5


def independent(rng: np.random.Generator, rows: int) -> Floats:
    """Standard normal rows (rows, F)."""
    return rng.normal(size=(rows, FEATURES))


def autocorrelated(rng: np.random.Generator, rows: int) -> Floats:
    """AR(1) rows with standard normal marginals."""
    values: Floats = rng.normal(size=(rows, FEATURES)) * np.sqrt(1 - AR**2)
    for at in range(1, rows):
        values[at] += AR * values[at - 1]
    return values


def repeated(rng: np.random.Generator, rows: int) -> Floats:
    """Each row `REPEATS` times."""
    return np.repeat(rng.normal(size=(-(-rows // REPEATS), FEATURES)), REPEATS, axis=0)[:rows]


def write(directory: Path, loans: Path, seeds: int) -> None:
    """All rows as .npy: NAME.reference.npy and NAME.live.npy."""
    for at, (name, draw) in enumerate(
        (("independent", independent), ("autocorrelated", autocorrelated), ("repeated", repeated))
    ):
        rng = np.random.default_rng(at)
        _save(directory, f"null {name}", independent(rng, REFERENCE), draw(rng, NULL))
    for change, act in CHANGES.items():
        for seed in range(seeds):
            rng = np.random.default_rng(100 + seed)
            live = independent(rng, BEFORE + AFTER)
            act(live[BEFORE:], rng)
            _save(directory, f"change {change} seed {seed}", independent(rng, REFERENCE), live)
    _save(directory, "loans", *(_loans(loans, which) for which in ("reference", "analysis")))


def _save(directory: Path, name: str, reference: Floats, live: Floats) -> None:
    np.save(directory / f"{name}.reference.npy", reference)
    np.save(directory / f"{name}.live.npy", live)


def _loans(directory: Path, which: str) -> Floats:
    with (directory / f"synthetic_car_loan_{which}.csv").open(newline="") as file:
        rows = [[float(row[name]) for name in LOAN_FEATURES] for row in csv.DictReader(file)]
    found: Floats = np.array(rows, np.float64)
    return found if which == "reference" else found[: LOAN_CHANGE + 5_000]
