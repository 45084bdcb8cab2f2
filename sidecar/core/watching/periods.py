"""What came in which period: so that rows since about any time can become the next reference, in bounded memory.

Windows are added as they close. Of more than `MOST` periods the two neighbours are joined that are shortest for their age, so
that their lengths grow with their age: of the rows since a moment at least about half are known to have come since then.
`watch` owns one for each side.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sidecar.core.reference.moments import Moments
from sidecar.core.words.arrays import AnyCounts, Counts

MOST = 10
"""Periods that are kept: some 100 to 160 bytes for each feature and period."""


@dataclass(frozen=True, eq=False, slots=True)
class Period:
    """Counts (F, B) and moments of the rows that came from `started` until `ended` (Unix seconds)."""

    started: float
    ended: float
    counts: AnyCounts
    moments: Moments

    @property
    def wide_counts(self) -> Counts:
        """`counts` in the type of a profile's."""
        return self.counts.astype(np.int64)

    def join(self, later: Period) -> Period:
        """Both as one."""
        counts = compact(self.wide_counts + later.counts)
        return Period(self.started, later.ended, counts, self.moments.merge(later.moments))


def compact(counts: AnyCounts) -> AnyCounts:
    """The same counts in the smallest type that holds them."""
    return counts.astype(np.min_scalar_type(counts.max(initial=0)))


class Periods:
    """The periods of one side, oldest first."""

    def __init__(self) -> None:
        self._kept: list[Period] = []

    def add(self, period: Period) -> None:
        """Append the latest."""
        self._kept.append(period)
        if len(self._kept) > MOST:
            self._join_two(period.ended)

    def since(self, time: float) -> list[Period]:
        """The periods that began at `time` or later; of rows from before it there are none among them."""
        return [period for period in self._kept if period.started >= time]

    def _join_two(self, now: float) -> None:
        def length_for_age(at: int) -> float:
            first, second = self._kept[at : at + 2]
            return (second.ended - first.started) / max(now - second.ended, second.ended - second.started, 1e-9)

        at = min(range(len(self._kept) - 2), key=length_for_age)  # the latest stays as it is
        self._kept[at : at + 2] = [self._kept[at].join(self._kept[at + 1])]
