"""A feature, a segment and a rule as the API tells them, with their verdicts."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType

from sidecar.core.words.events import State
from sidecar.core.words.frame import Side
from sidecar.core.words.rules import Rule, RuleState
from sidecar.core.words.view import SegmentFeature


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """One measure of one feature in the last window: the first three fields, or `reason` where it refused to say anything."""

    value: float | UnsetType = UNSET
    """Distance of live from reference."""
    debiased: float | UnsetType = UNSET
    """The same without what it is expected to be when nothing drifts; never below 0."""
    p_value: float | UnsetType = UNSET
    reason: str | UnsetType = UNSET
    """E.g. `17 rows, 100 needed`."""
    rows: int
    """Live rows behind it."""


class Feature(msgspec.Struct, frozen=True):
    """One feature with its scores and verdict."""

    stream: str
    """Name of its stream; empty for the primary one."""
    side: Side
    feature: str
    kind: str
    """`numeric`, `categorical` or `boolean`."""
    state: State
    evidence: float
    """log10 of the e-value; the alarm is at `threshold`."""
    threshold: float
    effect: float
    """Debiased PSI over the last `effect_rows` rows."""
    effect_rows: int
    importance: float
    """1 is ordinary."""
    impact: float
    """Effect times importance: what features are ranked by."""
    independent_ratio: float
    """Share of recent rows that count as independent."""
    reference_rows: int
    state_since: float
    """Unix seconds at which the state began."""
    criterion: str
    """By what a change matters in warning or drift: `psi`, `missing`, `unseen`, `out of range`, `level`, `value`; in mismatch
    `unseen`, `type`, `missing_feature`, `unread`; else empty."""
    reason: str
    """The criterion in words, e.g. `missing 1.0% -> 5.1%`."""
    scores: dict[str, Score]
    """By measure."""


class Bin(msgspec.Struct, frozen=True):
    """One bin of a feature, in three counts: the reference, all live rows, and those of the last window and the open one."""

    bin: str
    """Sorts."""
    range: str
    """Reads, e.g. `[3.2, 4.1)`."""
    reference_ratio: float
    live_ratio: float | None
    """Null without live rows."""
    window_ratio: float | None
    """Null without rows in the window."""
    live_rows: int
    window_rows: int


class FeatureDetail(Feature, frozen=True, kw_only=True):
    """One feature with its bins."""

    profile: str
    """First 8 digits of the reference's digest."""
    source: str
    """Of the reference: `file` or `learned`."""
    bins: list[Bin]
    measures: dict[str, str]
    """What to call each measure of `scores`."""


class Segment(msgspec.Struct, frozen=True):
    """One side of one segment of the traffic."""

    stream: str
    """Name of its stream; empty for the primary one."""
    segment: str
    """The value, or `other`."""
    known: bool
    """The value is declared or the reference's; false where a client gave it."""
    side: Side
    reference: str
    """`segment` where it is compared with its own rows of the reference, else `whole`."""
    rows_total: int
    features: tuple[SegmentFeature, ...]
    drifted: tuple[str, ...]
    """Names of the features in state `drift`."""


class SegmentBrief(msgspec.Struct, frozen=True):
    """One side of one segment in few words, with the features alone that are not well."""

    stream: str
    """Name of its stream; empty for the primary one."""
    segment: str
    side: Side
    reference: str
    rows_total: int
    features: list[SegmentFeature]
    """In state `warning`, `drift` or `mismatch`, those with most effect."""
    unwell: int
    """How many there are."""


class RuleVerdict(msgspec.Struct, frozen=True):
    """One rule that the reference's constraints ask of a column."""

    stream: str
    """Name of its stream; empty for the primary one."""
    side: Side
    feature: str
    """The column; it need not be watched for drift."""
    rule: Rule
    state: RuleState
    limit: str
    """What it asks, e.g. `0 to 120`."""
    allowed: float
    """Share of rows that may break it."""
    rate: float
    """Share of the last `rows` rows that broke it."""
    rows: int
    """Since the change that there is most evidence of, or the last thousand."""
    evidence: float
    """log10 of the e-value that more rows break it than it allows."""
    threshold: float
    """Evidence from which on it is violated."""
