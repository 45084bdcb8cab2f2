"""A reference that knows the time of day or week: counts per season, in the bins of the whole.

Live rows are compared with the season in which they arrive, so that a cycle which the reference holds is no drift. This
module defines which season a moment belongs to, for reference and live alike; `recount_by_season` counts, and
`evidence` is gathered against the counts.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sidecar.core.words.arrays import Counts, Floats

_HOUR, _DAY, _WEEK = 3_600, 86_400, 604_800
_MONDAY = 4 * _DAY
"""The first Monday of Unix time."""
LEAST_ROWS = 300
"""A feature with fewer reference rows in a season is not judged in it: too few for thirty bins."""


class Season(enum.StrEnum):
    """The cycle."""

    HOUR_OF_DAY = "hour_of_day"
    DAY_OF_WEEK = "day_of_week"
    HOUR_OF_WEEK = "hour_of_week"


def season_of(season: Season, seconds: float, offset: float = 0.0) -> int:
    """The number of the season of a moment, given in Unix seconds with the `offset` of the local clock in seconds:
    hours from 0 to 23, days from 0 (Monday) to 6, hours of the week from 0 to 167.
    """
    local = seconds + offset
    if season is Season.HOUR_OF_DAY:
        return int(local % _DAY // _HOUR)
    of_week = (local - _MONDAY) % _WEEK
    return int(of_week // (_DAY if season is Season.DAY_OF_WEEK else _HOUR))


@dataclass(frozen=True, eq=False)
class Seasons:
    """Counts (F, B) by number of the season; seasons without rows are absent. They add up to the whole's counts."""

    season: Season
    counts: Mapping[int, Counts]

    def merge(self, other: Seasons | None) -> Seasons | None:
        """Both together; None if the other has no or other seasons."""
        if other is None or other.season is not self.season:
            return None
        counts = dict(self.counts)
        for number, more in other.counts.items():
            counts[number] = counts[number] + more if number in counts else more
        return Seasons(self.season, counts)

    def reference(self, number: int, shape: tuple[int, ...]) -> Floats:
        """Reference counts (F, B) for live rows of a season; 0 for features with fewer than `LEAST_ROWS` rows in it."""
        counts = self.counts.get(number, np.zeros(shape, np.int64))
        return np.where(counts.sum(axis=1, keepdims=True) >= LEAST_ROWS, counts, 0).astype(np.float64)
