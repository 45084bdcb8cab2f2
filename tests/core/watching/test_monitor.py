"""The monitor as a machine: exchanges and time in, events and a view out."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.profiles import profile_of
from harness.wire import exchange
from sidecar.core.reading.decoder import Decoder
from sidecar.core.reading.decoders import decoders
from sidecar.core.reference.profile import Profile
from sidecar.core.watching.monitor import Monitor
from sidecar.core.words.events import (
    DecodeFailed,
    Event,
    ReferenceLearned,
    ReferenceMismatch,
    State,
    VerdictChanged,
    WindowClosed,
)
from sidecar.core.words.exchange import Exchange, Message, Outcome
from sidecar.core.words.frame import Frame, Side
from sidecar.core.words.view import FeatureView
from sidecar.settings import LearnSettings, Settings, StreamSettings, WindowSettings

SETTINGS = Settings(window=WindowSettings(rows=400, seconds=60.0, min_rows=100), learn=LearnSettings(rows=200))
COLOURS = ["red", "green", "blue"]


class Player:
    """Feeds rows to a monitor, eight a request, at a hundred requests a second."""

    def __init__(self, reference: Profile | None, settings: Settings = SETTINGS) -> None:
        self.monitor = Monitor(settings, reference, decoders(settings.decode), now=0.0)
        self.now = 0.0
        self.events: list[Event] = []
        self.rng = np.random.default_rng(9)

    def rows(self, count: int, shift: float = 0.0, **changes: Any) -> Player:
        for _ in range(count // 8):
            rows = [
                {"age": float(self.rng.normal(40 + shift, 10)), "colour": str(self.rng.choice(COLOURS)), **changes}
                for _ in range(8)
            ]
            self.feed(
                exchange("/v1/models/m:predict", json.dumps({"instances": rows}).encode(), b'{"predictions":[1]}')
            )
        self.now += 0.5
        self.events += self.monitor.tick(self.now)  # what waits is judged
        return self

    def feed(self, one: Exchange) -> None:
        self.now += 0.01
        self.events += self.monitor.feed(one, self.now)
        self.events += self.monitor.tick(self.now)

    def feature(self, name: str, side: Side = Side.INPUT) -> FeatureView:
        (of_side,) = (each for each in self.monitor.view().sides if each.side is side)
        (found,) = (feature for feature in of_side.features if feature.feature == name)
        return found

    def told(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    def verdicts(self, feature: str) -> list[State]:
        return [event.report.state for event in self.told(VerdictChanged) if event.report.feature == feature]


@pytest.fixture(scope="module")
def reference() -> Profile:
    rng = np.random.default_rng(1)
    return profile_of({"age": rng.normal(40, 10, 4_000).tolist(), "colour": rng.choice(COLOURS, 4_000).tolist()})


def test_quiet_rows_are_counted_and_nothing_is_said(reference: Profile) -> None:
    player = Player(reference).rows(4_000)

    assert player.told(VerdictChanged) == []
    assert player.feature("age").state is State.OK
    assert sum(one.live_total for one in player.feature("colour").bins) == 4_000
    assert len(player.told(WindowClosed)) == 10


def test_a_feature_drifts_and_recovers_and_its_neighbour_stays_quiet(reference: Profile) -> None:
    player = Player(reference).rows(800).rows(1_600, shift=15).rows(6_000)

    assert [state for state in player.verdicts("age") if state is not State.WARNING] == [State.DRIFT, State.OK]
    assert player.verdicts("colour") == []


def test_a_window_that_began_before_the_change_does_not_end_the_verdict(reference: Profile) -> None:
    settings = msgspec.structs.replace(SETTINGS, window=WindowSettings(rows=4_000, seconds=600.0, min_rows=100))
    player = Player(reference, settings).rows(3_600).rows(400, shift=15)

    assert len(player.told(WindowClosed)) == 1
    assert player.feature("age").state is State.DRIFT


def test_before_there_are_enough_rows_the_verdict_is_insufficient(reference: Profile) -> None:
    player = Player(reference).rows(80, shift=50)
    player.monitor.finish(player.now)

    assert player.feature("age").state is State.INSUFFICIENT


def test_without_a_reference_one_is_learned_and_said_to_be() -> None:
    player = Player(None)
    player.rows(160)
    learning = player.monitor.view().sides[0]
    player.rows(240)

    assert (learning.source, learning.learned_rows) == ("learning", 160)
    learned = [event for event in player.told(ReferenceLearned) if event.side is Side.INPUT]
    assert [event.rows for event in learned] == [200]
    assert player.monitor.view().sides[0].source == "learned"
    assert player.monitor.reference is not None


def test_a_stream_without_the_reference_s_features_is_told_once_a_minute(reference: Profile) -> None:
    player = Player(reference)
    for _ in range(50):
        player.feed(exchange("/v1/models/m:predict", b'{"instances":[{"other":1}]}'))

    assert len(player.told(ReferenceMismatch)) == 1
    assert player.feature("age").state is State.INSUFFICIENT


def test_an_unseen_category_has_its_bin_and_its_counter(reference: Profile) -> None:
    player = Player(reference).rows(400, colour="mauve")
    player.monitor.finish(player.now)

    unseen = [one for one in player.feature("colour").bins if one.range == "unseen"]
    assert [one.live_total for one in unseen] == [400]
    assert player.monitor.view().violations["colour", "unseen"] == 400


def test_a_number_that_is_text_is_a_type_violation(reference: Profile) -> None:
    player = Player(reference).rows(80, age="forty")
    player.monitor.finish(player.now)

    assert player.monitor.view().violations["age", "type"] == 80


def test_a_failure_to_decode_is_counted_each_time_and_told_once_a_minute(reference: Profile) -> None:
    player = Player(reference)
    for _ in range(100):
        player.feed(exchange("/v2/models/m/infer", b"{", b"{}"))

    assert player.monitor.view().decoded["v2_json", "syntax"] == 100
    assert len([one for one in player.told(DecodeFailed) if one.reason == "syntax"]) == 1


def test_a_truncated_body_is_counted_and_never_decoded(reference: Profile) -> None:
    player = Player(reference)
    one = exchange("/v1/models/m:predict", b"")
    player.feed(msgspec.structs.replace(one, request=Message(one.request.head, b"", 10**7, truncated=True)))

    assert player.monitor.view().decoded["v1_json", "truncated"] == 1


def test_the_answer_of_a_failed_request_is_not_read(reference: Profile) -> None:
    player = Player(reference)
    one = exchange("/v1/models/m:predict", b'{"instances":[{"age":1,"colour":"red"}]}', b'{"error":"no"}')
    player.feed(msgspec.structs.replace(one, status=500))

    assert player.monitor.view().decoded == {("v1_json", "ok"): 1}


def test_many_at_once_count_as_one_by_one(reference: Profile) -> None:
    bodies = [json.dumps({"instances": [{"age": at % 70, "colour": COLOURS[at % 3]}]}).encode() for at in range(500)]
    batch = [exchange("/v1/models/m:predict", body) for body in bodies]
    at_once, singly = (Monitor(SETTINGS, reference, decoders(SETTINGS.decode), 0.0) for _ in range(2))

    at_once.feed_many(batch, 1.0)
    for one in batch:
        singly.feed(one, 1.0)

    live = [each.live_profile(Side.INPUT) for each in (at_once, singly) if each.finish(2.0) is not None]
    assert live[0] is not None
    assert live[1] is not None
    assert live[0].counts.tolist() == live[1].counts.tolist()


@pytest.mark.parametrize(("result", "path", "body", "changes"), [
    ("analysed", "/v1/models/m:predict", b'{"instances":[{"age":1,"colour":"red"}]}', {}),
    ("refused", "/v1/models/m:predict", b'{"instances":[{"age":1,"colour":"red"}]}', {"status": 400}),
    ("refused", "/v1/models/m:predict", b"{", {"status": 400}),
    ("unread", "/v1/models/m:predict", b"{", {}),
    ("unread", "/other", b"hello", {}),
    ("empty", "/other", b"", {}),
    ("empty", "/v1/models/m:predict", b"", {}),
])  # fmt: skip
def test_what_became_of_each_exchange_is_counted_once(
    reference: Profile, result: str, path: str, body: bytes, changes: dict[str, Any]
) -> None:
    player = Player(reference)
    player.feed(msgspec.structs.replace(exchange(path, body, b""), **changes))

    assert player.monitor.results == {result: 1}


def test_an_exchange_of_a_stream_too_many_is_unwatched() -> None:
    monitor = Monitor(
        msgspec.structs.replace(SETTINGS, streams=StreamSettings(max=1)), None, decoders(SETTINGS.decode), 0.0
    )
    for name in "ab":
        monitor.feed(exchange(f"/v1/models/{name}:predict", b'{"instances":[{"age":1,"colour":"red"}]}'), 1.0)

    assert monitor.results == {"analysed": 1, "unwatched": 1}


@given(body=st.binary(max_size=80), answer=st.binary(max_size=80), status=st.integers(0, 999), path=st.sampled_from(
    ["/v2/models/m/infer", "/v1/models/m:predict", "/invocations", "/predict", "/other"]
), outcome=st.sampled_from(list(Outcome)))  # fmt: skip
def test_nothing_that_comes_over_the_wire_raises(
    reference: Profile, body: bytes, answer: bytes, status: int, path: str, outcome: Outcome
) -> None:
    one = msgspec.structs.replace(exchange(path, body, answer), status=status, outcome=outcome)
    monitor = Monitor(SETTINGS, reference, decoders(SETTINGS.decode), 0.0)

    monitor.feed(one, 1.0)
    monitor.tick(2.0)
    monitor.finish(3.0)
    monitor.view()


class Faulty:
    """The decoder of V1, but for two bodies: of one it raises what no decoder may, of the other it makes rows that are none."""

    def __init__(self, whole: Decoder) -> None:
        self._whole = whole

    def __getattr__(self, name: str) -> Any:
        return getattr(self._whole, name)

    def request(self, exchange: Exchange, payload: bytes) -> Frame:
        if b"raise" in payload:
            raise ZeroDivisionError("by nothing")
        frame = self._whole.request(exchange, payload)
        return msgspec.structs.replace(frame, values=7) if b"more" in payload else frame


@pytest.mark.parametrize("bad", ["raise", "more"])
def test_a_fault_costs_the_exchange_that_brings_it_about_and_no_other_of_its_batch(bad: str) -> None:
    faults: list[Exception] = []
    (v1,) = [one for one in decoders(SETTINGS.decode) if one.name == "v1_json"]
    reference = profile_of({"age": list(range(100)), "colour": COLOURS * 33 + ["red"]})
    faulty: Any = Faulty(v1)
    monitor = Monitor(SETTINGS, reference, (faulty,), 0.0, on_fault=faults.append)

    def asked(row: dict[str, Any]) -> Exchange:
        body = json.dumps({"instances": [row], "bad": row.get("bad", "")}).encode()
        return exchange("/v1/models/m:predict", body, b'{"predictions":[1]}')

    good = [asked({"age": 40.0, "colour": "red"}) for _ in range(9)]
    events = monitor.feed_many([*good[:5], asked({"age": 40.0, "colour": bad}), *good[5:]], 1.0)
    monitor.tick(2.0)

    assert len(events) >= 10
    assert (monitor.results, len(faults)) == ({"analysed": 9, "error": 1}, 1)
    assert faults[0].__notes__
    live = monitor.live_profile(Side.INPUT)
    assert live is not None
    assert live.rows[0] == 9
