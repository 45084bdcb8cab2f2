"""Learns a reference: gathers the first rows of a side, and refuses to learn from a stream that is changing.

When there are enough rows, the older half is compared with the newer. If they differ, the older half is dropped, and
twice as many rows are waited for. So a start-up passes, dependent rows get time to show their whole distribution, and a
stream that keeps changing is never taken for normal. What may be named in clear `consent` decides. The monitor reports refusals.
"""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np

from sidecar.core.reference.builder import Builder, Recount
from sidecar.core.reference.choices import Choices
from sidecar.core.reference.consent import Consent, Decision, decide
from sidecar.core.reference.profile import Profile
from sidecar.core.scores.comparison import FeatureComparison, LeastEffects, compare
from sidecar.core.words.events import ALARMS
from sidecar.core.words.frame import Frame, Side

MOST_PATIENCE = 16
"""Most rows to wait for, in multiples of the wanted rows, so that memory is bounded."""


class Learner:
    """One side; `wanted` rows are enough if their halves do not differ."""

    def __init__(self, side: Side, wanted: int, material: LeastEffects, consent: Consent, most_names: int) -> None:
        """Rows that bring more than `most_names` names of columns are not learned from."""
        self.refusals = 0
        self._side = side
        self._wanted = wanted
        self._material = material
        self._consent = consent
        self._most_names = most_names
        self._names: set[str] = set()
        self._decision: Decision | None = None
        self._choices = Choices(arrivals=True, secret=consent.rare_secret)
        self._builder = Builder(self._choices)
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
        if len(self._names.union(frame.names or ())) > self._most_names:
            return
        self._names.update(frame.names or ())
        self._decision = None
        self._frames.append(_compact(self._builder.add(frame)))

    def profile(self) -> Profile:
        """The profile of the rows gathered; without the side if nothing of it may be learned."""
        counted = self._counted(self._frames, own=True)
        withheld = self._decided(self._builder.build()).withheld
        return Profile({side: replace(of_side, withheld=withheld) for side, of_side in counted.sides.items()})

    def forget(self) -> None:
        """Begin again, without any rows."""
        self._names = set()
        self._frames, self._builder, self._decision = [], Builder(self._choices), None

    def refuse(self) -> FeatureComparison | None:
        """The feature that changed most between the halves, after dropping the older half; None if none drifted."""
        half, rows = 0, 0
        while rows < self.rows // 2:
            rows += self._frames[half].rows
            half += 1
        older, newer = (self._counted(frames, own=False) for frames in (self._frames[:half], self._frames[half:]))
        found = compare(older, newer, self._material).features
        if not found or found[0].state not in ALARMS:
            return None
        self.refusals += 1
        self._frames = self._frames[half:]
        self._builder = Builder(self._choices)
        self._frames = [self._builder.add(frame) for frame in self._frames]
        self._decision = None
        return found[0]

    def _counted(self, frames: list[Frame], own: bool) -> Profile:
        built = self._builder.build()
        recount = Recount(self._decided(built).applied(built, self._consent.label_key), own)
        for frame in frames:
            recount.add(frame)
        return recount.profile()

    def _decided(self, built: Profile) -> Decision:
        if self._decision is None:
            known = built.sides.get(self._side)
            self._decision = decide(self._consent, known, self._frames) if known else Decision(frozenset(), {})
        return self._decision


def _compact(frame: Frame) -> Frame:
    """The frame with its numbers as an array, which takes a third of the memory of a list; any other frame is unchanged."""
    if isinstance(frame.values, list) and set(map(type, frame.values)) == {float}:
        return msgspec.structs.replace(frame, values=np.array(frame.values, np.float64))
    return frame
