"""What a view sums up for its readers."""

from __future__ import annotations

import pytest

from sidecar.core.words.events import State
from sidecar.core.words.frame import Side
from sidecar.core.words.view import FeatureView, SegmentFeature, SegmentView, SideView


def feature(name: str, state: State, effect: float = 0.5, importance: float = 1.0) -> FeatureView:
    return FeatureView(name, "numeric", (), {}, 0.0, 10.0, effect, 100, 1.0, state, 1000, importance, 0.0, "", "")


def test_features_are_ranked_by_effect_times_importance() -> None:
    assert feature("x", State.OK, effect=0.2, importance=3.0).impact == pytest.approx(0.6)


def test_a_side_counts_the_features_in_state_drift_alone() -> None:
    features = tuple(feature(f"x{at}", state) for at, state in enumerate([*State, State.DRIFT]))

    assert SideView(Side.INPUT, 9, 9, "", "file", 0, features, None, None).drifted == 2


def test_a_segment_names_the_features_in_state_drift_alone() -> None:
    features = tuple(SegmentFeature(state.value, state, 0.0, 10.0, 0.1, 50) for state in State)

    assert SegmentView("acme", True, Side.INPUT, "whole", 9, features).drifted == ("drift",)
