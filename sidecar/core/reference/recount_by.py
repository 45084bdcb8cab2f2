"""The second pass over reference data, with counts per part of the rows in addition to those of the whole.

Parts share the bins of the whole, so only counts are added to the profile, and the parts add up to the whole. The
subclasses define what a part is: a segment of the traffic (`recount_by_segment`) or a season (`recount_by_season`).
"""

from __future__ import annotations

from abc import abstractmethod

import numpy as np

from sidecar.core.binning.binner import Batch
from sidecar.core.binning.segments import split
from sidecar.core.reference.builder import Recount, share_unseen
from sidecar.core.reference.profile import Profile
from sidecar.core.words.arrays import Counts
from sidecar.core.words.frame import Frame, Side


class RecountBy(Recount):
    """Counts every row into the bins of a profile, and into its part."""

    def __init__(self, profile: Profile, own: bool) -> None:
        super().__init__(profile, own)
        self.parts: dict[Side, dict[int, Counts]] = {side: {} for side in profile.sides}
        """Counts (F, B) by number of the part."""

    def profile(self) -> Profile:
        """The profile with the counts of this pass."""
        for side, expected in self._expected.items():
            share_unseen(expected, list(self.parts[side].values()))
        return super().profile()

    @abstractmethod
    def numbers(self, frame: Frame) -> list[int]:
        """The number of the part of each row; called once per frame, in order."""

    def _count(self, frame: Frame, batch: Batch) -> None:
        super()._count(frame, batch)
        binner, of_side = self._binners[frame.side], self.parts[frame.side]
        for number, codes in split(batch.codes, np.array(self.numbers(frame), np.int64)):
            of_side[number] = of_side.get(number, 0) + binner.counts(codes)
