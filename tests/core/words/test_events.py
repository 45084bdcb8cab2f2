"""What an event says beyond the figures that it was made of."""

from __future__ import annotations

import msgspec
import pytest

from sidecar.core.words import events, rules
from sidecar.core.words.events import Event, FeatureReport, State
from sidecar.core.words.frame import Side

REPORT = FeatureReport(Side.INPUT, "age", State.DRIFT, {}, 12.0, 10.0, 0.4, 900, 1.0, ())
VALUES = ("Score", "NotEnough", "BinShift", "FeatureReport", "PairShift", "JointReport", "RuleReport")
"""What events are made of, and no events themselves."""


@pytest.mark.parametrize(("importance", "impact"), [(1.0, 0.4), (2.5, 1.0), (0.0, 0.0)])
def test_features_are_ranked_by_effect_times_importance(importance: float, impact: float) -> None:
    assert msgspec.structs.replace(REPORT, importance=importance).impact == pytest.approx(impact)


def test_every_kind_of_event_is_one_that_sinks_are_told_of() -> None:
    structs = {
        name
        for module in (events, rules)
        for name, kind in vars(module).items()
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind.__module__ == module.__name__
    }

    assert structs - set(VALUES) == {kind.__name__ for kind in Event.__args__}


def test_an_event_cannot_be_changed_by_the_sinks_that_share_it() -> None:
    with pytest.raises(AttributeError):
        REPORT.state = State.OK  # type: ignore[misc]  # what is tried here
