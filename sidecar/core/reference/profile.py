"""A profile: which features there are, how they are binned, and how many rows each bin holds. Reference and live alike.

Both are made by the same `Counter`, so they can be compared bin by bin, and profiles with the same bins can be merged
over windows, pods and days. `profile_file` defines the file format; `cuts` decides where bins are cut.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from sidecar.core.binning.binner import Batch, Binner
from sidecar.core.binning.bins import Feature
from sidecar.core.binning.derive import columns_of
from sidecar.core.binning.rank_scores import RankedRows
from sidecar.core.reference.constraints import Constraint
from sidecar.core.reference.joint import Joint, joint_of
from sidecar.core.reference.moments import Moments
from sidecar.core.reference.seasons import Seasons
from sidecar.core.words.arrays import Counts, Floats
from sidecar.core.words.frame import Side

PAIRED_ROWS = 100_000
"""Correlations are computed from the first so many rows: at most 6.4 MB."""


class LeftOut(NamedTuple):
    """A column of the data that is no feature: why, and its place among all columns."""

    name: str
    why: str
    at: int


@dataclass(frozen=True, eq=False)
class SideProfile:
    """One side: features in order, `counts` (F, B), and the moments of the numeric features in order.

    Every value is in exactly one bin, so the rows of a feature are the sum of its counts.
    """

    features: tuple[Feature, ...]
    counts: Counts
    moments: Moments
    joint: Joint | None = None
    """Correlations between features; None if they were not computed."""
    seasons: Seasons | None = None
    """Counts per season, which add up to `counts`; None where there are none."""
    left_out: tuple[LeftOut, ...] = ()
    """Columns of the data that were left out, by their place: identifiers, indices, and what cannot be watched."""
    withheld: frozenset[str] = frozenset()
    """Columns that were not learned for want of consent; in no file, since their names may be secrets."""
    constraints: tuple[Constraint, ...] = ()
    """What columns must keep, beside what is compared; people may edit them, so they are no part of the digest."""

    @functools.cached_property
    def numbers(self) -> Floats:
        """`counts` as floats (F, B), converted once."""
        return self.counts.astype(np.float64)

    @property
    def rows(self) -> Counts:
        """Rows of each feature (F,)."""
        return np.asarray(self.counts.sum(axis=1))

    @functools.cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the features, in order."""
        return tuple(feature.name for feature in self.features)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the data in their order, those that were left out in their places."""
        columns = list(columns_of(self.features))
        for one in self.left_out:
            columns.insert(one.at, one.name)
        return tuple(columns)

    def without_rare(self) -> SideProfile:
        """To be shown: rare names are not known any more, not even by key. Where there were some, all names without a bin of
        their own are `other`.
        """
        features = tuple(one.without_rare() for one in self.features)
        counts = self.counts.copy()
        for at, (before, after) in enumerate(zip(self.features, features, strict=True)):
            if before != after:
                counts[at, after.other] += counts[at, after.unseen]
                counts[at, after.unseen] = 0
        return replace(self, features=features, counts=counts, seasons=None)

    def merge(self, other: SideProfile) -> SideProfile:
        """Both together, with the constraints of this one. Raises ValueError if their bins differ."""
        if self.features != other.features:
            raise ValueError("profiles of different bins cannot be merged")
        joint = self.joint.merge(other.joint) if self.joint and other.joint else None
        seasons = self.seasons.merge(other.seasons) if self.seasons else None
        moments = self.moments.merge(other.moments)
        return replace(self, counts=self.counts + other.counts, moments=moments, joint=joint, seasons=seasons)


@dataclass(frozen=True)
class Lineage:
    """Where a profile of live rows came from."""

    parent: str
    """Digest of the reference in whose bins they were counted."""
    since: float
    """Unix seconds of the first row..."""
    until: float
    """...and of the last."""
    accepted_by: str = ""


@dataclass(frozen=True, eq=False)
class Profile:
    """The sides that are known; a side without features is absent."""

    sides: Mapping[Side, SideProfile] = field(default_factory=dict)
    segment_by: str = ""
    """The feature that rows are segmented by; empty without segments."""
    segments: Mapping[str, Mapping[Side, Counts]] = field(default_factory=dict)
    """Counts (F, B) by segment and side, in the bins of the side; they add up to the counts of the side."""
    name: str = ""
    """The name given by its maker."""
    created: str = ""
    """When it was made (ISO 8601, UTC); empty if unknown."""
    lineage: Lineage | None = None
    """Of live rows that were accepted as a reference; None for any other."""
    streams: Mapping[str, Profile] = field(default_factory=dict)
    """References of further streams by name, none of which has streams itself."""

    @property
    def alone(self) -> Profile | None:
        """The profile without its `streams`; None if that is nothing."""
        return replace(self, streams={}) if self.sides else None

    def without_rare(self) -> Profile:
        """Every side of every stream `without_rare`, without segments."""
        sides = {side: of_side.without_rare() for side, of_side in self.sides.items()}
        streams = {name: of_stream.without_rare() for name, of_stream in self.streams.items()}
        return replace(self, sides=sides, segment_by="", segments={}, streams=streams)

    def merge(self, other: Profile) -> Profile:
        """Both together; a side or stream that only one of them has is unchanged. Raises ValueError if bins differ."""
        sides = dict(self.sides)
        for side, profile in other.sides.items():
            sides[side] = sides[side].merge(profile) if side in sides else profile
        streams = dict(self.streams)
        for name, more in other.streams.items():
            streams[name] = streams[name].merge(more) if name in streams else more
        return Profile(sides, *self._merged_segments(other), streams=streams)

    def _merged_segments(self, other: Profile) -> tuple[str, dict[str, dict[Side, Counts]]]:
        """No segments if the two are not segmented alike, since some rows would be in no segment."""
        if self.segment_by != other.segment_by:
            return "", {}
        segments = {name: dict(counts) for name, counts in self.segments.items()}
        for name, counts in other.segments.items():
            for side, more in counts.items():
                of_segment = segments.setdefault(name, {})
                of_segment[side] = of_segment[side] + more if side in of_segment else more
        return self.segment_by, segments


class Counter:
    """Counts batches of one side into a profile."""

    def __init__(self, binner: Binner) -> None:
        self._binner = binner
        self.counts: Counts = np.zeros((len(binner.features), binner.width), np.int64)
        self.rows = 0
        self._moments = Moments.empty(len(binner.numeric))
        self._pairs = RankedRows(binner.features, binner.width, PAIRED_ROWS)

    def add(self, batch: Batch) -> None:
        """Count a batch that was made by this counter's binner."""
        self.counts += self._binner.counts(batch.codes)
        self.rows += batch.rows
        if batch.rows:
            self._moments = self._moments.merge(Moments.of(batch.numbers))
            self._pairs.add(batch.codes)

    def profile(self) -> SideProfile:
        """The counts so far; later batches do not change it."""
        joint = joint_of(self._pairs) if len(self._binner.features) > 1 else None
        return SideProfile(self._binner.features, self.counts.copy(), self._moments, joint)
