"""One side against the constraints of its reference: counts the rows that break a rule, and changes the verdicts on the rules.

A verdict needs no drift and no window: `evidence.rates` says whether more rows break a rule than it allows. `watch`, its
neighbour, sees the same frames and knows nothing of constraints. The rules of a stream share a budget of false alarms of their
own, as large as that of its features.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable

import numpy as np

from sidecar.core.evidence.rates import Rates
from sidecar.core.reference.profile import SideProfile
from sidecar.core.reference.rule_checks import RuleChecks
from sidecar.core.watching.row_batches import grouped, joined
from sidecar.core.words.frame import Frame, Side
from sidecar.core.words.rules import RuleChanged, RuleReport, RuleState
from sidecar.settings import Settings

SETTLE_SECONDS = 0.1
"""Messages wait this long for others, since to judge a hundred costs as much as to judge one..."""
SETTLE_MESSAGES = 64
"""...or until there are so many."""


class ConstraintWatch:
    """The rules of one side; `rules` is how many share the budget."""

    def __init__(self, side: Side, reference: SideProfile, settings: Settings, rules: int) -> None:
        self._side = side
        self._checks = RuleChecks(side, reference, settings.decode.feature_names if side is Side.INPUT else ())
        asked = self._checks.asked
        self._rates = Rates(np.array([one.judged_at(rule) for one, rule in asked]))
        self._broken = np.zeros(len(asked), np.int64)
        self._states = [RuleState.INSUFFICIENT] * len(asked)
        self._threshold = math.log10(settings.drift.mean_rows_between_false_alarms * rules)
        self._recovery = -math.log10(settings.drift.recovery_error)
        self._least_rows = settings.window.min_rows
        self._rows = 0
        self._waiting = 0
        self._since = -math.inf

    def take(self, frames: Iterable[Frame], now: float) -> list[RuleChanged]:
        """Look at the rows of frames of this side."""
        for ((came, width), precisions), group in grouped(frames).items():
            names = self._checks.names(came, width)
            sizes = np.array([frame.rows for frame in group], np.int64)
            vectors = {name for frame in group for name in frame.vectors or ()}
            rows, looked_at = self._checks.broken(names, joined(group), int(sizes.sum()), precisions, vectors)
            by_message = np.add.reduceat(rows, np.cumsum(sizes) - sizes, axis=1, dtype=np.int64)
            self._broken += by_message.sum(axis=1)
            self._rates.add(by_message, sizes, looked_at)
            self._rows += int(sizes.sum())
            self._since = now if not self._waiting else self._since
            self._waiting += len(sizes)
        return self._settled(now) if self._waiting >= SETTLE_MESSAGES else self.tick(now)

    def tick(self, now: float) -> list[RuleChanged]:
        """Judge what has waited long enough."""
        return self._settled(now) if self._waiting and now - self._since >= SETTLE_SECONDS else []

    def finish(self, now: float) -> list[RuleChanged]:
        """Judge what waits."""
        return self._settled(now) if self._waiting else []

    def counted(self) -> Counter[tuple[str, str]]:
        """Rows by (feature, kind) that broke a rule."""
        found = zip(self._checks.asked, self._broken.tolist(), strict=True)
        return Counter({(one.feature, rule.kind): rows for (one, rule), rows in found if rows})

    def reports(self) -> tuple[RuleReport, ...]:
        """Every rule, in the order of the constraints."""
        evidence = self._rates.log10().tolist()
        return tuple(self._report(at, evidence[at]) for at in range(len(self._states)))

    def _settled(self, now: float) -> list[RuleChanged]:
        self._waiting = 0
        self._rates.settle()
        if self._rows < self._least_rows:
            return []
        evidence, recovery = self._rates.log10().tolist(), self._rates.recovery_log10().tolist()
        return [
            changed for at in range(len(self._states)) for changed in self._judged(at, evidence[at], recovery[at], now)
        ]

    def _judged(self, at: int, evidence: float, recovery: float, now: float) -> Iterable[RuleChanged]:
        before = self._states[at]
        if before is RuleState.VIOLATED:
            if recovery < self._recovery:
                return
            self._states[at] = RuleState.OK
            report = self._report(at, evidence)
            self._rates.recovered(at)
            yield RuleChanged(now, before, self._rows, report)
        elif evidence >= self._threshold:
            self._states[at] = RuleState.VIOLATED
            self._rates.violated(at)
            yield RuleChanged(now, before, self._rows, self._report(at, evidence))
        else:
            self._states[at] = RuleState.OK

    def _report(self, at: int, evidence: float) -> RuleReport:
        constraint, rule = self._checks.asked[at]
        rate, rows = self._rates.rate(at)
        return RuleReport(
            side=self._side,
            feature=constraint.feature,
            rule=rule,
            state=self._states[at],
            limit=constraint.limit(rule),
            allowed=constraint.judged_at(rule),
            rate=rate,
            rows=rows,
            evidence=evidence,
            threshold=self._threshold,
        )
