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
    segments = [(families.model_of(stream), one) for stream in view.streams for one in stream.segments if one.known]
    if not segments:
        return
    shown = [
        ((*model, one.segment, one.side.value, each.feature), each)
        for model, one in segments
        for each in one.features[:max_features]
    ]
    labels = ("segment", "side", "feature")
    yield families.counter(
        "model_segment_rows",
        "Rows in each segment of the traffic.",
        ("segment", "side"),
        (((*model, one.segment, one.side.value), one.rows_total) for model, one in segments),
        streams=True,
    )
    yield families.gauge(
        "model_segment_drift_evidence",
        "Evidence of drift in a segment: log10 of the e-value.",
        labels,
        ((values, each.evidence) for values, each in shown),
        streams=True,
    )
    yield families.gauge(
        "model_segment_drift_state",
        "The verdict in a segment: 1 for the state a feature is in, 0 for the others.",
        (*labels, "state"),
        (((*values, state.value), float(each.state is state)) for values, each in shown for state in State),
        streams=True,
    )
