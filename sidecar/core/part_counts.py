"""The second pass over reference data with counts per part of the rows beside those of the whole.

Parts share the bins of the whole, so that only counts are added to the profile, and those of all parts add up to the whole's.
What a part is, its subclasses say: a slice of the traffic (`segment_counts`) or a season (`season_counts`).
"""

from __future__ import annotations

from abc import abstractmethod

import numpy as np

from sidecar.core.binner import Batch
from sidecar.core.builder import Recount, share_unseen
from sidecar.core.frame import Frame, Side
from sidecar.core.profile import Counts, Profile
from sidecar.core.slices import split


class PartRecount(Recount):
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
        """The part of each row; asked once a frame, in their order."""

    def _count(self, frame: Frame, batch: Batch) -> None:
        super()._count(frame, batch)
        binner, of_side = self._binners[frame.side], self.parts[frame.side]
        for number, codes in split(batch.codes, np.array(self.numbers(frame), np.int64)):
            of_side[number] = of_side.get(number, 0) + binner.counts(codes)
