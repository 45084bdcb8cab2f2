"""How often each p-value sees a change in one look: `python -m benchmarks.drift.power`.

200 live rows against a reference of 10,000 standard normal ones, at 0.05, for five changes that different tests are good at.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable

import numpy as np

from benchmarks.drift.families import FAMILIES, references
from sidecar.core.binning.binner import Binner
from sidecar.core.scores.combined_p_value import combined_p_value
from sidecar.core.scores.geometry import scale
from sidecar.core.scores.measure import Pair
from sidecar.core.scores.measures import MEASURES
from sidecar.core.words.arrays import Floats

Rng = np.random.Generator

ROWS = 200
REFERENCE = 10_000
ALPHA = 0.05
SEPARATION = 0.8
"""Distance of the two modes from their middle."""


def _some(rng: Rng, share: float, values: Floats | float) -> Floats:
    return np.where(rng.random(ROWS) < share, values, rng.normal(size=ROWS))


def _bimodal(rng: Rng) -> Floats:
    return rng.choice([-SEPARATION, SEPARATION], ROWS) + rng.normal(0, math.sqrt(1 - SEPARATION**2), ROWS)


CHANGES: dict[str, Callable[[Rng], Floats]] = {
    "none": lambda rng: rng.normal(size=ROWS),
    "mean + 0.2 sd": lambda rng: rng.normal(0.2, 1, ROWS),
    "sd x 1.25": lambda rng: rng.normal(0, 1.25, ROWS),
    "5 % outliers around + 4 sd": lambda rng: _some(rng, 0.05, rng.normal(4, 1, ROWS)),
    "10 % are one value": lambda rng: _some(rng, 0.1, 0.5),
    "bimodal, same mean and sd": _bimodal,
}


def power(change: Callable[[Rng], Floats], times: int, seed: int) -> dict[str, float]:
    """The share of looks at which each p-value is below `ALPHA`; each look has a reference of its own."""
    rng = np.random.default_rng(seed)
    profile, _ = references(FAMILIES["normal"], rng, REFERENCE, times)
    binner = Binner(profile.features)
    codes = binner.cut(np.array([change(rng) for _ in range(times)]))
    live = np.array([np.bincount(row, minlength=binner.width) for row in codes], np.float64)
    pair = Pair(profile.counts.astype(np.float64), live, scale(profile))
    p_values = {measure.name: measure(pair).p_value for measure in MEASURES} | {"combined": combined_p_value(pair)}
    return {name: float((p_value < ALPHA).mean()) for name, p_value in p_values.items()}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--looks", type=int, default=2_000)
    times = parser.parse_args().looks
    rows = {name: power(change, times, seed=at) for at, (name, change) in enumerate(CHANGES.items())}
    measures = list(rows["none"])
    print(
        f"{times:,} looks a cell, each with a reference of its own; standard error at most {0.5 / math.sqrt(times):.3f}\n"
    )
    print(f"| change | {' | '.join(measures)} |\n|---|{'---|' * len(measures)}")
    for name, found in rows.items():
        print(f"| {name} | {' | '.join(f'{found[measure]:.2f}' for measure in measures)} |")


if __name__ == "__main__":
    main()
