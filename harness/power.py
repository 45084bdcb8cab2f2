"""How often each p-value sees a change in one look: 200 live rows against a reference of 10,000 standard normal ones.

Used by `tests` at few looks and by `benchmarks.drift.power` at many.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from harness.families import FAMILIES, references
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
