"""The rules that a column may have to keep, and how each is kept: the words in which constraints are reported.

What a column must keep is in `reference.constraints`, whether a value keeps it in `reference.rule_checks`, and whether too many
do not in `evidence.rates`.
"""

from __future__ import annotations

import enum

import msgspec

from sidecar.core.words.frame import Side


class Rule(enum.StrEnum):
    """What is asked of a column. Label values of `model_constraint_*`; `kind` is that of `model_feature_violations_total`."""

    TYPE = "type"
    RANGE = "range"
    DOMAIN = "domain"
    PATTERN = "pattern"
    MISSING = "missing"
    REQUIRED = "required"
    UNIQUE = "unique"
    MONOTONE = "monotone"

    @property
    def kind(self) -> str:
        """Label value `kind` of rows that break it, apart from what breaks the bins of the reference."""
        return f"constraint_{self.value}"


class RuleState(enum.StrEnum):
    """The verdict on one rule of one column. Label values of `model_constraint_state`."""

    INSUFFICIENT = "insufficient"
    OK = "ok"
    VIOLATED = "violated"


class RuleReport(msgspec.Struct, frozen=True):
    """One rule of one column: how often it is broken, and whether that is certainly more often than it allows."""

    side: Side
    feature: str
    """The column, which may be none that is watched for drift."""
    rule: Rule
    state: RuleState
    limit: str
    """What it asks, in words: `0 to 120`, `at most 1 % missing`."""
    allowed: float
    """Share of rows that may break it."""
    rate: float
    """Share of the last `rows` rows that broke it."""
    rows: int
    """Since the change that there is most evidence of; all rows where there is none."""
    evidence: float
    """log10 of the e-value that more rows break it than are allowed; in a comparison of data, minus log10 of the p-value, times
    the rules. It is violated from `threshold` on."""
    threshold: float
    stream: str = ""
    """In a comparison, the stream's name; empty elsewhere, where the event or the view has it."""


class RuleChanged(msgspec.Struct, frozen=True):
    """The verdict on a rule changed from `before` to `report.state` after `rows_seen` rows since the reference was taken up."""

    at: float
    before: RuleState
    rows_seen: int
    report: RuleReport
    stream: str = ""
