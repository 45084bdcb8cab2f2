"""Metric families of the rules of the reference's constraints; none without constraints.

Labels are of the reference: who made it, named the columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from prometheus_client.core import Metric

from sidecar.core.words.rules import RuleReport, RuleState
from sidecar.core.words.view import MonitorView
from sidecar.sinks.prometheus.families import Families

_LABELS = ("side", "feature", "rule")


def constraint_families(families: Families, view: MonitorView) -> Iterable[Metric]:
    """Verdict, evidence and rate of each rule."""
    told = [
        ((*families.model_of(stream), one.side.value, one.feature, one.rule.value), one)
        for stream in view.streams
        for side in stream.sides
        for one in side.rules
    ]
    if not told:
        return
    yield families.gauge(
        "model_constraint_state",
        "The verdict on a rule: 1 for the state it is in, 0 for the others.",
        (*_LABELS, "state"),
        (((*labels, state.value), float(one.state is state)) for labels, one in told for state in RuleState),
        streams=True,
    )
    figures: tuple[tuple[str, str, Callable[[RuleReport], float]], ...] = (
        ("evidence", "Evidence that a rule is broken too often: log10 of the e-value.", lambda one: one.evidence),
        ("violation_ratio", "Share of recent rows that break a rule.", lambda one: one.rate),
        ("allowed_ratio", "Share of rows that may break a rule.", lambda one: one.allowed),
    )
    for name, text, figure in figures:
        rows = ((labels, figure(one)) for labels, one in told)
        yield families.gauge(f"model_constraint_{name}", text, _LABELS, rows, streams=True)
