"""Segments of the traffic as metrics: only those that no client named."""

from __future__ import annotations

import msgspec
import pytest

from harness.exposition import by_labels, everything, render, samples, value
from harness.observed import SEGMENTED, SETTINGS, drifted_monitor, exchange, monitor, snapshot
from sidecar.core.words.view import MonitorView
from sidecar.settings import SegmentSettings
from sidecar.sink import Observed
from sidecar.sinks.prometheus.families import Families
from sidecar.sinks.prometheus.segments import segment_families


@pytest.fixture(scope="module")
def observed() -> Observed:
    return everything()


def test_a_slice_has_its_rows_and_a_verdict_for_each_feature(observed: Observed) -> None:
    text = render(observed)
    rows = {
        one.labels["segment"]: one.value
        for one in samples(text, "model_segment_rows_total")
        if one.labels["side"] == "input"
    }
    assert rows == {"acme": 0, "other": 3001}
    assert value(text, "model_segment_drift_state", segment="other", feature="age", state="drift") == 1
    assert value(text, "model_segment_drift_state", segment="acme", feature="age", state="insufficient") == 1
    assert value(text, "model_segment_drift_evidence", segment="other", feature="age") > 10


def test_a_slice_that_a_client_named_is_no_label() -> None:
    undeclared = msgspec.structs.replace(SETTINGS, segments=SegmentSettings(by="header:x-tenant"))
    machine = monitor(settings=undeclared)
    machine.feed(exchange(request_lines="x-tenant: evil-77\r\n"), 1_700_000_001.0)
    view = machine.view()
    assert "evil-77" in {one.segment for one in view.segments}
    assert "segment" not in render(Observed(snapshot(), view, {}))


def test_without_segments_there_is_no_family_at_all() -> None:
    assert list(segment_families(Families(SETTINGS.model), MonitorView((), {}), 10)) == []


def test_the_first_features_of_each_segment_have_samples_and_their_states_are_one_hot() -> None:
    view = drifted_monitor(SEGMENTED).view()

    rows, evidence, states = segment_families(Families(SETTINGS.model), view, 1)

    assert by_labels(rows)["other", "input"] == 3_000
    assert by_labels(evidence).keys() == {
        (segment, side, feature)
        for segment in ("acme", "other")
        for side, feature in (("input", "age"), ("output", "score"))
    }
    for labels in by_labels(evidence):
        assert sum(hot for state, hot in by_labels(states).items() if state[:3] == labels) == 1
