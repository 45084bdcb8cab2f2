"""The second pass over reference data with counts per segment: `profile --segment-by`.

`binning.segments` assigns rows to segments, as it does for live rows; `recount_by` counts them.
"""

from __future__ import annotations

from dataclasses import replace

from sidecar.core.binning.segments import Router, segments_of_answer
from sidecar.core.reference.profile import Profile
from sidecar.core.reference.recount_by import RecountBy
from sidecar.core.words.arrays import Counts
from sidecar.core.words.frame import Frame, Side
from sidecar.settings import SegmentSettings

MOST = 100
"""Most segments in a profile; rows of further categories are in `other`."""


class RecountBySegment(RecountBy):
    """Counts every row into the bins of a profile, and into its segment by the feature `by` of the input side."""

    def __init__(self, profile: Profile, by: str, own: bool = True) -> None:
        super().__init__(profile, own)
        self._by = by
        self._router = Router(SegmentSettings(by=f"feature:{by}", max=MOST), ())
        self._router.use_reference(profile.sides[Side.INPUT].features)
        self._asked: list[int] = []

    def profile(self) -> Profile:
        """The profile with the counts of this pass, and its segments."""
        whole = super().profile()
        segments: dict[str, dict[Side, Counts]] = {}
        for side, parts in self.parts.items():
            for number, counts in parts.items():
                segments.setdefault(self._router.names[number], {})[side] = counts
        return replace(whole, segment_by=self._by, segments=segments)

    def numbers(self, frame: Frame) -> list[int]:
        """The segment of each row; the rows of a response are in the segments of its request."""
        answered = frame.side is Side.OUTPUT
        rows = segments_of_answer(self._asked, frame.rows) if answered else self._router.rows(frame)
        self._asked = [] if answered else rows
        return rows
