"""The second pass over reference data with counts per slice beside: `profile --segment-by`.

Slices share the bins of the whole, so that only counts are added to the profile, and those of all slices add up to the
whole's. Which row is in which slice is decided by `segments`, as it is for live rows.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sidecar.core.binner import Batch
from sidecar.core.builder import Recount, share_unseen
from sidecar.core.frame import Frame, Side
from sidecar.core.profile import Profile
from sidecar.core.segments import Router, following
from sidecar.core.slices import split
from sidecar.settings import SegmentSettings

MOST = 100
"""Slices that a profile holds; rows of further categories are in `other`."""


class SegmentRecount(Recount):
    """Counts every row into the bins of a profile, and into its slice by the feature `by` of the input side."""

    def __init__(self, profile: Profile, by: str, own: bool = True) -> None:
        super().__init__(profile, own)
        self._by = by
        self._router = Router(SegmentSettings(by=f"feature:{by}", max=MOST), ())
        self._router.know(profile.sides[Side.INPUT].features)
        self._asked: list[int] = []
        self._slices: dict[str, dict[Side, NDArray[np.int64]]] = {}

    def profile(self) -> Profile:
        """The profile with the counts of this pass, and its slices."""
        for side, expected in self._expected.items():
            share_unseen(expected, [of_slice[side] for of_slice in self._slices.values() if side in of_slice])
        return replace(super().profile(), segment_by=self._by, slices=self._slices)

    def _count(self, frame: Frame, batch: Batch) -> None:
        super()._count(frame, batch)
        answered = frame.side is Side.OUTPUT
        rows = following(self._asked, frame.rows) if answered else self._router.rows(frame)
        self._asked = [] if answered else rows  # an answer follows its request, or stands alone
        binner = self._binners[frame.side]
        for number, codes in split(batch.codes, np.array(rows, np.int64)):
            of_slice = self._slices.setdefault(self._router.names[number], {})
            of_slice[frame.side] = of_slice.get(frame.side, 0) + binner.counts(codes)
