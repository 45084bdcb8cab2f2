"""Metric families of the models as a whole: rows, decoding, violations, the reference. Made from the monitor's view.

Every `feature` label is a feature of the reference or a column of its constraints, or `_unknown` for all other names, because a
client could make those up. `model_name` is that of the stream, of which there is a bounded number. `features` has the families
with samples per feature.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from prometheus_client.core import Metric

from sidecar.core.words.stream import OTHER, Answered
from sidecar.core.words.view import WHY_UNWATCHED, MonitorView, SideView, StreamView
from sidecar.sinks.prometheus.families import Families

UNKNOWN = "_unknown"
"""Label `feature` of violations by features that are not in the reference."""

Row = tuple[tuple[str, ...], float]


def model_families(families: Families, view: MonitorView) -> Iterable[Metric]:
    """All families of a view without samples per feature."""
    sides = [(families.model_of(stream), stream, side) for stream in view.streams for side in stream.sides]
    yield families.info(
        "model_reference",
        "The reference: its digest and where it came from (file, learned or learning).",
        ("side", "profile", "digest", "source"),
        [
            ((*model, side.side.value, side.profile, stream.digest, side.source), 1)
            for model, stream, side in sides
            if side.source
        ],
        streams=True,
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
        (
            ((*families.model_of(stream), version), count)
            for stream in view.streams
            for version, count in stream.answered.items()
        ),
        streams=True,
    )
    yield families.counter(
        "model_rows",
        "Rows that went into the model, and that came out, by what became of the request.",
        ("side", "answered"),
        _rows(families, view),
        streams=True,
    )
    yield families.gauge(
        "model_window_rows", "Rows of the open window.", ("side",), _by_side(sides, "window_rows"), streams=True
    )
    yield families.gauge(
        "model_drifted_features", "Features in state drift.", ("side",), _by_side(sides, "drifted"), streams=True
    )
    yield families.gauge(
        "model_mismatched_features",
        "Features that the reference does not describe, by the nearest explanation.",
        ("side", "explanation"),
        (
            ((*model, side.side.value, explanation), count)
            for model, _, side in sides
            if side.features
            for explanation, count in (side.mismatched or {"none": 0}).items()
        ),
        streams=True,
    )
    yield families.counter(
        "model_feature_violations",
        "Rows that violate the schema of the reference, by kind.",
        ("feature", "kind"),
        (
            ((*families.model_of(stream), *key), count)
            for stream in view.streams
            for key, count in _violations(stream).items()
        ),
        streams=True,
    )
    yield from _streams(families, view)


def _streams(families: Families, view: MonitorView) -> Iterable[Metric]:
    yield families.gauge(
        "sidecar_streams",
        "Streams, of one model at one endpoint each, that are watched.",
        (),
        [((), len(view.streams))],
    )
    yield families.counter(
        "sidecar_unwatched_exchanges",
        "Exchanges of no stream: there are too many (`full`), or no accepted answer has shown that a model is there.",
        ("why",),
        [((why,), view.unwatched.exchanges.get(why, 0)) for why in WHY_UNWATCHED],
    )


def _rows(families: Families, view: MonitorView) -> Iterator[Row]:
    """Input by each way that a request may end, so that the first refused one is seen; output of accepted ones."""
    for stream in view.streams:
        rows = stream.rows()
        for side in stream.sides:
            for answered in Answered if side.side.value == "input" else (Answered.ACCEPTED,):
                yield (*families.model_of(stream), side.side.value, answered.value), rows.get((side.side, answered), 0)
    for (of_side, answered), count in view.unwatched.rows.items():
        yield (OTHER, "", of_side.value, answered.value), count


def _by_side(sides: Iterable[tuple[tuple[str, str], StreamView, SideView]], field: str) -> Iterator[Row]:
    return (((*model, side.side.value), getattr(side, field)) for model, _, side in sides)


def _violations(view: StreamView) -> Counter[tuple[str, str]]:
    known = {feature.feature for side in view.sides for feature in side.features}
    known |= {rule.feature for side in view.sides for rule in side.rules}
    counts: Counter[tuple[str, str]] = Counter()
    for (feature, kind), count in view.violations.items():
        counts[feature if feature in known else UNKNOWN, kind] += count
    return counts
