"""Learns a reference: gathers the first rows of a side, and refuses to learn from a stream that is changing.

When there are enough rows, the older half is compared with the newer. If they differ, the older half is dropped, and
twice as many rows are waited for. So a start-up passes, dependent rows get time to show their whole distribution, and a
stream that keeps changing is never taken for normal. The monitor reports refusals.
"""

from __future__ import annotations

from sidecar.core.reference.builder import Builder, Recount
from sidecar.core.reference.profile import Profile
from sidecar.core.scores.comparison import FeatureComparison, Material, compare
from sidecar.core.words.events import State
from sidecar.core.words.frame import Frame, Side

MOST_PATIENCE = 16
"""Most rows to wait for, in multiples of the wanted rows, so that memory is bounded."""


class Learner:
    """One side; `wanted` rows are enough if their halves do not differ."""

    def __init__(self, side: Side, wanted: int, material: Material) -> None:
        self.refusals = 0
        self._side = side
        self._wanted = wanted
        self._material = material
        self._builder = Builder()
        self._frames: list[Frame] = []

    @property
    def rows(self) -> int:
        """Number of rows gathered."""
        return self._builder.rows(self._side)

    @property
    def due(self) -> bool:
        """Whether there are enough rows to learn from."""
        return self.rows >= self._wanted * min(1 << self.refusals, MOST_PATIENCE)

    def add(self, frame: Frame) -> None:
        """Take rows."""
        self._frames.append(self._builder.add(frame))

    def profile(self) -> Profile:
        """The profile of the rows gathered."""
        return self._counted(self._frames, own=True)

    def refuse(self) -> FeatureComparison | None:
        """The feature that changed most between the halves, after dropping the older half; None if none drifted."""
        half, rows = 0, 0
        while rows < self.rows // 2:
            rows += self._frames[half].rows
            half += 1
        older, newer = (self._counted(frames, own=False) for frames in (self._frames[:half], self._frames[half:]))
        found = compare(older, newer, self._material).features
        if not found or found[0].state is not State.DRIFT:
            return None
        self.refusals += 1
        self._frames = self._frames[half:]
        self._builder = Builder()
        self._frames = [self._builder.add(frame) for frame in self._frames]
        return found[0]

    def _counted(self, frames: list[Frame], own: bool) -> Profile:
        recount = Recount(self._builder.build(), own)
        for frame in frames:
            recount.add(frame)
        return recount.profile()
