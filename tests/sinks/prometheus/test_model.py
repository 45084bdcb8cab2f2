"""The families of the model as a whole."""

from __future__ import annotations

import msgspec
import pytest

from harness.exposition import UNKNOWN, by_labels, everything, render, value
from harness.observed import SETTINGS
from sidecar.core.words.view import MonitorView
from sidecar.sink import Observed
from sidecar.sinks.prometheus.families import Families
from sidecar.sinks.prometheus.model import model_families


@pytest.fixture(scope="module")
def observed() -> Observed:
    return everything()


def test_violations_by_unknown_features_are_counted_together(observed: Observed) -> None:
    violations = {("made-up-1", "extra_feature"): 2, ("made-up-2", "extra_feature"): 3}
    stream = msgspec.structs.replace(observed.view.primary, violations=violations)
    text = render(observed._replace(view=msgspec.structs.replace(observed.view, streams=(stream,))))
    assert value(text, "model_feature_violations_total", feature="_unknown", kind="extra_feature") == 5


def test_a_name_that_a_client_made_up_is_no_label(observed: Observed) -> None:
    text = render(observed)
    assert UNKNOWN not in text


def test_each_family_has_the_view_s_figures_under_its_labels(observed: Observed) -> None:
    found = {family.name: family for family in model_families(Families(SETTINGS.model), observed.view)}
    asked, answered = observed.view.sides

    assert by_labels(found["model_rows"]) == {
        ("input", "accepted"): asked.rows_total,
        ("input", "refused"): 0,
        ("input", "unanswered"): 0,
        ("output", "accepted"): answered.rows_total,
    }
    assert by_labels(found["model_window_rows"]) == {("input",): asked.window_rows, ("output",): answered.window_rows}
    assert by_labels(found["model_drifted_features"]) == {("input",): 1, ("output",): 0}
    assert by_labels(found["sidecar_decoded"]) == observed.view.decoded
    assert by_labels(found["model_answers"]) == {("7",): 61}
    assert by_labels(found["model_reference"]) == {
        (side.side, side.profile, observed.view.digest, "file"): 1 for side in observed.view.sides
    }


def test_before_anything_came_every_family_is_there_and_only_what_counts_from_0_on_has_samples() -> None:
    families = list(model_families(Families(SETTINGS.model), MonitorView((), {})))

    assert len(families) == 10
    assert [family.name for family in families if family.samples] == ["sidecar_streams", "sidecar_unwatched_exchanges"]
    assert by_labels(families[-1]) == {("full",): 0, ("refused",): 0, ("unanswered",): 0}
