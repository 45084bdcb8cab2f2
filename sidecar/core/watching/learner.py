"""A reference in the making: gathers the first rows of a side, and refuses to learn from a stream that changes while it does.

When there are enough rows, the older half is compared with the newer. If they differ, the older is forgotten and twice as many
rows are waited for, so that a start-up passes, rows that depend on each other get the time to show all they have, and a stream
that goes on changing is never taken for what is normal. What is said of it is the monitor's business.
"""

from __future__ import annotations

from sidecar.core.reference.builder import Builder, Recount
from sidecar.core.reference.profile import Profile
from sidecar.core.scores.comparison import FeatureComparison, Material, compare
from sidecar.core.words.events import State
from sidecar.core.words.frame import Frame, Side

MOST_PATIENCE = 16
"""Times the wanted rows that are waited for at most, so that memory is bounded."""


class Learner:
    """One side; `wanted` rows are enough if they are of one kind."""

    def __init__(self, side: Side, wanted: int, material: Material) -> None:
        self.refusals = 0
        self._side = side
        self._wanted = wanted
        self._material = material
        self._builder = Builder()
        self._frames: list[Frame] = []

    @property
    def rows(self) -> int:
        """Rows gathered."""
        return self._builder.rows(self._side)

    @property
    def due(self) -> bool:
        """There are enough rows to learn from."""
        return self.rows >= self._wanted * min(1 << self.refusals, MOST_PATIENCE)

    def add(self, frame: Frame) -> None:
        """Take rows."""
        self._frames.append(self._builder.add(frame))

    def profile(self) -> Profile:
        """What was gathered."""
        return self._counted(self._frames, own=True)

    def refuse(self) -> FeatureComparison | None:
        """The feature that changed most between the halves, if one did; the older half is forgotten then."""
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
