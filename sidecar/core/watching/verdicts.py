"""The verdicts on the features of one side, and on all of them together: raised by evidence, ended by closed windows.

Keeps the states and makes the reports. `policy` decides what follows from figures; `evidence` and the measures give
these. Its owner is `watch`, which passes rows and windows.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sidecar.core.binning.bins import ranges
from sidecar.core.evidence.detector import Evidence
from sidecar.core.evidence.policy import Policy, recovered, verdict
from sidecar.core.reference.profile import SideProfile
from sidecar.core.scores.report import shifts
from sidecar.core.scores.wording import changed
from sidecar.core.stats.divergence import effect
from sidecar.core.words.arrays import Counts, Floats, Mask
from sidecar.core.words.events import ALL_FEATURES, BinShift, FeatureReport, NotEnough, Score, State, VerdictChanged
from sidecar.core.words.frame import Side
from sidecar.core.words.view import AllFeaturesView

Scores = dict[str, Score | NotEnough]


class Verdicts:
    """The states of one side. `limits` is set by the monitor, since both sides share the budget."""

    def __init__(
        self,
        side: Side,
        reference: SideProfile,
        evidence: Evidence,
        limits: Policy,
        segment: str = "",
        units: Callable[[int], float | None] = lambda feature: None,
    ) -> None:
        features = len(reference.features)
        self.limits = limits
        self.states = [State.INSUFFICIENT] * features
        self.all_features = State.INSUFFICIENT
        """The verdict on all features together."""
        self.ranges = [ranges(feature) for feature in reference.features]
        """The label of each bin, by feature."""
        self._side = side
        self._features = reference.features
        self._segment = segment
        self._units = units
        self._names = tuple(feature.name for feature in reference.features)
        self._reference = reference.numbers
        self._evidence = evidence
        self._rows = 0
        self._changed = [0] * features  # rows seen when the verdict of a feature changed
        self._all_features_changed = 0

    @property
    def detectors(self) -> int:
        """Detectors that share the budget: one per feature, and one for all together if there are several."""
        features = len(self.states)
        return features + 1 if features > 1 else features

    @property
    def drifting(self) -> Mask:
        """Features in state drift (F,). They have their own verdict, so the verdicts on several features leave them out."""
        return np.array([state is State.DRIFT for state in self.states])

    def change(self, rows: int, scores: Callable[[int], Scores], now: float) -> list[VerdictChanged]:
        """Change verdicts by the evidence after `rows` rows since the start; `scores(at)` gives the scores of feature `at`."""
        self._rows = rows
        if rows < self.limits.least_rows:
            return []
        if self.all_features is State.INSUFFICIENT:
            self.states = [State.OK] * len(self.states)
            self.all_features = State.OK
        return [*self._change_features(scores, now), *self._change_all_features(now)]

    def close(
        self, began: int, scores: list[Scores], reference: Floats, live: Counts, now: float
    ) -> tuple[tuple[FeatureReport, ...], list[VerdictChanged]]:
        """A window that began after `began` rows closed, with `live` counts (F, B) to compare with `reference` counts
        (F, B). Returns its reports and the verdicts that it ended.
        """
        counts = live.astype(np.float64)
        effects = effect(reference, counts, counts.sum(axis=1)).tolist()
        over = [
            at
            for at, state in enumerate(self.states)
            if began >= self._changed[at] and recovered(self.limits, state, effects[at])
        ]
        before = [self.states[at] for at in over]
        for at in over:
            self.states[at] = State.OK
        reports = self._reports(scores, reference, live)
        self._evidence.reset(np.array(over, np.int64))
        changes = [VerdictChanged(now, state, self._rows, reports[at]) for at, state in zip(over, before, strict=True)]
        return reports, [
            *changes,
            *self._recover_all_features(began, sum(np.array(effects)[~self.drifting].tolist()), now),
        ]

    def all_features_view(self) -> AllFeaturesView | None:
        """All features together; None if there is only one."""
        if len(self.states) < 2:
            return None
        effect, rows = self._evidence.effect_of_all(self.drifting)
        evidence = self._evidence.all_features.log10
        return AllFeaturesView(evidence, self.limits.alarm, effect, round(rows), self.all_features)

    def _change_features(self, scores: Callable[[int], Scores], now: float) -> list[VerdictChanged]:
        evidence = self._evidence.log10()
        suspects = np.flatnonzero(evidence >= min(self.limits.warning, self.limits.alarm))
        suspects = suspects[[self.states[at] is not State.DRIFT for at in suspects]]
        if not len(suspects):
            return []
        effects, rows, live = self._evidence.effect(suspects)
        events: list[VerdictChanged] = []
        for at, size, recent, counts in zip(suspects.tolist(), effects.tolist(), rows.tolist(), live, strict=True):
            before = self.states[at]
            self.states[at] = verdict(self.limits, before, float(evidence[at]), size)
            if self.states[at] is not before:
                self._changed[at] = self._rows
                moved = shifts(self._reference[at : at + 1], counts[None, :], self.ranges[at : at + 1])[0]
                words = changed(self._features[at], self._reference[at], counts, self.ranges[at])
                report = self._report(at, scores(at), float(evidence[at]), (size, recent), moved, words)
                events.append(VerdictChanged(now, before, self._rows, report))
        return events

    def _change_all_features(self, now: float) -> list[VerdictChanged]:
        before, evidence = self.all_features, self._evidence.all_features.log10
        if before is State.DRIFT or evidence < min(self.limits.warning, self.limits.alarm):
            return []
        self.all_features = verdict(self.limits, before, evidence, self._evidence.effect_of_all(self.drifting)[0])
        if self.all_features is before:
            return []
        self._all_features_changed = self._rows
        return [VerdictChanged(now, before, self._rows, self._report_all_features())]

    def _recover_all_features(self, began: int, window: float, now: float) -> list[VerdictChanged]:
        before = self.all_features
        if began < self._all_features_changed or not recovered(self.limits, before, window):
            return []
        self.all_features = State.OK
        self._evidence.all_features.reset()
        return [VerdictChanged(now, before, self._rows, self._report_all_features())]

    def _reports(self, scores: list[Scores], reference: Floats, live: Counts) -> tuple[FeatureReport, ...]:
        evidence = self._evidence.log10().tolist()
        effects, rows, _ = self._evidence.effect(np.arange(len(self.states)))
        moved = shifts(reference, live.astype(np.float64), self.ranges)
        figures = zip(effects.tolist(), rows.tolist(), strict=True)
        return tuple(
            self._report(at, scores[at], evidence[at], effect, moved[at], self._wording(at, reference[at], live[at]))
            for at, effect in enumerate(figures)
        )

    def _report(
        self,
        at: int,
        scores: Scores,
        evidence: float,
        effect: tuple[float, float],
        moved: tuple[BinShift, ...],
        words: str,
    ) -> FeatureReport:
        return FeatureReport(
            side=self._side,
            feature=self._names[at],
            state=self.states[at],
            scores=scores,
            evidence=evidence,
            threshold=self.limits.alarm,
            effect=effect[0],
            effect_rows=round(effect[1]),
            independent_ratio=float(self._evidence.independent_share[at]),
            shifts=moved,
            changed=words,
            units=self._units(at) if self.states[at] is State.DRIFT else None,
            segment=self._segment,
            importance=self._features[at].importance,
        )

    def _wording(self, at: int, reference: Floats, live: Counts) -> str:
        """How a feature changed; empty unless it is in warning or drift, since other changes are chance."""
        if self.states[at] not in (State.WARNING, State.DRIFT):
            return ""
        return changed(self._features[at], reference, live.astype(np.float64), self.ranges[at])

    def _report_all_features(self) -> FeatureReport:
        effect, rows = self._evidence.effect_of_all(self.drifting)
        return FeatureReport(
            side=self._side,
            feature=ALL_FEATURES,
            state=self.all_features,
            scores={},
            evidence=self._evidence.all_features.log10,
            threshold=self.limits.alarm,
            effect=effect,
            effect_rows=round(rows),
            independent_ratio=float(self._evidence.independent_share.min()),
            shifts=(),
            segment=self._segment,
        )
