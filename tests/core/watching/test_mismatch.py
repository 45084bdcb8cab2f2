"""A reference that does not describe what comes is a verdict: each kind of it, and what only looks like it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pytest

from harness.profiles import recounted_frames
from harness.wire import exchange
from sidecar.core.binning.bins import Kind
from sidecar.core.reading.decoders import decoders
from sidecar.core.reference.profile import Profile
from sidecar.core.watching.monitor import Monitor
from sidecar.core.words.events import Event, State, VerdictChanged
from sidecar.core.words.frame import Frame, Side
from sidecar.core.words.view import FeatureView, SideView
from sidecar.settings import LearnSettings, SegmentSettings, Settings

pytestmark = pytest.mark.slow  # hundreds of messages for each kind of mismatch

Row = dict[str, Any]
Rng = np.random.Generator
SETTINGS = Settings(learn=LearnSettings(rows=200))
PATH = "/v1/models/m:predict"
COUNTRIES, CODES = ("nl", "de", "fr"), ("01", "02", "13")


def row(rng: Rng) -> Row:
    at = int(rng.integers(0, 10**7))
    return {
        "age": round(float(rng.normal(40, 10)), 3),
        "country": str(rng.choice(COUNTRIES)),
        "code": str(rng.choice(CODES)),
        "member": bool(rng.integers(0, 2)),
        "when": f"2026-03-{at % 28 + 1:02}T{at % 24:02}:{at % 60:02}:00",
        "note": None if at % 10 else "seldom",
    }


def reference_of(rows: list[Row], outputs: list[float] | None = None, **kinds: Kind) -> Profile:
    names = tuple(rows[0])
    values = [one[name] for one in rows for name in names]
    frames = [Frame(Side.INPUT, names, len(rows), len(names), values)]
    if outputs:
        frames.append(Frame(Side.OUTPUT, ("prediction",), len(outputs), 1, outputs))
    return recounted_frames(frames, kinds)


@pytest.fixture(scope="module")
def reference() -> Profile:
    rng = np.random.default_rng(1)
    return reference_of([row(rng) for _ in range(3_000)], rng.normal(size=3_000).tolist())


class Player:
    """One request a second, each of so many rows."""

    def __init__(self, reference: Profile | None, settings: Settings = SETTINGS, step: float = 1.0) -> None:
        self.monitor = Monitor(settings, reference, decoders(settings.decode), 0.0)
        self.rng = np.random.default_rng(2)
        self.now, self.step = 0.0, step
        self.events: list[Event] = []

    def play(self, requests: int, change: Callable[[Row], Any] = lambda one: one, rows: int = 1, **how: Any) -> Player:
        for _ in range(requests):
            self.ask([change(row(self.rng)) for _ in range(rows)], **how)
        return self

    def ask(self, instances: list[Any], path: str = PATH, status: int = 200, answer: Any = None) -> None:
        said = [round(float(self.rng.normal()), 4) for _ in instances] if answer is None else answer
        body = instances[0] if isinstance(instances[0], bytes) else json.dumps({"instances": instances}).encode()
        self.now += self.step
        one = exchange(path, body, json.dumps({"predictions": said}).encode())
        self.events += self.monitor.feed(msgspec.structs.replace(one, status=status), self.now)
        self.events += self.monitor.tick(self.now) + self.monitor.tick(self.now + self.step / 2)

    def side(self, side: Side = Side.INPUT) -> SideView:
        return next(one for one in self.monitor.view().sides if one.side is side)

    def feature(self, name: str) -> FeatureView:
        return next(one for one in self.side().features if one.feature == name)

    def told(self, feature: str, side: Side = Side.INPUT) -> list[State]:
        found = [event.report for event in self.events if isinstance(event, VerdictChanged)]
        return [one.state for one in found if (one.feature, one.side, one.segment) == (feature, side, "")]


def without(name: str) -> Callable[[Row], Row]:
    return lambda one: {key: value for key, value in one.items() if key != name}


def adding(more: Row) -> Callable[[Row], Row]:
    return lambda one: {**one, **more}


def having(name: str, of: Callable[[Any], Any]) -> Callable[[Row], Row]:
    return lambda one: {**one, name: of(one[name])}


EACH: dict[str, tuple[str, Callable[[Row], Row], str, str]] = {
    "a number that is a text": (
        "age",
        having("age", lambda old: "old"),
        "type",
        "texts come where numbers are expected",
    ),
    "a number of another locale": (
        "age",
        having("age", lambda old: str(old).replace(".", ",")),
        "type",
        "numbers are written in another locale",
    ),
    "a number with a unit": ("age", having("age", lambda old: f"{old} years"), "type", "numbers come with a unit"),
    "a number in an object": (
        "age",
        having("age", lambda old: {"years": old}),
        "type",
        "objects or lists come where single values are expected",
    ),
    "a number that is not sent": ("age", without("age"), "missing_feature", "the column is not sent"),
    "a category in capitals": ("country", having("country", str.upper), "unseen", "values differ in case"),
    "a category with blanks": (
        "country",
        having("country", " {} ".format),
        "unseen",
        "values differ in blanks around them",
    ),
    "a category that never was": (
        "country",
        having("country", lambda _: "atlantis"),
        "unseen",
        "no value is one that the reference has",
    ),
    "a category that is not sent": ("country", without("country"), "missing_feature", "the column is not sent"),
    "a code without its zeros": (
        "code",
        having("code", lambda old: "0" + old if old == "13" else old.lstrip("0")),
        "unseen",
        "values differ in leading zeros",
    ),
    "a boolean in words": (
        "member",
        having("member", lambda old: "yes" if old else "no"),
        "unseen",
        "booleans are written in other words",
    ),
    "a boolean that is not sent": ("member", without("member"), "missing_feature", "the column is not sent"),
    "a time in words": (
        "when.hour",
        having("when", lambda _: "the other day"),
        "type",
        "times are written in another way",
    ),
    "a time that is not sent": ("when.hour", without("when"), "missing_feature", "the column is not sent"),
}


@pytest.mark.parametrize("case", EACH)
def test_a_feature_that_is_not_described_is_told_within_a_window_and_explained(case: str, reference: Profile) -> None:
    name, change, kind, explanation = EACH[case]
    player = Player(reference).play(65, change)

    assert player.told(name) == [State.MISMATCH]
    found = player.feature(name)
    assert (found.state, found.criterion) == (State.MISMATCH, kind)
    assert found.mismatch is not None
    assert found.mismatch.explanation == explanation
    assert found.reason.endswith(explanation)
    well = {one.feature for one in player.side().features if one.state is not State.MISMATCH}
    assert well >= {"age", "country", "code", "member"} - {name}
    assert player.told("*") == []


@pytest.mark.parametrize("case", EACH)
@pytest.mark.parametrize("rows", [1, 40])
def test_a_mismatch_that_begins_later_wins_over_drift_and_ends_with_it(
    case: str, rows: int, reference: Profile
) -> None:
    name, change, _, _ = EACH[case]
    player = Player(reference).play(300, rows=rows).play(130, change, rows).play(500, rows=rows)

    assert player.told(name) == [State.MISMATCH, State.OK]
    assert player.told("*") == []


WHOLE: dict[str, tuple[Callable[[Row], Any], str, str]] = {
    "names in another case": (
        lambda one: {name.upper(): value for name, value in one.items()},
        "missing_feature",
        "names differ in case",
    ),
    "a prefix": (
        lambda one: {f"input.{name}": value for name, value in one.items()},
        "missing_feature",
        "names have a prefix",
    ),
    "an object around them": (lambda one: {"input": one}, "missing_feature", "names have a prefix"),
    "names of another model": (
        lambda one: {"x": one["age"], "y": one["code"]},
        "missing_feature",
        "few columns are known: perhaps the reference of another model",
    ),
    "fewer columns without names": (
        lambda one: [one["age"], one["age"]],
        "missing_feature",
        "columns without names come in another number",
    ),
    "no JSON": (lambda one: b"{age: 40}", "unread", "messages cannot be read"),
}


@pytest.mark.parametrize("case", WHOLE)
@pytest.mark.parametrize("step", [1.0, 0.01])
def test_a_whole_side_that_is_not_described_is_told_and_ends(case: str, step: float, reference: Profile) -> None:
    change, kind, explanation = WHOLE[case]
    player = Player(reference, step=step).play(130, change)

    assert player.told("*") == [State.MISMATCH]
    together = player.side().all_features
    assert together is not None
    assert together.state is State.MISMATCH
    described = player.feature("age").mismatch
    assert described is not None
    assert (described.kind, described.explanation) == (kind, explanation)
    assert sum(player.side().mismatched.values()) >= 4
    assert player.side().mismatched.keys() == {explanation}

    player.play(600)
    for name in ("*", "age"):
        assert [one is State.MISMATCH for one in player.told(name)] == [True, False]
    assert {one.state for one in player.side().features} == {State.OK}
    assert player.side().mismatched == {}


def test_columns_without_names_in_another_order_are_told(reference: Profile) -> None:
    player = Player(reference).play(130, lambda one: [one["country"], one["age"], *list(one.values())[2:]])

    assert player.side().mismatched == {"columns come in another order": 2}


def test_answers_that_cannot_be_read_are_a_mismatch_of_the_output_alone(reference: Profile) -> None:
    player = Player(reference)
    for _ in range(130):
        player.ask([row(player.rng)], answer={"nothing": {}})

    assert player.told("prediction", Side.OUTPUT) == [State.MISMATCH]
    assert player.told("age") == []


def test_outputs_of_another_type_are_told(reference: Profile) -> None:
    player = Player(reference)
    for _ in range(130):
        player.ask([row(player.rng)], answer=["approved"])

    assert player.told("prediction", Side.OUTPUT) == [State.MISMATCH]


@pytest.mark.parametrize("body", [b"\x00\x01", b"{", b'{"user": "x", "text": "hello there"}'])
@pytest.mark.parametrize("path", [PATH, "/score", "/infer.bin"])
def test_a_reference_that_waits_for_rows_which_never_come_says_so(body: bytes, path: str, reference: Profile) -> None:
    player = Player(reference)
    for _ in range(130):
        player.ask([body], path=path, answer={})

    assert player.told("*") == [State.MISMATCH]
    assert player.feature("age").criterion == "unread"


def test_streams_of_other_models_do_not_hide_it(reference: Profile) -> None:
    settings = msgspec.structs.replace(SETTINGS, model=msgspec.structs.replace(SETTINGS.model, name="m"))
    player = Player(reference, settings)
    for _ in range(130):
        player.play(1, lambda one: {name.upper(): value for name, value in one.items()})
        player.ask([{"x": 1.0, "y": 2.0}], path="/v1/models/other:predict")

    assert player.told("*") == [State.MISMATCH]
    assert [one.mismatched for one in player.monitor.view().streams[1].sides] == [{}, {}]


def test_a_mismatch_holds_in_every_segment_and_ends_there_too(reference: Profile) -> None:
    settings = msgspec.structs.replace(SETTINGS, segments=SegmentSettings(by="feature:country"))
    player = Player(reference, settings).play(300, rows=8).play(130, having("code", lambda _: "x"), 8)
    segments = [one for one in player.monitor.view().segments if one.side is Side.INPUT and one.rows_total]

    assert player.told("code") == [State.MISMATCH]
    states = {feature.state for one in segments for feature in one.features if feature.feature == "code"}
    assert states == {State.MISMATCH}

    player.play(500, rows=8)
    segments = [one for one in player.monitor.view().segments if one.side is Side.INPUT and one.rows_total]
    states = {feature.state for one in segments for feature in one.features if feature.feature == "code"}
    assert states <= {State.OK, State.INSUFFICIENT}


def test_a_segment_whose_values_are_all_unseen_is_in_mismatch_by_itself(reference: Profile) -> None:
    def change(one: Row) -> Row:
        return {**one, "code": "x"} if one["country"] == "nl" else one

    settings = msgspec.structs.replace(SETTINGS, segments=SegmentSettings(by="feature:country"))
    player = Player(reference, settings).play(150, change, 8)
    found = {
        one.segment: feature.state
        for one in player.monitor.view().segments
        if one.side is Side.INPUT and one.rows_total
        for feature in one.features
        if feature.feature == "code"
    }

    assert found == {"nl": State.MISMATCH, "de": State.OK, "fr": State.OK}


QUIET: dict[str, Callable[[Row], Any]] = {
    "nothing changed": lambda one: one,
    "numbers that are quoted": having("age", str),
    "numbers with a blank": having("age", " {}".format),
    "booleans that are quoted": having("member", lambda old: str(old).lower()),
    "booleans as numbers": having("member", int),
    "codes that are quoted as they were": having("code", str),
    "an optional feature that is absent": without("note"),
    "further columns": lambda one: {**one, "extra": 1, "AGE": 3},
    "another order of names": lambda one: dict(reversed(one.items())),
    "seconds that were not written": having("when", lambda old: old[:-3]),
}


@pytest.mark.parametrize("case", QUIET)
def test_what_the_reference_describes_stays_quiet(case: str, reference: Profile) -> None:
    player = Player(reference).play(400, QUIET[case])

    assert player.side().mismatched == {}
    assert all(State.MISMATCH not in player.told(one.feature) for one in player.side().features)


def test_empty_values_are_drift_by_their_rate_and_no_mismatch(reference: Profile) -> None:
    player = Player(reference).play(300).play(200, having("age", lambda _: None))

    assert State.DRIFT in player.told("age")
    assert State.MISMATCH not in player.told("age")


def test_a_few_bad_rows_among_good_ones_are_no_mismatch(reference: Profile) -> None:
    rng = np.random.default_rng(3)
    player = Player(reference).play(300)
    player.play(600, lambda one: {**one, "country": "x"} if rng.random() < 0.7 else one)

    assert player.told("country")[-1] is State.DRIFT
    assert State.MISMATCH not in player.told("country")


def test_drift_is_told_where_bad_rows_end_before_they_are_a_mismatch(reference: Profile) -> None:
    player = Player(reference).play(300).play(8, without("age")).play(30)

    assert State.DRIFT in player.told("age") or State.WARNING in player.told("age")
    assert State.MISMATCH not in player.told("age")


def test_one_large_message_without_an_optional_column_is_no_mismatch() -> None:
    rng = np.random.default_rng(4)
    rows = [{**row(rng), "coupon": "spring" if at % 5 else None} for at in range(3_000)]
    player = Player(reference_of(rows))
    coupons = itertools.cycle([{}, *[{"coupon": "spring"}] * 4])
    for coupon in itertools.islice(coupons, 60):
        player.play(1, adding(coupon), 200)

    assert State.MISMATCH not in player.told("coupon")


def test_messages_that_are_few_and_large_are_told_when_they_are_enough(reference: Profile) -> None:
    player = Player(reference, step=3_600.0).play(2, having("country", str.upper), 500)
    assert State.MISMATCH not in player.told("country")

    assert player.play(3, having("country", str.upper), 500).told("country")[-1] is State.MISMATCH


@pytest.mark.parametrize("status", [422, 500])
def test_refused_requests_do_not_count(status: int, reference: Profile) -> None:
    player = Player(reference).play(
        200, lambda one: {name.upper(): value for name, value in one.items()}, status=status
    )
    player.play(200, lambda one: b"{age: 40}", status=status)

    assert [event for event in player.events if isinstance(event, VerdictChanged)] == []


def test_a_stream_that_learns_is_in_no_mismatch() -> None:
    player = Player(None).play(130, lambda one: b"{age: 40}").play(150)

    assert [event for event in player.events if isinstance(event, VerdictChanged)] == []
    assert player.side().source == "learning"


def test_fewer_than_twenty_rows_are_no_mismatch_and_the_twentieth_tells_it(reference: Profile) -> None:
    player = Player(reference, step=300.0).play(19, having("country", str.upper))
    assert player.feature("country").state is State.INSUFFICIENT

    assert player.play(1, having("country", str.upper)).told("country") == [State.MISMATCH]


def test_a_feature_that_the_reference_mostly_lacks_may_be_absent_for_ever() -> None:
    rng = np.random.default_rng(5)
    player = Player(reference_of([row(rng) for _ in range(3_000)])).play(2_000, without("note"))

    assert State.MISMATCH not in player.told("note")
    assert player.play(200, lambda one: {"X": 1}).told("*") == [State.MISMATCH]
