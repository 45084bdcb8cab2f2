"""Makes what `/api/v1/...` answers from the monitor's view and the last snapshot.

Pure: no socket, no clock. The types are in `answers`. The live page and scripts read them, so keys are a contract.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from sidecar import __version__
from sidecar.core.scores.measures import TITLES
from sidecar.core.words import events
from sidecar.core.words.events import UNWELL, JointChanged, NotEnough, ReferenceChanged, VerdictChanged
from sidecar.core.words.frame import Side
from sidecar.core.words.rules import RuleChanged, RuleReport, RuleState
from sidecar.core.words.snapshot import ADDED_BOUNDS, DURATION_BOUNDS, RequestSeries, Snapshot
from sidecar.core.words.stream import Answered
from sidecar.core.words.view import BinView, FeatureView, MonitorView, SegmentView, SideView, StreamView
from sidecar.observer import memory
from sidecar.observer.answers import (
    AnsweredCount,
    Bin,
    Change,
    Changes,
    Constraints,
    DecodedCount,
    ExchangeCount,
    Exchanges,
    Faults,
    Feature,
    FeatureDetail,
    Features,
    History,
    JointChange,
    Look,
    Model,
    Observer,
    Quantiles,
    Reference,
    ReferenceLearned,
    ReferenceReplaced,
    RequestSummary,
    RuleChange,
    RuleVerdict,
    Score,
    Segment,
    SegmentBrief,
    Segments,
    ShedCount,
    SideStatus,
    Status,
    StreamStatus,
    Traffic,
    UnwatchedCount,
    VerdictChange,
    ViolationCount,
)
from sidecar.observer.complaints import Fault
from sidecar.observer.history import Point, errors, quantile
from sidecar.observer.memory import Memory, Seen
from sidecar.settings import Settings
from sidecar.settings.shown import presentable
from sidecar.sink import Observed

_RULES = 50
"""Most violated rules in `/api/v1/live`; `/api/v1/constraints` has all rules."""
_SEGMENT_FEATURES = 8
"""Most features of a segment in `/api/v1/live`; `/api/v1/segments` has all."""


def status(settings: Settings, observed: Observed, points: Iterable[Point], started: float, now: float) -> Status:
    """`/api/v1/status`: the state of everything, without details of features."""
    view, snapshot = observed.view, observed.snapshot
    *_, recent = (None, *points)
    return Status(
        version=__version__,
        now=now,
        model=Model(settings.model.name, settings.model.version, settings.upstream),
        observer=Observer(started, snapshot.observer_restarts if snapshot else 0),
        traffic=_traffic(snapshot) if snapshot else None,
        recent=recent,
        digest=view.digest,
        reference=Reference(view.primary.name, view.primary.created),
        streams=[_stream(one) for one in view.streams],
        unwatched=[UnwatchedCount(why, count) for why, count in view.unwatched.exchanges.items()],
        sides=[_side(stream.stream, side, settings) for stream in view.streams for side in stream.sides],
        decoded=[DecodedCount(*named, count) for named, count in view.decoded.items()],
        answered=[AnsweredCount(one.stream, *known) for one in view.streams for known in one.answered.items()],
        violations=[
            ViolationCount(one.stream, *named, count) for one in view.streams for named, count in one.violations.items()
        ],
        sinks=observed.sinks,
    )


def look(
    settings: Settings, observed: Observed, points: Iterable[Point], kept: Memory, started: float, now: float
) -> Look:
    """`/api/v1/live`: everything that the page shows at once; of segments only features in warning or drift."""
    return Look(
        status(settings, observed, points, started, now),
        features(observed.view).features,
        [_segment_brief(stream.stream, one) for stream in observed.view.streams for one in stream.segments],
        _violated(observed.view),
        changes(kept.changes).changes,
        exchanges(kept.exchanges).exchanges,
    )


def features(view: MonitorView) -> Features:
    """`/api/v1/features`: every feature with its scores and verdict, without its bins."""
    return Features([
        _feature(stream.stream, side, one) for stream in view.streams for side in stream.sides for one in side.features
    ])  # fmt: skip


def feature(view: MonitorView, stream: str, side_name: str, name: str) -> FeatureDetail | None:
    """`/api/v1/features/{side}/{name}?stream=`: one feature with its bins; None if there is none."""
    sides = [side for one in view.streams if one.stream == stream for side in one.sides if side.side.value == side_name]
    for side in sides:
        for one in side.features:
            if one.feature == name:
                known = msgspec.structs.asdict(_feature(stream, side, one))
                return FeatureDetail(
                    **known, profile=side.profile, source=side.source, bins=_bins(one), measures=TITLES
                )
    return None


def constraints(view: MonitorView) -> Constraints:
    """`/api/v1/constraints`: every rule with its verdict."""
    return Constraints(
        [_rule(stream.stream, one) for stream in view.streams for side in stream.sides for one in side.rules]
    )


def faults(last: Iterable[Fault]) -> Faults:
    """`/api/v1/faults`: the last one of each kind, newest first."""
    return Faults(sorted(last, key=lambda one: -one.at))


def _violated(view: MonitorView) -> list[RuleVerdict]:
    found = [one for one in constraints(view).rules if one.state is RuleState.VIOLATED]
    return sorted(found, key=lambda one: -one.evidence)[:_RULES]


def _rule(stream: str, one: RuleReport) -> RuleVerdict:
    return RuleVerdict(**msgspec.structs.asdict(one) | {"stream": stream})


def segments(view: MonitorView) -> Segments:
    """`/api/v1/segments`: each segment of the traffic by side, with a short view of its features."""
    return Segments([
        Segment(
            stream.stream, one.segment, one.known, one.side, one.reference, one.rows_total, one.features, one.drifted
        )
        for stream in view.streams
        for one in stream.segments
    ])  # fmt: skip


def effective(settings: Settings) -> Settings:
    """`/api/v1/settings`: the settings in force; what may be credentials is left out."""
    return presentable(settings)


def changes(kept: Iterable[memory.Change]) -> Changes:
    """`/api/v1/changes`: what changed last, newest first."""
    return Changes([_change(event) for event in kept][::-1])


def exchanges(seen: Iterable[Seen]) -> Exchanges:
    """`/api/v1/exchanges`: the last exchanges as metadata, newest first."""
    return Exchanges(list(seen)[::-1])


def history(points: Iterable[Point]) -> History:
    """`/api/v1/history`: the traffic of the last minutes, oldest first."""
    return History(list(points))


def _segment_brief(stream: str, one: SegmentView) -> SegmentBrief:
    unwell = [each for each in one.features if each.state in UNWELL]
    ranked = sorted(unwell, key=lambda each: -each.effect)[:_SEGMENT_FEATURES]
    return SegmentBrief(stream, one.segment, one.side, one.reference, one.rows_total, ranked, len(unwell))


def _change(event: memory.Change) -> Change:
    match event:
        case VerdictChanged():
            return _verdict(event)
        case JointChanged():
            report = msgspec.structs.asdict(event.report) | {"stream": event.stream}
            return JointChange(at=event.at, before=event.before, rows_seen=event.rows_seen, **report)
        case RuleChanged():
            told = msgspec.structs.asdict(event.report) | {"stream": event.stream}
            return RuleChange(at=event.at, before=event.before, rows_seen=event.rows_seen, **told)
        case events.ReferenceLearned():
            return ReferenceLearned(event.stream, event.at, event.side, event.rows)
        case ReferenceChanged():
            return ReferenceReplaced(event.stream, event.at, event.before, event.digest)


def _verdict(event: VerdictChanged) -> VerdictChange:
    report = event.report
    return VerdictChange(
        stream=event.stream,
        at=event.at,
        side=report.side,
        feature=report.feature,
        segment=report.segment,
        before=event.before,
        state=report.state,
        rows_seen=event.rows_seen,
        evidence=report.evidence,
        effect=report.effect,
        effect_rows=report.effect_rows,
        shifts=report.shifts,
        units=report.units,
        changed=report.changed,
    )


def _traffic(snapshot: Snapshot) -> Traffic:
    durations = [sum(column) for column in zip(*(one.durations.counts for one in snapshot.requests), strict=True)]
    return Traffic(
        started=snapshot.started_ns / 1e9,
        at=snapshot.taken_ns / 1e9,
        ready=snapshot.ready,
        draining=snapshot.draining,
        active_requests=snapshot.active_requests,
        connections=snapshot.connections,
        handoff_bytes=snapshot.handoff_bytes,
        errors=errors(snapshot),
        latency_seconds=_quantiles(DURATION_BOUNDS, durations),
        added_seconds=_quantiles(ADDED_BOUNDS, snapshot.added.counts),
        exchanges=[ExchangeCount(*one) for one in snapshot.exchanges],
        shed=[ShedCount(*one) for one in snapshot.shed],
        requests=[_request(one) for one in snapshot.requests],
    )


def _request(one: RequestSeries) -> RequestSummary:
    counts = one.durations.counts
    spread = _quantiles(DURATION_BOUNDS, counts)
    known = one.method, one.route, one.status, sum(counts), one.durations.total
    return RequestSummary(*known, spread.p50, spread.p95, spread.p99)


def _quantiles(bounds: Sequence[float], counts: Sequence[int]) -> Quantiles:
    return Quantiles(*(quantile(ratio, bounds, counts) for ratio in (0.5, 0.95, 0.99)))


def _stream(one: StreamView) -> StreamStatus:
    rows = {answered.value: 0 for answered in Answered}
    rows |= {answered.value: count for (side, answered), count in one.rows().items() if side is Side.INPUT}
    reference = Reference(one.name, one.created)
    return StreamStatus(one.stream, one.model_name, one.model, one.endpoint, one.digest, reference, rows)


def _side(stream: str, side: SideView, settings: Settings) -> SideStatus:
    return SideStatus(
        stream=stream,
        side=side.side,
        rows_total=side.rows_total,
        window_rows=side.window_rows,
        profile=side.profile,
        source=side.source,
        learned_rows=side.learned_rows,
        learn_rows=settings.learn.rows,
        features=len(side.features),
        drifted=side.drifted,
        mismatched=side.mismatched,
        rules=len(side.rules),
        violated=sum(one.state is RuleState.VIOLATED for one in side.rules),
        together=side.all_features,
        joint=side.joint,
    )


def _feature(stream: str, side: SideView, one: FeatureView) -> Feature:
    return Feature(
        stream=stream,
        side=side.side,
        feature=one.feature,
        kind=one.kind,
        state=one.state,
        evidence=one.evidence,
        threshold=one.threshold,
        effect=one.effect,
        effect_rows=one.effect_rows,
        importance=one.importance,
        impact=one.impact,
        independent_ratio=one.independent_ratio,
        reference_rows=one.reference_rows,
        state_since=one.state_since,
        criterion=one.criterion,
        reason=one.reason,
        scores={measure: _score(score) for measure, score in one.scores.items()},
    )


def _score(score: events.Score | NotEnough) -> Score:
    if isinstance(score, NotEnough):
        return Score(reason=score.reason, rows=score.rows)
    return Score(value=score.value, debiased=score.debiased, p_value=score.p_value, rows=score.rows)


def _bins(one: FeatureView) -> list[Bin]:
    live, window = sum(b.live_total for b in one.bins), sum(b.window_count for b in one.bins)
    return [_bin(each, live, window) for each in one.bins]


def _bin(one: BinView, live: int, window: int) -> Bin:
    return Bin(
        bin=one.bin,
        range=one.range,
        reference_ratio=one.reference_ratio,
        live_ratio=one.live_total / live if live else None,
        window_ratio=one.window_count / window if window else None,
        live_rows=one.live_total,
        window_rows=one.window_count,
    )
