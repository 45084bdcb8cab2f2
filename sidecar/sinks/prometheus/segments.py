"""Metric families of the segments of the traffic, if these are declared or from the reference.

A segment whose name a client sent (a header without declared values) has no samples: it is in the drift log and the API.
"""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client.core import Metric

from sidecar.core.words.events import State
from sidecar.core.words.view import MonitorView
from sidecar.sinks.prometheus.families import Families


def segment_families(families: Families, view: MonitorView, max_features: int) -> Iterable[Metric]:
    """Rows, evidence and verdicts by segment; nothing without segments that may be named."""
    segments = [one for one in view.segments if one.known]
    if not segments:
        return
    shown = [(one.segment, one.side.value, each) for one in segments for each in one.features[:max_features]]
    labels = ("segment", "side", "feature")
    yield families.counter(
        "model_segment_rows",
        "Rows in each segment of the traffic.",
        ("segment", "side"),
        (((one.segment, one.side.value), one.rows_total) for one in segments),
    )
    yield families.gauge(
        "model_segment_drift_evidence",
        "Evidence of drift in a segment: log10 of the e-value.",
        labels,
        (((segment, side, each.feature), each.evidence) for segment, side, each in shown),
    )
    yield families.gauge(
        "model_segment_drift_state",
        "The verdict in a segment: 1 for the state a feature is in, 0 for the others.",
        (*labels, "state"),
        (
            ((segment, side, each.feature, state.value), float(each.state is state))
            for segment, side, each in shown
            for state in State
        ),
    )
