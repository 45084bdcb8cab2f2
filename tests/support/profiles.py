"""Profiles and frames of made-up data, for tests of the core."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sidecar.core.builder import Builder, Recount
from sidecar.core.frame import Frame, Side
from sidecar.core.profile import Profile, SideProfile

Columns = Mapping[str, Sequence[Any]]


def frame(columns: Columns, side: Side = Side.INPUT) -> Frame:
    """Columns as one frame."""
    rows = len(next(iter(columns.values())))
    values = [column[row] for row in range(rows) for column in columns.values()]
    return Frame(side, tuple(columns), rows, len(columns), values)


def profile_of(columns: Columns) -> Profile:
    """A profile of these input columns, bins and all."""
    builder = Builder()
    builder.add(frame(columns))
    return builder.build()


def counted(columns: Columns, bins_of: Profile) -> SideProfile:
    """These input columns counted into the bins of another profile."""
    recount = Recount(bins_of)
    recount.add(frame(columns))
    return recount.profile().sides[Side.INPUT]


def recounted(columns: Columns) -> Profile:
    """A profile of these input columns as `drift-sidecar profile` makes it, in two passes: with sums over pairs."""
    recount = Recount(profile_of(columns), own=True)
    recount.add(frame(columns))
    return recount.profile()
