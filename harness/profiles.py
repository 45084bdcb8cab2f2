"""Profiles and frames of made-up data, for tests of the core."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sidecar.core.binning.bins import Kind
from sidecar.core.reference.builder import Builder, Recount
from sidecar.core.reference.choices import Choices
from sidecar.core.reference.profile import Profile, SideProfile
from sidecar.core.scores.geometry import scale
from sidecar.core.scores.measure import Pair
from sidecar.core.words.frame import Frame, Side

Columns = Mapping[str, Sequence[Any]]


def frame(columns: Columns, side: Side = Side.INPUT) -> Frame:
    """Columns as one frame."""
    rows = len(next(iter(columns.values())))
    values = [column[row] for row in range(rows) for column in columns.values()]
    return Frame(side, tuple(columns), rows, len(columns), values)


def profile_of(columns: Columns, category_rows: int = 1) -> Profile:
    """A profile of these input columns, bins and all; names of `category_rows` rows have a bin."""
    builder = Builder(Choices(category_rows=category_rows, include=frozenset(columns)))
    builder.add(frame(columns))
    return builder.build()


def pair_of(reference: NDArray[Any], live: NDArray[Any], side: SideProfile) -> Pair:
    """Counts (F, B) in the bins of a side, to be measured."""
    return Pair(reference.astype(np.float64), live.astype(np.float64), scale(side))


def counted(columns: Columns, bins_of: Profile) -> SideProfile:
    """These input columns counted into the bins of another profile."""
    recount = Recount(bins_of)
    recount.add(frame(columns))
    return recount.profile().sides[Side.INPUT]


def look(reference: Columns, live: Columns) -> Pair:
    """Live columns beside those of a reference, in its bins, to be measured."""
    profile = profile_of(reference)
    side = profile.sides[Side.INPUT]
    return pair_of(side.counts, counted(live, profile).counts, side)


def recounted(columns: Columns) -> Profile:
    """A profile of these input columns as `drift-sidecar profile` makes it, in two passes: with sums over pairs."""
    return recounted_frames([frame(columns)])


def recounted_frames(frames: Iterable[Frame], kinds: Mapping[str, Kind] | None = None) -> Profile:
    """The same of any frames."""
    builder = Builder(Choices(kinds or {}, category_rows=1))
    kept = [builder.add(frame) for frame in frames]
    recount = Recount(builder.build(), own=True)
    for frame in kept:
        recount.add(frame)
    return recount.profile()
