"""A message that cannot be read as a whole is watched as far as it can be, and what is lost is counted where it belongs."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from harness.profiles import profile_of, recounted_frames
from harness.wire import exchange
from sidecar.core.reading.decoders import decoders
from sidecar.core.reading.intake import COMPLAINT_SECONDS
from sidecar.core.reference.profile import Profile
from sidecar.core.watching.monitor import Monitor
from sidecar.core.words.events import DecodeFailed
from sidecar.core.words.frame import Frame, Side
from sidecar.settings import LearnSettings, Settings

PATH, ANSWER = "/v1/models/m:predict", b'{"predictions": [1]}'
NOTES = [f"note number {at} which is somewhat longer than a name" for at in range(300)]


@pytest.fixture(scope="module")
def reference() -> Profile:
    rng = np.random.default_rng(1)
    return profile_of(
        {"age": rng.normal(40, 10, 300).tolist(), "city": rng.choice(["Ulm", "Bonn"], 300).tolist(), "note": NOTES}
    )


def watching(reference: Profile) -> Monitor:
    settings = Settings()
    return Monitor(settings, reference, decoders(settings.decode), 0.0)


def rows_of(monitor: Monitor, side: Side) -> int:
    return next(view.rows_total for view in monitor.view().sides if view.side is side)


def missing(monitor: Monitor, side: Side) -> dict[str, int]:
    """Rows that lack each feature, once all that waits is judged."""
    monitor.finish(1000.0)
    live = monitor.live_profile(side)
    assert live
    assert set(live.rows.tolist()) == {rows_of(monitor, side)}
    return {one.name: int(counts[one.missing]) for one, counts in zip(live.features, live.counts, strict=True)}


def ask(monitor: Monitor, rows: Any, now: float = 1.0, answer: bytes = ANSWER) -> list[Any]:
    return monitor.feed(exchange(PATH, json.dumps({"instances": rows}).encode(), answer), now)


def test_one_nested_value_costs_its_cell_and_is_a_type_violation_of_its_feature(reference: Profile) -> None:
    monitor = watching(reference)

    ask(monitor, [{"age": 31, "city": [{"x": 1}], "note": "a"}, {"age": {}, "city": "Ulm", "note": "b"}])

    assert rows_of(monitor, Side.INPUT) == 2
    assert monitor.view().violations == {("city", "type"): 1, ("age", "type"): 1}
    assert monitor.view().decoded["v1_json", "partial"] == 1
    assert (missing(monitor, Side.INPUT)["age"], missing(monitor, Side.INPUT)["city"]) == (1, 1)


def test_a_lost_cell_of_a_text_is_a_violation_of_every_feature_that_is_derived_from_it(reference: Profile) -> None:
    monitor = watching(reference)

    ask(monitor, [{"age": 31, "city": "Ulm", "note": []}, {"age": 47, "city": "Ulm", "note": "b"}])

    derived = {one.name for one in reference.sides[Side.INPUT].features if one.derived}
    assert derived
    assert monitor.view().violations == {(name, "type"): 1 for name in derived}


def test_an_object_in_the_place_of_a_feature_is_of_the_wrong_type_and_not_missing(reference: Profile) -> None:
    monitor = watching(reference)

    ask(monitor, [{"age": {"value": 31, "unit": "years"}, "city": "Ulm", "note": "a"}])

    assert monitor.view().violations == {("age", "type"): 1, ("*", "extra_feature"): 1}


def test_rows_of_another_kind_cost_themselves_and_are_counted_as_shape(reference: Profile) -> None:
    monitor = watching(reference)

    ask(monitor, [{"age": 31, "city": "Ulm", "note": "a"}, [1], None, "x", {"age": 47, "city": "Ulm", "note": "b"}])

    assert rows_of(monitor, Side.INPUT) == 2
    assert monitor.view().violations == {("*", "shape"): 3}


def test_an_unreadable_cell_without_a_name_is_its_feature_s_by_position(reference: Profile) -> None:
    monitor = watching(reference)

    ask(monitor, [[31, {"secret": 1}, "a"], [47, "Ulm", "b"]])

    assert monitor.view().violations == {("city", "type"): 1}


def test_the_complaint_names_key_and_row_once_a_minute_and_never_the_value(reference: Profile) -> None:
    monitor = watching(reference)
    bad = [{"age": 31, "city": "Ulm", "note": "a"}, {"age": [{"x": "hunter2"}], "city": "Ulm", "note": "b"}]

    told = [event for now in (1.0, 2.0, 3.0, 1.0 + COMPLAINT_SECONDS) for event in ask(monitor, bad, now)]

    failures = [event for event in told if isinstance(event, DecodeFailed)]
    assert [(one.reason, one.since_last) for one in failures] == [("partial", 0), ("partial", 2)]
    assert "'age' of row 1" in failures[0].detail
    assert "hunter2" not in failures[0].detail


def answered(names: tuple[str, ...] | None, width: int) -> Profile:
    rng = np.random.default_rng(2)
    values = rng.dirichlet([1.0] * width, 300).ravel().tolist() if width > 1 else rng.normal(0, 1, 300).tolist()
    return recounted_frames([Frame(Side.OUTPUT, names, 300, width, values)])


@pytest.mark.parametrize(
    ("names", "width", "answer"),
    [
        (("score",), 1, b'{"predictions": [0.5]}'),
        (("score",), 1, b'{"predictions": [{"probability of default": 0.5}]}'),
        (("no", "yes"), 2, b'{"predictions": [[0.25, 0.75]]}'),
        (("no", "yes"), 2, b'{"probabilities": [0.25, 0.75]}'),
        (("no", "yes"), 2, b'{"predictions": [{"no": 0.25, "yes": 0.75}]}'),
        (None, 2, b'{"predictions": [[0.25, 0.75]]}'),
    ],
)
def test_outputs_under_other_names_are_the_reference_s_by_position(
    names: tuple[str, ...] | None, width: int, answer: bytes
) -> None:
    monitor = watching(answered(names, width))

    ask(monitor, [[1, 2]], answer=answer)

    assert rows_of(monitor, Side.OUTPUT) == 1
    assert set(missing(monitor, Side.OUTPUT).values()) == {0}
    assert monitor.view().violations == {}


def test_an_input_under_another_name_is_another_input() -> None:
    monitor = watching(profile_of({"age": [float(at) for at in range(300)]}))

    ask(monitor, [{"weight": 31}])

    assert monitor.view().violations == {("age", "missing_feature"): 1, ("*", "extra_feature"): 1}


@pytest.mark.parametrize(
    ("answer", "names"),
    [
        ({"predictions": [[0.1, 0.9], [0.3, 0.7]]}, ("prediction[0]", "prediction[1]")),
        ({"predictions": [{"no": 0.1, "yes": 0.9}, {"no": 0.3, "yes": 0.7}]}, ("no", "yes")),
        ({"probabilities": [[0.1, 0.9], [0.3, 0.7]]}, ("prediction[0]", "prediction[1]")),
    ],
)
def test_learned_outputs_are_classes_and_not_rows(answer: Any, names: tuple[str, ...]) -> None:
    settings = Settings(learn=LearnSettings(rows=200))
    monitor = Monitor(settings, None, decoders(settings.decode), 0.0)

    for at in range(100):
        ask(monitor, [[1, 2], [3, 4]], at / 10, json.dumps(answer).encode())

    view = next(view for view in monitor.view().sides if view.side is Side.OUTPUT)
    assert view.rows_total == 200
    assert {one.feature for one in view.features} == {
        *names,
        "prediction.class",
        "prediction.top",
        "prediction.entropy",
    }
