"""The verdict on how features hang together: gathers live rows, looks once at each batch of them, raises and ends the verdict.

Batches do not overlap and end with windows, once they hold enough independent rows. So a p-value below rows x rate comes once
in 1 / rate rows on average if nothing changes: that is this detector's part of the budget (`policy`). The test is
`scores.joint_drift`'s.
"""

from __future__ import annotations

from sidecar.core.binning.rank_scores import RankedRows
from sidecar.core.evidence.policy import Policy, joint_verdict
from sidecar.core.reference.joint import Joint
from sidecar.core.reference.profile import SideProfile
from sidecar.core.scores.joint_drift import LEAST_ROWS, judge, reported
from sidecar.core.words.arrays import Codes, Floats, Mask
from sidecar.core.words.events import JointChanged, JointReport, State
from sidecar.core.words.frame import Side

MOST_ROWS = 4_096
"""Rows of a batch that are looked at; further ones up to the end of the window are not."""


class JointWatch:
    """One side; only for a reference that knows its pairs (`SideProfile.joint`)."""

    def __init__(self, side: Side, reference: SideProfile, joint: Joint) -> None:
        self.state = State.INSUFFICIENT
        self.report: JointReport | None = None
        """What was found in the last batch."""
        self._side = side
        self._looked = 0
        self._names = reference.names
        self._reference = joint
        self._live = RankedRows(reference.features, reference.counts.shape[1], MOST_ROWS)

    def add(self, codes: Codes) -> None:
        """Take a block of rows: flat codes (F, n)."""
        self._live.add(codes)

    def close(
        self, independent: Floats, drifting: Mask, limits: Policy, rows_seen: int, now: float
    ) -> list[JointChanged]:
        """A window closed after `rows_seen` rows: look, if there is enough.

        `independent` (F,) is the share of rows that count as independent. Features that are `drifting` (F,) by themselves are
        left out: they are told already, and where all rows are in few bins, ranks say little.
        """
        chosen = self._live.chosen
        share = independent[chosen]
        if self._live.count * float(share.min(initial=1.0)) < LEAST_ROWS:
            return []
        found = judge(self._reference, self._live.correlations(), self._live.count, share, drifting[chosen])
        rows = rows_seen - self._looked
        self._looked = rows_seen
        self._live.clear()
        before = self.state
        self.state = joint_verdict(limits, before, found.p_value, found.effect, rows)
        names = [self._names[at] for at in chosen]
        self.report = reported(found, self._side, names, self.state, limits.joint_alarm * rows)
        told = self.state is not before and {before, self.state} != {State.INSUFFICIENT, State.OK}
        return [JointChanged(now, before, rows_seen, self.report)] if told else []
