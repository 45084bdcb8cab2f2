"""Metric families of the slices of the traffic, where those are declared or the reference's.

A slice that is called by what a client sent (a header without declared values) has no samples here: the drift log and the
API show it.
"""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client.core import Metric

from sidecar.core.events import State
from sidecar.core.view import MonitorView
from sidecar.sinks.prometheus.families import Families


def segment_families(families: Families, view: MonitorView, max_features: int) -> Iterable[Metric]:
    """Rows, evidence and verdicts by slice; nothing at all where there are no slices to be named."""
    slices = [one for one in view.segments if one.known]
    if not slices:
        return
    shown = [(one.segment, one.side.value, each) for one in slices for each in one.features[:max_features]]
    labels = ("segment", "side", "feature")
    yield families.counter(
        "model_segment_rows",
        "Rows in each slice of the traffic.",
        ("segment", "side"),
        (((one.segment, one.side.value), one.rows_total) for one in slices),
    )
    yield families.gauge(
        "model_segment_drift_evidence",
        "Evidence of drift in a slice: log10 of the e-value.",
        labels,
        (((segment, side, each.feature), each.evidence) for segment, side, each in shown),
    )
    yield families.gauge(
        "model_segment_drift_state",
        "The verdict in a slice: 1 for the state a feature is in, 0 for the others.",
        (*labels, "state"),
        (
            ((segment, side, each.feature, state.value), float(each.state is state))
            for segment, side, each in shown
            for state in State
        ),
    )
