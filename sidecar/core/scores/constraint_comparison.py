"""One look at rows against constraints: what `compare` says of them. Live traffic is judged by evidence instead, which may be
read any number of times.

A rule is violated if so many rows as broke it have a probability below `comparison.SIZE`, over all rules together (Bonferroni),
where they break it as often as it allows. Of a profile, which holds no rows, only missing values are known.
"""

from __future__ import annotations

import math

import numpy as np

from sidecar.core.reference.constraints import Constraint
from sidecar.core.reference.profile import Profile, SideProfile
from sidecar.core.reference.rule_checks import RuleChecks
from sidecar.core.scores.comparison import LEAST_ROWS, SIZE
from sidecar.core.stats.bernoulli import tail
from sidecar.core.words.frame import Frame, Side
from sidecar.core.words.rules import Rule, RuleReport, RuleState

_MOST_EVIDENCE = 999.0


class RuleCounts:
    """Counts the rows of data that break the rules of a reference of one stream."""

    def __init__(self, reference: Profile) -> None:
        known = {side: of_side for side, of_side in reference.sides.items() if of_side.constraints}
        self._checks = {side: RuleChecks(side, of_side) for side, of_side in known.items()}
        self._counts = {side: np.zeros((2, len(checks.asked)), np.int64) for side, checks in self._checks.items()}

    def add(self, frame: Frame) -> None:
        """Count the rows of a frame."""
        checks = self._checks.get(frame.side)
        if checks is None or not frame.rows:
            return
        names = checks.names(frame.names, frame.width)
        found = checks.broken(names, frame.values, frame.rows, frame.precisions, frame.vectors or ())
        self._counts[frame.side] += np.stack([found.rows.sum(axis=1), frame.rows * found.looked_at])

    def reports(self) -> tuple[RuleReport, ...]:
        """Every rule with its verdict."""
        rules = sum(len(checks.asked) for checks in self._checks.values())
        return tuple(
            _report(side, one, rule, broken, rows, rules)
            for side, checks in self._checks.items()
            for (one, rule), broken, rows in zip(checks.asked, *self._counts[side].tolist(), strict=True)
        )


def rules_of_profile(reference: Profile, live: Profile) -> tuple[RuleReport, ...]:
    """Every rule, judged by the counts of another profile of the same bins where these tell: of missing values."""
    rules = sum(len(one.rules) for side in reference.sides.values() for one in side.constraints)
    return tuple(
        _report(side, one, rule, *_missing(one, rule, live.sides.get(side)), rules)
        for side, of_side in reference.sides.items()
        for one in of_side.constraints
        for rule in one.rules
    )


def _missing(one: Constraint, rule: Rule, live: SideProfile | None) -> tuple[int, int]:
    """Rows that break a rule, and all; none where the counts do not tell."""
    if rule is not Rule.MISSING or live is None or one.feature not in live.names:
        return 0, 0
    at = live.names.index(one.feature)
    return int(live.counts[at, live.features[at].missing]), int(live.counts[at].sum())


def _report(side: Side, one: Constraint, rule: Rule, broken: int, rows: int, rules: int) -> RuleReport:
    allowed = one.judged_at(rule)
    p_value = min(tail(broken, rows, allowed) * rules, 1.0)
    state = RuleState.VIOLATED if p_value < SIZE else RuleState.OK
    return RuleReport(
        side=side,
        feature=one.feature,
        rule=rule,
        state=state if rows >= LEAST_ROWS else RuleState.INSUFFICIENT,
        limit=one.limit(rule),
        allowed=allowed,
        rate=broken / rows if rows else 0.0,
        rows=rows,
        evidence=-math.log10(p_value) if p_value > 0 else _MOST_EVIDENCE,
        threshold=-math.log10(SIZE),
    )
