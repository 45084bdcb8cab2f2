"""A profile: which features there are, how they are binned, and how often each bin was hit. Reference and live alike.

Both are made by the same `Counter`, so they can be compared bin by bin, and profiles of the same bins add up (`merge`)
over windows, pods and days. What a profile is as a file is `profile_file`'s business, where bins are cut `cuts`'.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from sidecar.core.binning.binner import Batch, Binner
from sidecar.core.binning.bins import Feature
from sidecar.core.binning.rank_scores import RankedRows
from sidecar.core.reference.joint import Joint, joint_of
from sidecar.core.reference.moments import Moments
from sidecar.core.reference.seasons import Seasons
from sidecar.core.words.arrays import Counts, Floats
from sidecar.core.words.frame import Side

PAIRED_ROWS = 100_000
"""Rows, the first ones, from which it is learned how features hang together: at most 6.4 MB."""


@dataclass(frozen=True, eq=False)
class SideProfile:
    """One side: features in order, `counts` (features, widest), and the moments of the numeric features in order.

    Every value falls into exactly one bin, so the rows of a feature are the sum of its counts.
    """

    features: tuple[Feature, ...]
    counts: Counts
    moments: Moments
    joint: Joint | None = None
    """How features hang together; None where that was not counted."""
    seasons: Seasons | None = None
    """Counts per season, which add up to `counts`; None where there are none."""

    @functools.cached_property
    def numbers(self) -> Floats:
        """`counts` to compute with, made once for all who do."""
        return self.counts.astype(np.float64)

    @property
    def rows(self) -> Counts:
        """Rows behind each feature."""
        return np.asarray(self.counts.sum(axis=1))

    @property
    def names(self) -> tuple[str, ...]:
        """The features' names, in order."""
        return tuple(feature.name for feature in self.features)

    def merge(self, other: SideProfile) -> SideProfile:
        """Both together. Raises ValueError if their bins differ."""
        if self.features != other.features:
            raise ValueError("profiles of different bins cannot be merged")
        joint = self.joint.merge(other.joint) if self.joint and other.joint else None
        seasons = self.seasons.merge(other.seasons) if self.seasons else None
        moments = self.moments.merge(other.moments)
        return SideProfile(self.features, self.counts + other.counts, moments, joint, seasons)


@dataclass(frozen=True, eq=False)
class Profile:
    """The sides that are known; a side without features is absent."""

    sides: Mapping[Side, SideProfile] = field(default_factory=dict)
    segment_by: str = ""
    """The feature that the rows are segmented by; empty where they are not."""
    segments: Mapping[str, Mapping[Side, Counts]] = field(default_factory=dict)
    """Counts (features, widest) in each segment and side, in the side's bins; they add up to the side's counts."""
    name: str = ""
    """What its maker called it."""
    created: str = ""
    """When it was made (ISO 8601, UTC); empty where nobody said."""

    def merge(self, other: Profile) -> Profile:
        """Both together; a side that only one of them has is taken as it is. Raises ValueError if bins differ."""
        sides = dict(self.sides)
        for side, profile in other.sides.items():
            sides[side] = sides[side].merge(profile) if side in sides else profile
        return Profile(sides, *self._merged_slices(other))

    def _merged_slices(self, other: Profile) -> tuple[str, dict[str, dict[Side, Counts]]]:
        """None where the two are not segmented alike, since some rows would be in no segment."""
        if self.segment_by != other.segment_by:
            return "", {}
        segments = {name: dict(counts) for name, counts in self.segments.items()}
        for name, counts in other.segments.items():
            for side, more in counts.items():
                of_segment = segments.setdefault(name, {})
                of_segment[side] = of_segment[side] + more if side in of_segment else more
        return self.segment_by, segments


class Counter:
    """Counts batches of one side into a profile; the one place where counts are made."""

    def __init__(self, binner: Binner) -> None:
        self._binner = binner
        self.counts: Counts = np.zeros((len(binner.features), binner.width), np.int64)
        self.rows = 0
        self._moments = Moments.empty(len(binner.numeric))
        self._pairs = RankedRows(binner.features, binner.width, PAIRED_ROWS)

    def add(self, batch: Batch) -> None:
        """Count a batch that this counter's binner made."""
        self.counts += self._binner.counts(batch.codes)
        self.rows += batch.rows
        if batch.rows:
            self._moments = self._moments.merge(Moments.of(batch.numbers))
            self._pairs.add(batch.codes)

    def profile(self) -> SideProfile:
        """What was counted so far; later batches do not change it."""
        joint = joint_of(self._pairs) if len(self._binner.features) > 1 else None
        return SideProfile(self._binner.features, self.counts.copy(), self._moments, joint)
