"""The verdicts on the features of one side, and on all of them together: raised by evidence, ended by closed windows.

Keeps the states and makes the reports. `policy` decides what follows from figures; `evidence` and the measures give
these. Its owner is `watch`, which passes rows and windows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

import numpy as np

from sidecar.core.binning.labels import Labels
from sidecar.core.evidence.detector import Evidence
from sidecar.core.evidence.long_run import DOUBTED, LongRun, doubt
from sidecar.core.evidence.policy import Policy, verdict
from sidecar.core.evidence.recovery import Ending, ending
from sidecar.core.reference.materiality import RateChange, rate_changes, still_matters
from sidecar.core.reference.profile import SideProfile
from sidecar.core.scores.report import shifts
from sidecar.core.scores.wording import changed
from sidecar.core.watching.mismatch import TAIL, Look, Mismatches
from sidecar.core.words.arrays import AnyCounts, Floats, Mask, Numbers
from sidecar.core.words.events import ALL_FEATURES, BinShift, FeatureReport, NotEnough, Score, State, VerdictChanged
from sidecar.core.words.frame import Side
from sidecar.core.words.mismatch import Mismatch
from sidecar.core.words.view import AllFeaturesView

Scores = dict[str, Score | NotEnough]
_ABNORMAL = frozenset({State.WARNING, State.DRIFT})
_SETTLED = frozenset({State.DRIFT, State.MISMATCH})
"""No evidence changes these: the first is ended by closed windows, the second by a look at what comes."""


class Verdicts:
    """The states of one side. `limits` is set by the monitor, since both sides share the budget."""

    def __init__(
        self,
        side: Side,
        reference: SideProfile,
        evidence: Evidence,
        limits: Policy,
        mismatches: Mismatches,
        segment: str = "",
        units: Callable[[int, int], float | None] = lambda feature, rows: None,
    ) -> None:
        features = len(reference.features)
        self.limits = limits
        self.states = [State.INSUFFICIENT] * features
        self.all_features = State.INSUFFICIENT
        """The verdict on all features together."""
        self.ranges = Labels(reference.features)
        """The label of each bin, by feature."""
        self._side = side
        self._features = reference.features
        self._segment = segment
        self._units = units
        self._names = reference.names
        self._reference = reference.numbers
        self._evidence = evidence
        self._rows = 0
        self.since = [0.0] * (features + 1)
        """Unix seconds at which each state began; last that of all features together."""
        self._changed = [0] * (features + 1)  # rows judged when it began
        self._looks = [0] * (features + 1)
        self._rate: list[RateChange | None] = [None] * features
        self._lessened = [False] * features
        self._long_runs: dict[int, LongRun] = {}  # of features in drift
        self._mismatches = mismatches
        self._held: set[int] = set()  # features of a segment that are in mismatch because the whole is
        self.mismatches: list[Mismatch | None] = [None] * features
        """Of features in state mismatch, what that rests on."""

    @property
    def detectors(self) -> int:
        """Detectors that share the budget: one per feature, and one for all together if there are several."""
        features = len(self.states)
        return features + 1 if features > 1 else features

    @property
    def drifting(self) -> Mask:
        """Features in drift or mismatch, or about to be (F,). Verdicts on several features leave them out."""
        return np.array([state in _SETTLED for state in self.states]) | self._mismatches.suspected

    def change(self, rows: int, scores: Callable[[int], Scores], now: float) -> list[VerdictChanged]:
        """Change verdicts by the evidence after `rows` rows since the start; `scores(at)` gives the scores of feature `at`."""
        self._rows = rows
        if rows < self.limits.least_rows:
            return []
        for at in [at for at, state in enumerate(self.states) if state is State.INSUFFICIENT]:
            self.states[at], self.since[at] = State.OK, now
        if self.all_features is State.INSUFFICIENT:
            self.all_features, self.since[-1] = State.OK, now
        return [*self._change_features(scores, now), *self._change_all_features(now)]

    def close(
        self, scores: Callable[[int], Scores], reference: Floats, live: AnyCounts, now: float
    ) -> tuple[tuple[FeatureReport, ...], list[VerdictChanged]]:
        """A window closed, with `live` counts (F, B) to compare with `reference` counts
        (F, B). Returns its reports and the verdicts that it ended.
        """
        before = list(self.states)
        watched = [at for at, state in enumerate(before) if state in _ABNORMAL]
        for at in watched:
            found = self._ending(at)
            if found is Ending.OVER:
                self._begin(at, State.OK, None, now)
            elif before[at] is State.DRIFT and (found is Ending.LESSENED or self._long_below(at, reference, live)):
                self.states[at], self.since[at], self._lessened[at] = State.WARNING, now, True
                self._long_runs.pop(at, None)
        changed = [at for at in watched if self.states[at] is not before[at]]
        reports = self._reports(scores, reference, live)
        self._evidence.reset(np.array(changed, np.int64))
        changes = [VerdictChanged(now, before[at], self._rows, reports[at]) for at in changed]
        return reports, [*changes, *self._mask(now), *self._recover_all_features(now)]

    def _ending(self, at: int) -> Ending:
        """Whether the verdict on a feature is over."""
        self._looks[at] += 1
        live, rows = self._evidence.spans(np.array([at]), self._changed[at])
        reference = self._reference[at : at + 1]
        limits = self.limits
        return ending(reference, live, rows, self._rate[at], limits.material, limits.recovery_error, self._looks[at])

    def _long_below(self, at: int, reference: Floats, live: AnyCounts) -> bool:
        """Whether a drift has long been too small to matter. Its first window has rows from before it, and has no part."""
        if self._looks[at] < 2:
            self._long_runs[at] = LongRun(reference.shape[1])
            return False
        run = self._long_runs[at]
        share = float(self._evidence.independent_share[at])
        run.add(live[at].astype(np.float64), reference[at] / max(float(reference[at].sum()), 1.0), share)
        return run.is_below(self._reference[at], self._rate[at], self.limits.material)

    def _begin(self, at: int, state: State, rate: RateChange | None, now: float) -> None:
        """A feature is in another state from now on."""
        self.states[at] = state
        self.since[at], self._changed[at], self._looks[at] = now, self._evidence.judged, 0
        self._rate[at], self._lessened[at] = rate, False
        self._long_runs.pop(at, None)

    def all_features_view(self) -> AllFeaturesView | None:
        """All features together; None if there is only one."""
        if len(self.states) < 2:
            return None
        effect, rows = self._evidence.effect_of_all()
        evidence = self._evidence.all_features.log10
        strange = self._mismatch_of_all()
        reason = strange.words if strange else ""
        limit, state, since = self.limits.alarm, self.all_features, self.since[-1]
        return AllFeaturesView(evidence, limit, effect, round(rows), state, since, reason)

    def reasons(self) -> list[tuple[str, str]]:
        """Of each feature that is not well by what criterion it is, and that in words; empty texts of the others."""
        return [(self._criterion(at), self._reason(at)) for at in range(len(self.states))]

    def _criterion(self, at: int) -> str:
        strange = self.mismatches[at]
        if strange is not None:
            return strange.kind.value
        if self.states[at] not in _ABNORMAL:
            return ""
        rate = self._rate[at]
        return "psi" if rate is None else rate.criterion

    def _reason(self, at: int) -> str:
        strange, rate = self.mismatches[at], self._rate[at]
        if strange is not None:
            return strange.words
        if self.states[at] not in _ABNORMAL or rate is None:
            return self._criterion(at)
        return rate.words(self.ranges[at])

    def _change_features(self, scores: Callable[[int], Scores], now: float) -> list[VerdictChanged]:
        evidence = self._evidence.log10()
        suspects = np.flatnonzero(evidence >= min(self.limits.warning, self.limits.alarm))
        suspects = suspects[[self.states[at] not in _SETTLED for at in suspects]]
        if not len(suspects):
            return []
        effects, rows, live = self._evidence.effect(suspects)
        events: list[VerdictChanged] = []
        figures = zip(suspects.tolist(), effects.tolist(), rows.tolist(), live, strict=True)
        rates = self._rate_changes(suspects, live, rows)
        for (at, size, recent, counts), rate in zip(figures, rates, strict=True):
            before = self.states[at]
            matters = size >= self.limits.material.psi + self._doubt(at, recent)
            after = verdict(self.limits, before, float(evidence[at]), matters or rate is not None)
            if after is not before and not self._mismatches.suspects(at, self._evidence.last_bins(at, TAIL)):
                self._begin(at, after, None if matters else rate, now)
                moved = shifts(self._reference[at : at + 1], counts[None, :], [self.ranges[at]])[0]
                words = changed(self._features[at], self._reference[at], counts, self.ranges[at])
                report = self._report(at, scores(at), float(evidence[at]), (size, recent), moved, words)
                events.append(VerdictChanged(now, before, self._rows, report))
        return [*events, *self._mask(now)]

    def _rate_changes(self, suspects: Numbers, live: Floats, rows: Floats) -> list[RateChange | None]:
        """The rate of each suspect that matters most; of a feature that lessened, only if it matters for certain."""
        features, limits = [self._features[at] for at in suspects], self.limits.material
        special = self._evidence.special(suspects)
        found = rate_changes(features, special, self._reference[suspects], live, rows, limits)
        for k, at in enumerate(suspects.tolist()):
            one, n = found[k], float(rows[k])
            if one and self._lessened[at] and not still_matters(one, one.after, n, -DOUBTED, limits):
                found[k] = None
        return found

    def look(self, look: Look, scores: Callable[[int], Scores], now: float) -> list[VerdictChanged]:
        """Change verdicts by a look at what the reference does not describe; a mismatch wins over drift and warning."""
        begun = [at for at in look.found if self.states[at] is not State.MISMATCH]
        ended = [at for at in np.flatnonzero(look.clean & self.mismatched).tolist() if at not in self._held]
        events = [self._begin_mismatch(at, look.found[at], scores(at), now) for at in begun]
        for at in ended:
            self._end_mismatch(at, now)
        if ended:
            self._evidence.reset(np.array(ended))
        events += [VerdictChanged(now, State.MISMATCH, self._rows, self._told(at, scores(at))) for at in ended]
        return [*events, *self._mask(now), *self._judge_mismatch_of_all(now)]

    def follow(self, whole: Mapping[str, Mismatch], now: float) -> None:
        """A segment's features are in mismatch as long as those of the whole are, which alone tells of it."""
        for at, name in enumerate(self._names):
            strange = whole.get(name)
            if strange is not None and at not in self._held:
                self._held.add(at)
                self._begin(at, State.MISMATCH, None, now)
                self.mismatches[at] = strange
            elif strange is None and at in self._held:
                self._held.remove(at)
                self._end_mismatch(at, now)
                self._evidence.reset(np.array([at]))
        self._evidence.leave_out(self.drifting)

    @property
    def mismatched(self) -> Mask:
        """Features in state mismatch (F,)."""
        return np.array([state is State.MISMATCH for state in self.states])

    @property
    def mismatches_by_name(self) -> dict[str, Mismatch]:
        """What the mismatch of each feature rests on that is in one."""
        return {name: one for name, one in zip(self._names, self.mismatches, strict=True) if one is not None}

    def _begin_mismatch(self, at: int, strange: Mismatch, scores: Scores, now: float) -> VerdictChanged:
        before = self.states[at]
        self._begin(at, State.MISMATCH, None, now)
        self.mismatches[at] = strange
        return VerdictChanged(now, before, self._rows, self._told(at, scores))

    def _end_mismatch(self, at: int, now: float) -> None:
        self._begin(at, self._calm, None, now)
        self.mismatches[at] = None

    @property
    def _calm(self) -> State:
        return State.OK if self._rows >= self.limits.least_rows else State.INSUFFICIENT

    def _judge_mismatch_of_all(self, now: float) -> list[VerdictChanged]:
        """The side as a whole is in mismatch while every feature is that is expected to come."""
        expected = self._mismatches.expected
        strange = bool(expected.any()) and bool(self.mismatched[expected].all())
        before = self.all_features
        if strange is (before is State.MISMATCH):
            return []
        self.all_features, self.since[-1] = State.MISMATCH if strange else self._calm, now
        self._evidence.all_features.reset()
        return [VerdictChanged(now, before, self._rows, self._report_all_features())] if len(self.states) > 1 else []

    def _mismatch_of_all(self) -> Mismatch | None:
        """That which is true of most features, while the side as a whole is in mismatch."""
        found = Counter(one for one in self.mismatches if one is not None)
        return found.most_common(1)[0][0] if found and self.all_features is State.MISMATCH else None

    def _told(self, at: int, scores: Scores) -> FeatureReport:
        effects, rows, live = self._evidence.effect(np.array([at]))
        evidence = float(self._evidence.log10()[at])
        moved = shifts(self._reference[at : at + 1], live, [self.ranges[at]])[0]
        return self._report(at, scores, evidence, (float(effects[0]), float(rows[0])), moved, self._reason(at))

    def _doubt(self, at: int, rows: float) -> float:
        """By how much the effect must exceed the material one (PSI): a change that lessened must come back for certain."""
        return doubt(self.limits.material, self._features[at].bins, rows) if self._lessened[at] else 0.0

    def _mask(self, now: float) -> list[VerdictChanged]:
        """A feature with a drift of its own has no part in the verdict on all features, and takes back what it brought."""
        added = self._evidence.leave_out(self.drifting)
        if not added.any() or self.all_features in _SETTLED:
            return []
        self._evidence.all_features.reset()
        return self._end_all_features(now) if self.all_features is State.WARNING else []

    def _end_all_features(self, now: float) -> list[VerdictChanged]:
        before, self.all_features, self.since[-1] = self.all_features, State.OK, now
        self._evidence.all_features.reset()
        return [VerdictChanged(now, before, self._rows, self._report_all_features())]

    def _change_all_features(self, now: float) -> list[VerdictChanged]:
        before, evidence = self.all_features, self._evidence.all_features.log10
        if before in _SETTLED or evidence < min(self.limits.warning, self.limits.alarm):
            return []
        material = self._evidence.effect_of_all()[0] >= self.limits.material.psi
        self.all_features = verdict(self.limits, before, evidence, material)
        if self.all_features is before:
            return []
        self.since[-1], self._changed[-1], self._looks[-1] = now, self._evidence.judged, 0
        return [VerdictChanged(now, before, self._rows, self._report_all_features())]

    def _recover_all_features(self, now: float) -> list[VerdictChanged]:
        features = np.flatnonzero(~self.drifting)
        if self.all_features not in _ABNORMAL or not len(features):
            return []
        self._looks[-1] += 1
        live, rows = self._evidence.spans(features, self._changed[-1])
        limits, reference = self.limits, self._reference[features]
        found = ending(reference, live, rows, None, limits.material, limits.recovery_error, self._looks[-1])
        return self._end_all_features(now) if found is Ending.OVER else []

    def _reports(
        self, scores: Callable[[int], Scores], reference: Floats, live: AnyCounts
    ) -> tuple[FeatureReport, ...]:
        evidence = self._evidence.log10().tolist()
        effects, rows, _ = self._evidence.effect(np.arange(len(self.states)))
        moved = shifts(reference, live.astype(np.float64), self.ranges)
        figures = zip(effects.tolist(), rows.tolist(), strict=True)
        return tuple(
            self._report(
                at,
                scores(at),
                evidence[at],
                effect,
                moved[at],
                self._wording(at, evidence[at], effect[0], reference[at], live[at]),
            )
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
            units=self._units(at, round(effect[1])) if self.states[at] is State.DRIFT else None,
            segment=self._segment,
            importance=self._features[at].importance,
            criterion=self._criterion(at),
            since=self.since[at],
            mismatch=self.mismatches[at],
        )

    def _wording(self, at: int, evidence: float, size: float, reference: Floats, live: AnyCounts) -> str:
        """How a feature changed; of one that is ok, only that a change is certain and does not matter."""
        strange = self.mismatches[at]
        if strange is not None:
            return strange.words
        if self.states[at] in _ABNORMAL:
            return changed(self._features[at], reference, live.astype(np.float64), self.ranges[at])
        if self.states[at] is State.OK and evidence >= self.limits.alarm:
            return f"certain but too small to matter: effect {size:.3f} of {self.limits.material.psi:g}"
        return ""

    def _report_all_features(self) -> FeatureReport:
        effect, rows = self._evidence.effect_of_all()
        strange = self._mismatch_of_all()
        criterion = strange.kind.value if strange else "psi" if self.all_features in _ABNORMAL else ""
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
            changed=strange.words if strange else "",
            criterion=criterion,
            since=self.since[-1],
            mismatch=strange,
        )
