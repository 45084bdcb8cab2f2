"""What `/api/v1/...` answers, as types: docs/api.md and `/api/v1/schema` are made from them.

Names of fields are a contract with scripts and the live page; a field may be added, and is never renamed. `api` fills them in.
What is answered as it is elsewhere (`Point`, `Seen`, `Settings`, parts of the monitor's view) has its type there.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec import UNSET, UnsetType

from sidecar.core.words.events import BinShift, JointReport, PairShift, State
from sidecar.core.words.frame import Side
from sidecar.core.words.rules import Rule, RuleState
from sidecar.core.words.view import AllFeaturesView, SegmentFeature
from sidecar.observer.history import Point
from sidecar.observer.memory import Seen


class Model(msgspec.Struct, frozen=True):
    """The model that is watched."""

    name: str
    version: str
    upstream: str
    """Where it listens."""


class Observer(msgspec.Struct, frozen=True):
    """The process that answers."""

    started: float
    """Unix seconds."""
    restarts: int


class Quantiles(msgspec.Struct, frozen=True):
    """Seconds; null where nothing was measured."""

    p50: float | None
    p95: float | None
    p99: float | None


class ExchangeCount(msgspec.Struct, frozen=True):
    """Exchanges that ended so, since the start."""

    protocol: str
    outcome: str
    count: int


class ShedCount(msgspec.Struct, frozen=True):
    """What was dropped on the way to the observer, since the start."""

    stage: str
    reason: str
    count: int


class RequestSummary(msgspec.Struct, frozen=True):
    """Answers of one method, route and status since the start."""

    method: str
    route: str
    status: int
    count: int
    total_seconds: float
    """Of all their durations."""
    p50: float | None
    """Seconds, as `p95` and `p99`; null where there are none."""
    p95: float | None
    p99: float | None


class Traffic(msgspec.Struct, frozen=True):
    """What the traffic process counted, as of its last snapshot."""

    started: float
    """Unix seconds."""
    at: float
    """Unix seconds of the snapshot."""
    ready: bool
    draining: bool
    active_requests: int
    connections: int
    handoff_bytes: int
    """Waiting for the observer."""
    errors: int
    """Answers of 500 and above, and exchanges in which the model vanished."""
    latency_seconds: Quantiles
    """From the first byte of the request to the last of the response."""
    added_seconds: Quantiles
    """What the sidecar adds."""
    exchanges: list[ExchangeCount]
    shed: list[ShedCount]
    requests: list[RequestSummary]


class Reference(msgspec.Struct, frozen=True):
    """What the reference says of itself."""

    name: str
    created: str
    """When it was made (ISO 8601); empty where it does not say."""


class SideStatus(msgspec.Struct, frozen=True):
    """One side of the model: what goes in, or what comes out."""

    stream: str
    """Name of its stream; empty for the primary one."""
    side: Side
    rows_total: int
    """Of accepted requests, since the observer's start."""
    window_rows: int
    """Of the open window."""
    profile: str
    """First 8 digits of the reference's digest; empty while there is none."""
    source: str
    """`file`, `learned` or `learning`."""
    learned_rows: int
    """Gathered so far while learning."""
    learn_rows: int
    """How many are needed."""
    features: int
    drifted: int
    """Features in state `drift`."""
    mismatched: Mapping[str, int]
    """Features in state `mismatch`, by the nearest explanation."""
    rules: int
    """Of the reference's constraints."""
    violated: int
    """Rules in state `violated`."""
    together: AllFeaturesView | None
    """Null while there is no reference, or one of a single feature."""
    joint: JointReport | None
    """Null before the first test, and without a reference that knows how features are correlated."""


class DecodedCount(msgspec.Struct, frozen=True):
    """Messages that a decoder read, or why it did not."""

    decoder: str
    result: str
    """`ok`, or the reason."""
    count: int


class AnsweredCount(msgspec.Struct, frozen=True):
    """Answers that name this version of the model."""

    stream: str
    """Name of its stream; empty for the primary one."""
    version: str
    count: int


class ViolationCount(msgspec.Struct, frozen=True):
    """Rows that broke the reference's schema."""

    stream: str
    """Name of its stream; empty for the primary one."""
    feature: str
    kind: str
    count: int


class StreamStatus(msgspec.Struct, frozen=True):
    """One model at one endpoint, which is watched for itself."""

    stream: str
    """Its name; empty for the primary one, which `model.name` stands for."""
    model_name: str
    """Label `model_name` of its metrics."""
    model: str
    """As requests name it; empty where they do not."""
    endpoint: str
    """The path as a template; empty before its first request."""
    digest: str
    """Of its reference; empty while there is none."""
    reference: Reference
    rows: Mapping[str, int]
    """Rows that went in, by what became of their requests: `accepted`, `refused`, `unanswered`; only the first are watched."""


class UnwatchedCount(msgspec.Struct, frozen=True):
    """Exchanges of no stream."""

    why: str
    """`full`: there are `streams.max`; `refused`, `unanswered`: no accepted answer has shown that a model is there."""
    count: int


