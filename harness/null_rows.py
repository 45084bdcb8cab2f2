"""Rows on which nothing drifts, of several kinds, and the reference and the blocks of codes that rows make.

Independent, autocorrelated, repeated in bursts, or following a daily cycle: what sequential evidence must stay quiet on.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from sidecar.core.binning.binner import Binner
from sidecar.core.binning.cuts import cut_numeric
from sidecar.core.reference.moments import Moments
from sidecar.core.reference.profile import SideProfile
from sidecar.core.reference.seasons import Season, Seasons, season_of
from sidecar.core.words.arrays import Floats, Numbers

FEATURES = 20
BLOCK = 16
"""Rows of a block, as the watch makes them."""
AR = 0.9
"""Coefficient of the autocorrelated rows."""
REPEATS = 50
"""Length of a burst."""


def independent(rng: np.random.Generator, rows: int) -> Floats:
    """Standard normal rows."""
    return rng.normal(size=(FEATURES, rows))


def autocorrelated(rng: np.random.Generator, rows: int) -> Floats:
    """AR(1) rows with coefficient `AR` and standard normal marginals."""
    noise = rng.normal(size=(FEATURES, rows)) * math.sqrt(1 - AR**2)
    values = np.empty_like(noise)
    last = rng.normal(size=FEATURES)
    for at in range(rows):
        last = AR * last + noise[:, at]
        values[:, at] = last
    return values


def bursts(rng: np.random.Generator, rows: int) -> Floats:
    """Each row is repeated `REPEATS` times."""
    return np.repeat(rng.normal(size=(FEATURES, -(-rows // REPEATS))), REPEATS, axis=1)[:, :rows]


def cycle(rng: np.random.Generator, at: Numbers) -> Floats:
    """Rows whose mean goes up and down by a standard deviation each day, at these moments (seconds, one row each)."""
    return rng.normal(size=(FEATURES, len(at))) + np.sin(2 * np.pi * at / 86_400)


def profile_of(values: Floats) -> SideProfile:
    """The reference of rows (F, n)."""
    binner = Binner([cut_numeric(f"x{at}", column) for at, column in enumerate(values)])
    counts = np.array([np.bincount(codes, minlength=binner.width) for codes in binner.cut(values)])
    return SideProfile(binner.features, counts, Moments.of(values))


def seasonal_profile(rng: np.random.Generator, rows: int) -> SideProfile:
    """The reference of so many rows of `cycle`, at any time of a day, which holds them by the hour."""
    at = rng.integers(0, 86_400, rows)
    values = cycle(rng, at)
    whole = profile_of(values)
    binner = Binner(whole.features)
    codes = binner.cut(values) + (np.arange(FEATURES) * binner.width)[:, None]
    hours = np.array([season_of(Season.HOUR_OF_DAY, moment) for moment in at])
    seasons = Seasons(Season.HOUR_OF_DAY, {hour: binner.counts(codes[:, hours == hour]) for hour in range(24)})
    return SideProfile(whole.features, whole.counts, whole.moments, seasons=seasons)


def blocks(binner: Binner, values: Floats) -> Iterator[Numbers]:
    """Flat codes in blocks, as `watch` makes them."""
    codes = binner.cut(values) + (np.arange(len(values)) * binner.width)[:, None]
    for at in range(0, codes.shape[1], BLOCK):
        yield codes[:, at : at + BLOCK]
