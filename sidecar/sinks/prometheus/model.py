"""Metric families of the model as a whole: rows, decoding, violations, the reference. Made from the monitor's view.

Every `feature` label is a feature of the reference, or `_unknown` for all other names, because a client could make
those up. `features` has the families with samples per feature.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from prometheus_client.core import Metric

from sidecar.core.words.view import MonitorView, SideView
from sidecar.sinks.prometheus.families import Families

UNKNOWN = "_unknown"
"""Label `feature` of violations by features that are not in the reference."""


def model_families(families: Families, view: MonitorView) -> Iterable[Metric]:
    """All families of a view without samples per feature."""
    sides = view.sides
    yield families.info(
        "model_reference",
        "The reference: its digest and where it came from (file, learned or learning).",
        ("side", "profile", "digest", "source"),
        [((side.side.value, side.profile, view.digest, side.source), 1) for side in sides if side.source],
    )
    yield families.counter(
        "sidecar_decoded",
        "Messages by decoder and result: `ok`, or why they did not decode.",
        ("decoder", "result"),
        ((key, count) for key, count in view.decoded.items()),
    )
    yield families.counter(
        "model_answers",
        "Decoded answers by the version of the model that they name.",
        ("answered_version",),
        (((version,), count) for version, count in view.answered.items()),
    )
    yield families.counter(
        "model_rows", "Rows that went into the model, and that came out.", ("side",), _by_side(sides, "rows_total")
    )
    yield families.gauge("model_window_rows", "Rows of the open window.", ("side",), _by_side(sides, "window_rows"))
    yield families.gauge("model_drifted_features", "Features in state drift.", ("side",), _by_side(sides, "drifted"))
    yield families.counter(
        "model_feature_violations",
        "Rows that violate the schema of the reference, by kind.",
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
