"""The verdict on the correlations between features: gathers live rows, tests each batch of them once, raises and ends
the verdict.

Batches do not overlap. They end with windows, once they hold enough independent rows. A batch of n rows alarms at a
p-value below n * rate, so without drift there is at most one alarm in 1 / rate rows on average: this detector's share
of the budget (`policy`). The test itself is in `scores.joint_drift`.
"""

from __future__ import annotations

from sidecar.core.binning.rank_scores import RankedRows
from sidecar.core.evidence.policy import Policy, joint_verdict
from sidecar.core.reference.joint import Joint, joint_of
from sidecar.core.reference.profile import SideProfile
from sidecar.core.scores.joint_drift import compare_relations, reported
from sidecar.core.words.arrays import Codes, Floats, Mask
from sidecar.core.words.events import JointChanged, JointReport, State
from sidecar.core.words.frame import Side

LEAST_ROWS = 500
"""Independent rows of a batch: of fewer, a change that matters would seldom be certain at the budget."""
MOST_ROWS = 4_096
"""Rows of a batch that are tested; further ones up to the end of the window are not."""


class JointWatch:
    """One side; only for a reference with correlations (`SideProfile.joint`)."""

    def __init__(self, side: Side, reference: SideProfile, joint: Joint) -> None:
        self.state = State.INSUFFICIENT
        self.report: JointReport | None = None
        """The report on the last batch; None before the first."""
        self._side = side
        self._rows_tested = 0
        self._names = reference.names
        self._reference = joint
        self._live = RankedRows(reference.features, reference.counts.shape[1], MOST_ROWS)

    def add(self, codes: Codes) -> None:
        """Take a block of rows: flat codes (F, n)."""
        self._live.add(codes)

    def close(
        self, independent: Floats, drifting: Mask, limits: Policy, rows_seen: int, now: float
    ) -> list[JointChanged]:
        """A window closed after `rows_seen` rows: test, if there are enough rows.

        `independent` (F,) is the share of independent rows. Features that are `drifting` (F,) are left out: they are reported
        already, and ranks say little where all rows are in a few bins.
        """
        chosen = self._live.chosen
        share = independent[chosen]
        if self._live.count * float(share.min(initial=1.0)) < LEAST_ROWS:
            return []
        found = compare_relations(self._reference, joint_of(self._live), share, drifting[chosen])
        rows = rows_seen - self._rows_tested
        self._rows_tested = rows_seen
        self._live.clear()
        before = self.state
        self.state = joint_verdict(limits, before, found.p_value, found.effect, rows)
        names = [self._names[at] for at in chosen]
        self.report = reported(found, self._side, names, self.state, limits.joint_alarm * rows)
        changed = self.state is not before and {before, self.state} != {State.INSUFFICIENT, State.OK}
        return [JointChanged(now, before, rows_seen, self.report)] if changed else []
