"""Feature: what one feature looks like against its reference, in the fleet and in each pod."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards.grafana.frame import FEATURE, FLEET, POD, board, rows
from dashboards.grafana.panels import Query, bars, graph, state_of, timeline
from dashboards.grafana.promql import rate

_BIN = "profile, side, feature, bin, range"
_NAME = "{{side}} {{feature}}"
_UNUSUAL = ',range=~"missing|unseen|other|< .*|> .*"'


def feature() -> Dashboard:
    """The dashboard."""
    text = "Live against reference, each measure with its thresholds, evidence, missing and unseen values; choose one feature."
    made = board("feature", "Models: feature", text, ("namespace", "model", "version", "pod", "side", "feature"))
    return rows(made, {"Distribution": _distribution(), "Over the fleet": _fleet(), "In each pod": _pods()})


def _share(window: str, more: str = "") -> str:
    """Of the rows, by bin."""
    bins = f"sum by ({_BIN}) (model:feature_bin_rows:{window}{{{FLEET}{more}}})"
    rows = f"sum by (profile, side, feature) (model:drift_rows:{window}{{{FLEET}}} > 0)"
    return f"{bins} / on (profile, side, feature) group_left () {rows}"


def _distribution() -> list[object]:
    live, day = (f"sum by (range) ({_share(window)})" for window in ("1h", "1d"))
    reference = f"sum by (range) (max by ({_BIN}) (model_reference_bin_ratio{{{FEATURE}}}))"
    return [
        bars(
            "Live against reference",
            "Share of rows by bin: the reference, the last hour and the last day of all pods.",
            "percentunit",
            "range",
            Query(reference, "reference"),
            Query(live, "last hour"),
            Query(day, "last day"),
        ),
        graph(
            "Bins over time",
            "Share of rows by bin over five minutes, all pods.",
            "percentunit",
            Query(_share("5m"), "{{range}}"),
            stacked=True,
        ),
        graph(
            "Missing, unseen, out of range",
            "Share of rows over five minutes, all pods, in bins that hold no usual value.",
            "percentunit",
            Query(_share("5m", _UNUSUAL), "{{feature}} {{range}}"),
        ),
        graph(
            "Rows",
            "Rows behind the figures, all pods.",
            "short",
            *_windows("rows"),
        ),
    ]


def _windows(figure: str) -> list[Query]:
    return [Query(f"model:drift_{figure}:{window}{{{FLEET}}}", f"{_NAME} {window}") for window in ("5m", "1h", "1d")]


_MEASURES = (
    ("psi", "PSI", "none", (0.1, 0.25), "Over all pods, without small-sample bias: 0.1 matters, 0.25 is strong."),
    ("js", "Jensen-Shannon distance", "none", (0.13, 0.2),
     "Over all pods, without bias; 0.1 corresponds to a PSI of about 0.06, 0.13 to one of 0.1."),
    ("tv", "Total variation", "percentunit", (0.1, 0.2),
     "Share of rows that would have to change to make the reference of them, over all pods."),
)  # fmt: skip
"""Recorded figure, title, unit, limits and description."""


def _fleet() -> list[object]:
    return [
        graph(title, text, unit, *_windows(figure), limits=limits) for figure, title, unit, limits, text in _MEASURES
    ]


def _pods() -> list[object]:
    violations = rate("model_feature_violations_total", "pod, feature, kind", f'{POD},feature=~"$feature"')
    return [
        timeline("Verdicts", "Of each pod.", Query(state_of("pod, side, feature", FEATURE), f"{{{{pod}}}} {_NAME}")),
        graph(
            "Evidence",
            "log10 of the e-value in each pod; an alarm needs what the budget of false alarms asks for, 8 or so.",
            "none",
            Query(f"model_drift_evidence{{{FEATURE}}}", f"{{{{pod}}}} {_NAME}"),
        ),
        graph(
            "Scores",
            "Each measure in the last window of each pod, small-sample bias included.",
            "none",
            Query(f"model_drift_score{{{FEATURE}}}", "{{pod}} {{feature}} {{measure}}"),
        ),
        graph(
            "Independent rows",
            "Share of recent rows that count as independent; evidence is discounted by it.",
            "percentunit",
            Query(f"model_independent_ratio{{{FEATURE}}}", f"{{{{pod}}}} {_NAME}"),
        ),
        graph(
            "Schema",
            "Rows a second that break it, by kind.",
            "rowsps",
            Query(f"{violations} > 0", "{{pod}} {{feature}} {{kind}}"),
        ),
        graph(
            "Segments",
            "Evidence within each slice of the traffic, where `segments.by` is set.",
            "none",
            Query(f"model_segment_drift_evidence{{{FEATURE}}}", f"{{{{segment}}}} {_NAME}"),
        ),
    ]
