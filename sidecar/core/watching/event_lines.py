"""An event as one line of a log: its level, its name, and the figures it rests on. Used by all sinks that report events.

Keys are a contract (docs/driftlog.md). Nothing is computed here, only rounded; sinks decide where lines go.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec

from sidecar.core.words.events import (
    UNWELL,
    ConstraintsReplaced,
    DecodeFailed,
    Event,
    ExchangeSeen,
    FeatureReport,
    JointChanged,
    LearningRefused,
    ReferenceChanged,
    ReferenceLearned,
    ReferenceMismatch,
    State,
    StreamBegan,
    StreamsFull,
    VerdictChanged,
    WindowClosed,
)
from sidecar.core.words.rules import RuleChanged, RuleReport, RuleState

_OfReference = ReferenceLearned | LearningRefused | ReferenceChanged | ReferenceMismatch | ConstraintsReplaced
_Told = (
    VerdictChanged | WindowClosed | JointChanged | RuleChanged | DecodeFailed | StreamBegan | StreamsFull | _OfReference
)
_LEVELS = dict.fromkeys(UNWELL, "warning")
_TOP_FEATURES = 5


class EventLine(NamedTuple):
    """One line; `level` is info or warning, `at` Unix seconds."""

    level: str
    event: str
    at: float
    figures: dict[str, Any]


def event_line(event: Event) -> EventLine | None:
    """The line about an event; None for an exchange, which has traces and captures."""
    if isinstance(event, ExchangeSeen):
        return None
    line = _line(event)
    return line._replace(figures={"stream": event.stream, **line.figures}) if event.stream else line


def _line(event: _Told) -> EventLine:
    match event:
        case VerdictChanged():
            return EventLine(_LEVELS.get(event.report.state, "info"), "verdict_changed", event.at, _verdict(event))
        case WindowClosed():
            return EventLine("info", "window_closed", event.ended, _window(event))
        case JointChanged():
            return EventLine(_LEVELS.get(event.report.state, "info"), "joint_changed", event.at, _joint(event))
        case RuleChanged():
            level = "warning" if event.report.state is RuleState.VIOLATED else "info"
            return EventLine(level, "constraint_changed", event.at, _rule(event))
        case DecodeFailed():
            return EventLine("warning", "decode_failed", event.at, _undecoded(event))
        case StreamBegan() | StreamsFull():
            return _of_streams(event)
        case _:
            return _of_reference(event)


def _of_reference(event: _OfReference) -> EventLine:
    match event:
        case ReferenceLearned():
            figures = {"side": event.side, "rows": event.rows, "digest": event.digest}
            return EventLine("info", "reference_learned", event.at, figures)
        case LearningRefused():
            return EventLine("warning", "learning_refused", event.at, _refused(event))
        case ReferenceChanged():
            return EventLine("info", "reference_changed", event.at, {"before": event.before, "digest": event.digest})
        case ConstraintsReplaced():
            return EventLine("info", "constraints_replaced", event.at, {"rules": event.rules})
        case ReferenceMismatch():
            return EventLine("warning", "reference_mismatch", event.at, {"side": event.side, "detail": event.detail})


def _of_streams(event: StreamBegan | StreamsFull) -> EventLine:
    if isinstance(event, StreamsFull):
        return EventLine("warning", "streams_full", event.at, {"most": event.most, "exchanges": event.exchanges})
    figures = {"model": event.model, "endpoint": event.endpoint, "source": event.source}
    return EventLine("info", "stream_began", event.at, figures)


def _refused(event: LearningRefused) -> dict[str, Any]:
    figures = {"side": event.side, "feature": event.feature, "effect": round(event.effect, 6)}
    return figures | {"changed": event.changed, "times": event.times}


def _undecoded(event: DecodeFailed) -> dict[str, Any]:
    figures = {"decoder": event.decoder, "reason": event.reason, "detail": event.detail}
    figures |= {"trace_id": event.trace_id} if event.trace_id else {}
    return figures | {"since_last": event.since_last}


def _verdict(event: VerdictChanged) -> dict[str, Any]:
    return {**_of(event.report.segment), "before": event.before, "rows_seen": event.rows_seen, **_report(event.report)}


def _joint(event: JointChanged) -> dict[str, Any]:
    report = event.report
    return {
        "side": report.side,
        "before": event.before,
        "state": report.state,
        "rows_seen": event.rows_seen,
        "p_value": report.p_value,
        "threshold": report.threshold,
        "effect": round(report.effect, 6),
        "effect_rows": report.rows,
        "features": [{"feature": name, "share": round(share, 3)} for name, share in report.features],
        "pairs": [msgspec.to_builtins(pair) for pair in report.pairs],
    }


def _rule(event: RuleChanged) -> dict[str, Any]:
    report: RuleReport = event.report
    return {
        "side": report.side,
        "feature": report.feature,
        "rule": report.rule,
        "before": event.before,
        "state": report.state,
        "rows_seen": event.rows_seen,
        "limit": report.limit,
        "allowed": report.allowed,
        "rate": round(report.rate, 6),
        "rows": report.rows,
        "evidence": round(report.evidence, 3),
        "threshold": round(report.threshold, 3),
    }


def _of(segment: str) -> dict[str, str]:
    return {"segment": segment} if segment else {}


def _window(event: WindowClosed) -> dict[str, Any]:
    ranked = sorted(event.features, key=lambda report: report.impact, reverse=True)
    return {
        **_of(event.segment),
        "side": event.side,
        "seconds": round(event.ended - event.started, 3),
        "rows": event.rows,
        "features": len(event.features),
        "drifted": _named(event.features, State.DRIFT),
        "warning": _named(event.features, State.WARNING),
        "mismatch": _named(event.features, State.MISMATCH),
        "top": [_brief(report) for report in ranked[:_TOP_FEATURES]],
    }


def _named(reports: Iterable[FeatureReport], state: State) -> list[str]:
    return [report.feature for report in reports if report.state is state]


def _brief(report: FeatureReport) -> dict[str, Any]:
    return {
        "feature": report.feature,
        "state": report.state,
        "effect": round(report.effect, 6),
        "evidence": round(report.evidence, 3),
        **({} if report.importance == 1.0 else {"importance": round(report.importance, 3)}),
    }


def _report(report: FeatureReport) -> dict[str, Any]:
    return {
        "side": report.side,
        **_brief(report),
        "threshold": round(report.threshold, 3),
        "effect_rows": report.effect_rows,
        "independent_ratio": round(report.independent_ratio, 3),
        "scores": {name: msgspec.to_builtins(score) for name, score in report.scores.items()},
        "shifts": [msgspec.to_builtins(shift) for shift in report.shifts],
        **({"changed": report.changed} if report.changed else {}),
        **({} if report.units is None else {"units": report.units}),
        **({"criterion": report.criterion} if report.criterion else {}),
        **({"explanation": report.mismatch.explanation.value} if report.mismatch else {}),
        "since": round(report.since, 3),
    }
