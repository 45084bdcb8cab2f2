"""Metric families of the model: rows, distributions, scores, evidence and verdicts, from the monitor's view.

Every `feature` label is a feature of the reference (or `_unknown`, for all names that are not in it together), because
anything else could be made up by a client. Bins are exported as counters, so that distributions of many pods add up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from prometheus_client.core import Metric

from sidecar.core.events import Score, State
from sidecar.core.view import BinView, FeatureView, MonitorView, SideView
from sidecar.sinks.prometheus.families import Families

UNKNOWN = "_unknown"
"""Label `feature` of violations by features that the reference does not have."""
_BIN = ("side", "feature", "bin", "range", "profile")
_FEATURE = ("side", "feature")


def model_families(families: Families, view: MonitorView, max_features: int) -> Iterable[Metric]:
    """All families that a view fills; at most `max_features` features of each side have bins and scores exported."""
    shown = [(side, feature) for side in view.sides for feature in side.features[:max_features]]
    yield from _counts(families, view)
    yield from _distributions(families, shown)
    yield from _reference(families, view, shown)
    yield from _verdicts(families, shown)


def _counts(families: Families, view: MonitorView) -> Iterable[Metric]:
    sides = view.sides
    yield families.counter(
        "sidecar_decoded",
        "Messages by decoder and result: `ok`, or why it was not read.",
        ("decoder", "result"),
        ((key, count) for key, count in view.decoded.items()),
    )
    yield families.counter(
        "model_rows", "Rows that went into the model, and that came out.", ("side",), _by_side(sides, "rows_total")
    )
    yield families.gauge("model_window_rows", "Rows of the open window.", ("side",), _by_side(sides, "window_rows"))
    yield families.gauge("model_drifted_features", "Features in state drift.", ("side",), _by_side(sides, "drifted"))
    yield families.counter(
        "model_feature_violations",
        "Values that the reference does not allow for.",
        ("feature", "kind"),
        _violations(view).items(),
    )


def _by_side(sides: Iterable[SideView], field: str) -> Iterator[tuple[tuple[str], float]]:
    return (((side.side.value,), getattr(side, field)) for side in sides)


def _violations(view: MonitorView) -> Counter[tuple[str, str]]:
    known = {feature.feature for side in view.sides for feature in side.features}
    counts: Counter[tuple[str, str]] = Counter()
    for (feature, kind), count in view.violations.items():
        counts[feature if feature in known else UNKNOWN, kind] += count
    return counts


def _distributions(families: Families, shown: list[tuple[SideView, FeatureView]]) -> Iterable[Metric]:
    yield families.counter(
        "model_feature_bin",
        "Live rows by bin of the reference.",
        _BIN,
        ((labels, one.live_total) for labels, one in _bins(shown)),
    )
    yield families.gauge(
        "model_reference_bin_ratio",
        "Share of the reference's rows in each bin.",
        _BIN,
        ((labels, one.reference_ratio) for labels, one in _bins(shown)),
    )


def _bins(shown: list[tuple[SideView, FeatureView]]) -> Iterator[tuple[tuple[str, ...], BinView]]:
    for side, feature in shown:
        for one in feature.bins:
            yield (side.side.value, feature.feature, one.bin, one.range, side.profile), one


def _reference(families: Families, view: MonitorView, shown: list[tuple[SideView, FeatureView]]) -> Iterable[Metric]:
    yield families.gauge(
        "model_reference_rows",
        "Rows of the reference behind each feature.",
        ("side", "feature", "profile"),
        (((side.side.value, one.feature, side.profile), one.reference_rows) for side, one in shown),
    )
    yield families.info(
        "model_reference",
        "The reference: its digest and where it came from (file, learned or learning).",
        ("side", "profile", "digest", "source"),
        [((side.side.value, side.profile, view.digest, side.source), 1) for side in view.sides if side.source],
    )


def _verdicts(families: Families, shown: list[tuple[SideView, FeatureView]]) -> Iterable[Metric]:
    yield families.gauge(
        "model_drift_score",
        "Distance of live from reference by each measure, over the last closed window.",
        (*_FEATURE, "measure"),
        (
            ((side.side.value, one.feature, measure), score.value)
            for side, one in shown
            for measure, score in one.scores.items()
            if isinstance(score, Score)
        ),
    )
    yield families.gauge(
        "model_drift_evidence",
        "Evidence of drift: log10 of the e-value.",
        _FEATURE,
        (((side.side.value, one.feature), one.evidence) for side, one in shown),
    )
    yield families.gauge(
        "model_drift_state",
        "The verdict on each feature: 1 for the state it is in, 0 for the others.",
        (*_FEATURE, "state"),
        (
            ((side.side.value, one.feature, state.value), float(one.state is state))
            for side, one in shown
            for state in State
        ),
    )
