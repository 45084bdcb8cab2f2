"""What `/api/v1/...` answers, as plain values made of the monitor's view and the last snapshot.

Pure: no socket, no clock. The live page and scripts read it, so keys are a contract.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import msgspec

from sidecar import __version__
from sidecar.core.words.events import (
    JointChanged,
    NotEnough,
    ReferenceChanged,
    ReferenceLearned,
    Score,
    State,
    VerdictChanged,
)
from sidecar.core.words.snapshot import ADDED_BOUNDS, DURATION_BOUNDS, Histogram, Snapshot
from sidecar.core.words.view import BinView, FeatureView, MonitorView, SegmentView, SideView
from sidecar.observer.history import History, Point, errors, quantile
from sidecar.observer.memory import Change, Memory, Seen
from sidecar.settings import Settings
from sidecar.sink import Observed

_SEGMENT_FEATURES = 8
"""Most features of a segment in `/api/v1/live`; `/api/v1/segments` has all."""
_QUANTILES = (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))


def status(settings: Settings, observed: Observed, history: History, started: float, now: float) -> dict[str, Any]:
    """`/api/v1/status`: the state of everything, without details of features."""
    view, snapshot = observed.view, observed.snapshot
    return {
        "version": __version__,
        "now": now,
        "model": {"name": settings.model.name, "version": settings.model.version, "upstream": settings.upstream},
        "observer": {"started": started, "restarts": snapshot.observer_restarts if snapshot else 0},
        "traffic": _traffic(snapshot) if snapshot else None,
        "recent": msgspec.to_builtins(history.points[-1]) if history.points else None,
        "digest": view.digest,
        "reference": {"name": view.name, "created": view.created},
        "sides": [_side(side, settings) for side in view.sides],
        "decoded": _counted(("decoder", "result"), view.decoded.items()),
        "answered": [{"version": version, "count": count} for version, count in view.answered.items()],
        "violations": _counted(("feature", "kind"), view.violations.items()),
        "sinks": observed.sinks,
    }


def look(
    settings: Settings, observed: Observed, history: History, memory: Memory, started: float, now: float
) -> dict[str, Any]:
    """`/api/v1/live`: everything that the page shows at once; of segments only features in warning or drift."""
    return {
        "status": status(settings, observed, history, started, now),
        "features": features(observed.view),
        "segments": [_segment_brief(one) for one in observed.view.segments],
        "changes": changes(memory.changes),
        "exchanges": exchanges(memory.exchanges),
    }


def features(view: MonitorView) -> list[dict[str, Any]]:
    """`/api/v1/features`: every feature with its scores and verdict, without its bins."""
    return [_feature(side, feature) for side in view.sides for feature in side.features]


def feature(view: MonitorView, side_name: str, name: str) -> dict[str, Any] | None:
    """`/api/v1/features/{side}/{name}`: one feature with its bins; None if there is none."""
    for side in view.sides:
        for one in side.features if side.side.value == side_name else ():
            if one.feature == name:
                return _feature(side, one) | {"profile": side.profile, "source": side.source, "bins": _bins(one)}
    return None


def segments(view: MonitorView) -> list[dict[str, Any]]:
    """`/api/v1/segments`: each segment of the traffic by side, with a short view of its features."""
    return [msgspec.to_builtins(one) | {"drifted": one.drifted} for one in view.segments]


def _segment_brief(one: SegmentView) -> dict[str, Any]:
    unwell = [each for each in one.features if each.state in (State.WARNING, State.DRIFT)]
    ranked = sorted(unwell, key=lambda each: -each.effect)
    known = {"segment": one.segment, "side": one.side.value, "reference": one.reference, "rows_total": one.rows_total}
    return known | {
        "features": [msgspec.to_builtins(each) for each in ranked[:_SEGMENT_FEATURES]],
        "unwell": len(unwell),
    }


def effective(settings: Settings) -> dict[str, Any]:
    """`/api/v1/settings`: the settings in force; a password in an endpoint is left out."""
    values: dict[str, Any] = msgspec.to_builtins(settings)
    values["trace"]["endpoint"] = _without_credentials(settings.trace.endpoint)
    return values


def changes(events: Iterable[Change]) -> list[dict[str, Any]]:
    """`/api/v1/changes`: what changed last, newest first; `what` is `verdict`, `joint`, `reference` or `learned`."""
    return [_change(event) for event in events][::-1]


def exchanges(seen: Iterable[Seen]) -> list[dict[str, Any]]:
    """`/api/v1/exchanges`: the last exchanges as metadata, newest first."""
    return [msgspec.to_builtins(one) for one in seen][::-1]


def history(points: Iterable[Point]) -> list[dict[str, Any]]:
    """`/api/v1/history`: the traffic of the last minutes, oldest first."""
    return [msgspec.to_builtins(point) for point in points]


def _change(event: Change) -> dict[str, Any]:
    match event:
        case VerdictChanged():
            return _verdict(event)
        case JointChanged():
            return _joint(event)
        case ReferenceLearned():
            return {"what": "learned", "at": event.at, "side": event.side.value, "rows_seen": event.rows}
        case ReferenceChanged():
            return {"what": "reference", "at": event.at, "before": event.before, "digest": event.digest}


def _verdict(event: VerdictChanged) -> dict[str, Any]:
    report = event.report
    return {
        "what": "verdict",
        "at": event.at,
        "side": report.side.value,
        "feature": report.feature,
        "segment": report.segment,
        "before": event.before.value,
        "state": report.state.value,
        "rows_seen": event.rows_seen,
        "evidence": report.evidence,
        "effect": report.effect,
        "effect_rows": report.effect_rows,
        "shifts": [msgspec.to_builtins(shift) for shift in report.shifts],
        "units": report.units,
        "changed": report.changed,
    }


def _joint(event: JointChanged) -> dict[str, Any]:
    known = {"what": "joint", "at": event.at, "before": event.before.value, "rows_seen": event.rows_seen}
    report: dict[str, Any] = msgspec.to_builtins(event.report)
    return known | report


def _traffic(snapshot: Snapshot) -> dict[str, Any]:
    durations = [sum(column) for column in zip(*(one.durations.counts for one in snapshot.requests), strict=True)]
    return {
        "started": snapshot.started_ns / 1e9,
        "at": snapshot.taken_ns / 1e9,
        "ready": snapshot.ready,
        "draining": snapshot.draining,
        "active_requests": snapshot.active_requests,
        "connections": snapshot.connections,
        "handoff_bytes": snapshot.handoff_bytes,
        "errors": errors(snapshot),
        "latency_seconds": {name: quantile(ratio, DURATION_BOUNDS, durations) for name, ratio in _QUANTILES},
        "added_seconds": {name: quantile(ratio, ADDED_BOUNDS, snapshot.added.counts) for name, ratio in _QUANTILES},
        "exchanges": _counted(("protocol", "outcome"), (((p, o), count) for p, o, count in snapshot.exchanges)),
        "shed": _counted(("stage", "reason"), (((s, r), count) for s, r, count in snapshot.shed)),
        "requests": [
            {"method": one.method, "route": one.route, "status": one.status, **_summary(one.durations)}
            for one in snapshot.requests
        ],
    }


def _summary(durations: Histogram) -> dict[str, Any]:
    quantiles = {name: quantile(ratio, DURATION_BOUNDS, durations.counts) for name, ratio in _QUANTILES}
    return {"count": sum(durations.counts), "total_seconds": durations.total, **quantiles}


def _counted(names: tuple[str, str], counts: Iterable[tuple[tuple[str, str], int]]) -> list[dict[str, Any]]:
    return [{names[0]: first, names[1]: second, "count": count} for (first, second), count in counts]


def _side(side: SideView, settings: Settings) -> dict[str, Any]:
    return {
        "side": side.side.value,
        "rows_total": side.rows_total,
        "window_rows": side.window_rows,
        "profile": side.profile,
        "source": side.source,
        "learned_rows": side.learned_rows,
        "learn_rows": settings.learn.rows,
        "features": len(side.features),
        "drifted": side.drifted,
        "together": msgspec.to_builtins(side.all_features),
        "joint": msgspec.to_builtins(side.joint),
    }


def _feature(side: SideView, one: FeatureView) -> dict[str, Any]:
    return {
        "side": side.side.value,
        "feature": one.feature,
        "kind": one.kind,
        "state": one.state.value,
        "evidence": one.evidence,
        "threshold": one.threshold,
        "effect": one.effect,
        "effect_rows": one.effect_rows,
        "importance": one.importance,
        "impact": one.impact,
        "independent_ratio": one.independent_ratio,
        "reference_rows": one.reference_rows,
        "scores": dict(_scores(one.scores)),
    }


def _scores(scores: dict[str, Score | NotEnough]) -> Iterator[tuple[str, dict[str, Any]]]:
    for measure, score in scores.items():
        yield measure, msgspec.to_builtins(score)


def _bins(one: FeatureView) -> list[dict[str, Any]]:
    live, window = sum(b.live_total for b in one.bins), sum(b.window_count for b in one.bins)
    return [_bin(each, live, window) for each in one.bins]


def _bin(one: BinView, live: int, window: int) -> dict[str, Any]:
    return {
        "bin": one.bin,
        "range": one.range,
        "reference_ratio": one.reference_ratio,
        "live_ratio": one.live_total / live if live else None,
        "window_ratio": one.window_count / window if window else None,
        "live_rows": one.live_total,
        "window_rows": one.window_count,
    }


def _without_credentials(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment=""))