class Status(msgspec.Struct, frozen=True):
    """How everything is, without the features' details."""

    version: str
    """Of the sidecar."""
    now: float
    """Unix seconds."""
    model: Model
    observer: Observer
    traffic: Traffic | None
    """Null until the traffic process has sent its first snapshot."""
    recent: Point | None
    """The last point of the history; null while there is none."""
    digest: str
    """Of the primary stream's reference; empty while there is none."""
    reference: Reference
    """Of the primary stream."""
    streams: list[StreamStatus]
    """The primary one first."""
    unwatched: list[UnwatchedCount]
    sides: list[SideStatus]
    """Of all streams, in their order."""
    decoded: list[DecodedCount]
    answered: list[AnsweredCount]
    violations: list[ViolationCount]
    sinks: Mapping[str, Mapping[str, int]]
    """Sink, result, events."""


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
    """In state `warning` or `drift`, those with most effect."""
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


class VerdictChange(msgspec.Struct, frozen=True, tag_field="what", tag="verdict"):
    """The verdict on a feature changed from `before` to `state`."""

    stream: str
    """Name of its stream; empty for the primary one."""
    at: float
    """Unix seconds."""
    side: Side
    feature: str
    """`*` for all features of the side together."""
    segment: str
    """Empty for the whole traffic."""
    before: State
    state: State
    rows_seen: int
    """Since the start."""
    evidence: float
    effect: float
    effect_rows: int
    shifts: tuple[BinShift, ...]
    """The bins that moved most, most first."""
    units: float | None
    """The factor by which live numbers are larger, where they seem to be in another unit."""
    changed: str
    """How it changed, in a few words."""


class JointChange(msgspec.Struct, frozen=True, tag_field="what", tag="joint"):
    """The verdict on how features are correlated changed from `before` to `state`."""

    stream: str
    """Name of its stream; empty for the primary one."""
    at: float
    """Unix seconds."""
    before: State
    rows_seen: int
    """Since the start."""
    side: Side
    state: State
    p_value: float
    """Over all pairs; an alarm needs one below `threshold`."""
    threshold: float
    effect: float
    """The change of a correlation that is most certain."""
    rows: int
    """Of the batch that was tested."""
    features: tuple[tuple[str, float], ...]
    """Those that carry it, with their shares, most first."""
    pairs: tuple[PairShift, ...]


class RuleChange(msgspec.Struct, frozen=True, tag_field="what", tag="constraint"):
    """The verdict on a rule of a column changed from `before` to `state`."""

    stream: str
    """Name of its stream; empty for the primary one."""
    at: float
    """Unix seconds."""
    before: RuleState
    rows_seen: int
    """Since the constraints were taken up."""
    side: Side
    feature: str
    rule: Rule
    state: RuleState
    limit: str
    """What it asks."""
    allowed: float
    rate: float
    """Share of the last `rows` rows that broke it."""
    rows: int
    evidence: float
    threshold: float


class ReferenceLearned(msgspec.Struct, frozen=True, tag_field="what", tag="learned"):
    """A reference was learned from the first rows of a side."""

    stream: str
    """Name of its stream; empty for the primary one."""
    at: float
    """Unix seconds."""
    side: Side
    rows_seen: int


class ReferenceReplaced(msgspec.Struct, frozen=True, tag_field="what", tag="reference"):
    """The reference was replaced; digests are empty where there was none."""

    stream: str
    """Name of its stream; empty for the primary one."""
    at: float
    """Unix seconds."""
    before: str
    digest: str


Change = VerdictChange | JointChange | RuleChange | ReferenceLearned | ReferenceReplaced


class Features(msgspec.Struct, frozen=True):
    """Every feature of both sides of all streams."""

    features: list[Feature]


class Constraints(msgspec.Struct, frozen=True):
    """Every rule of the references' constraints; none where they have none."""

    rules: list[RuleVerdict]


class Segments(msgspec.Struct, frozen=True):
    """Every segment of the traffic by side; none where `segments.by` is not set."""

    segments: list[Segment]


class Changes(msgspec.Struct, frozen=True):
    """What changed last, newest first."""

    changes: list[Change]


class Exchanges(msgspec.Struct, frozen=True):
    """The last exchanges as metadata, newest first."""

    exchanges: list[Seen]


class History(msgspec.Struct, frozen=True):
    """The traffic of the last minutes, oldest first."""

    points: list[Point]


class Look(msgspec.Struct, frozen=True):
    """All that the live page shows at one look: the data of each server-sent event."""

    status: Status
    features: list[Feature]
    segments: list[SegmentBrief]
    rules: list[RuleVerdict]
    """Those in state `violated`, the most evident first; at most 50."""
    changes: list[Change]
    exchanges: list[Seen]


class Problem(msgspec.Struct, frozen=True):
    """Why a request was not answered."""

    detail: str
