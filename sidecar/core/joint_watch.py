"""The verdict on how features hang together: gathers live rows, looks once at each lot of them, raises and ends the verdict.

Lots do not overlap and end with windows, once they hold enough independent rows. So a p-value below rows x rate comes once in
1 / rate rows on the mean if nothing changes: that is this detector's part of the budget (`policy`). The test is `joint`'s.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sidecar.core.binner import Codes
from sidecar.core.coding import Rows
from sidecar.core.events import JointChanged, JointReport, PairShift, State
from sidecar.core.frame import Side
from sidecar.core.joint import LEAST_ROWS, Joint, Judgement, contributions, judge
from sidecar.core.policy import Policy, joint_verdict
from sidecar.core.profile import SideProfile

Floats = NDArray[np.float64]

MOST_ROWS = 4_096
"""Rows of a lot that are looked at; further ones up to the end of the window are not."""
MOST_NAMED = 5
"""Features and pairs that a report names."""


class JointWatch:
    """One side; only for a reference that knows its pairs (`SideProfile.joint`)."""

    def __init__(self, side: Side, reference: SideProfile, joint: Joint) -> None:
        self.state = State.INSUFFICIENT
        self.report: JointReport | None = None
        """What was found in the last lot."""
        self._side = side
        self._looked = 0
        self._names = reference.names
        self._reference = joint
        self._live = Rows(reference.features, reference.counts.shape[1], MOST_ROWS)

    def add(self, codes: Codes) -> None:
        """Take a block of rows: flat codes (F, n)."""
        self._live.add(codes)

    def close(
        self, independent: Floats, drifting: NDArray[np.bool_], limits: Policy, rows_seen: int, now: float
    ) -> list[JointChanged]:
        """A window closed after `rows_seen` rows: look, if there is enough.

        `independent` (F,) is the share of rows that count as independent. Features that are `drifting` (F,) by themselves are
        left out: they are told already, and where all rows are in few bins, ranks say little.
        """
        chosen = self._live.chosen
        share = independent[chosen]
        if self._live.count * float(share.min(initial=1.0)) < LEAST_ROWS:
            return []
        found = judge(self._reference, self._live, share, drifting[chosen])
        rows = rows_seen - self._looked
        self._looked = rows_seen
        self._live.clear()
        before = self.state
        self.state = joint_verdict(limits, before, found.p_value, _effect(found), rows)
        self.report = self._reported(found, limits.joint_alarm * rows)
        told = self.state is not before and {before, self.state} != {State.INSUFFICIENT, State.OK}
        return [JointChanged(now, before, rows_seen, self.report)] if told else []

    def _reported(self, found: Judgement, threshold: float) -> JointReport:
        names = [self._names[at] for at in self._live.chosen]
        carried = contributions(found)
        ranked = np.argsort(-carried, kind="stable")[:MOST_NAMED].tolist()
        upper = np.triu(np.abs(found.z), 1)
        pairs = np.argsort(-upper, axis=None, kind="stable")[:MOST_NAMED].tolist()
        return JointReport(
            side=self._side,
            state=self.state,
            p_value=found.p_value,
            threshold=threshold,
            effect=_effect(found),
            rows=round(found.rows),
            features=tuple((names[at], float(carried[at])) for at in ranked if carried[at] > 0),
            pairs=tuple(
                PairShift(names[one], names[other], float(found.reference[one, other]), float(found.live[one, other]))
                for one, other in (divmod(pair, len(names)) for pair in pairs)
                if upper[one, other] > 0
            ),
        )


def _effect(found: Judgement) -> float:
    """The change of the correlation that is most certain to have changed."""
    pair = found.strongest
    return float(abs(found.live[pair] - found.reference[pair]))
