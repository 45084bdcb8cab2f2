"""Several models and endpoints behind one port, and requests that are refused: each stream is watched for itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

import msgspec
import numpy as np
import pytest

from sidecar.core.reference.profile import Profile
from sidecar.core.words.events import (
    ExchangeSeen,
    ReferenceLearned,
    ReferenceMismatch,
    State,
    StreamBegan,
    StreamsFull,
    VerdictChanged,
    WindowClosed,
)
from sidecar.core.words.exchange import Outcome
from sidecar.core.words.frame import Side
from sidecar.core.words.stream import Answered
from sidecar.settings import DecodeSettings, ModelSettings, RouteSettings, StreamSettings
from tests.core.watching.stream_player import SETTINGS, Make, Player, endpoint, exchange, profile_of, v1, v2

pytestmark = pytest.mark.slow  # streams of thousands of rows


class Case(NamedTuple):
    """Streams by the names that they have in a reference."""

    name: str
    makes: dict[str, Make]
    requests: int = 600
    """With the first shares, and as many with the others; each stream learns from 1,000 rows."""


TWO_MODELS = Case("two V2 models", {"iris": v2("iris", 0.0), "wine": v2("wine", 5.0)})
CASES = [
    TWO_MODELS,
    Case("two V1 models", {"iris": v1("iris", 0.0), "wine": v1("wine", 5.0)}),
    Case(
        "two models behind a prefix",
        {
            "iris": v2("iris", 0.0, path="/serving/prod/v2/models/{}/infer"),
            "wine": v2("wine", 5.0, path="/serving/prod/v2/models/{}/infer"),
        },
    ),
    Case(
        "three endpoints",
        {
            "/score": endpoint("/score", 0.0, "age", "income"),
            "/rank": endpoint("/rank", 5.0, "age", "income", "tenure"),
            "/price": endpoint("/price", -5.0, "age"),
        },
        3_600,
    ),
    Case(
        "three endpoints of one shape",
        {
            "/a": endpoint("/a", 0.0, "x", "y"),
            "/b": endpoint("/b", 5.0, "x", "y"),
            "/c": endpoint("/c", -5.0, "x", "y"),
        },
        3_600,
    ),
    Case(
        "models of TorchServe",
        {"iris": v1("iris", 0.0, "/predictions/{}"), "wine": v1("wine", 5.0, "/predictions/{}/2.0")},
    ),
    Case(
        "models of SageMaker by header",
        {
            name: v1("", at, "/invocations", headers=f"X-Amzn-SageMaker-Target-Model: {name}\r\n")
            for name, at in (("iris.tar.gz", 0.0), ("wine.tar.gz", 5.0))
        },
    ),
    Case(
        "models of SageMaker by path",
        {"iris": v1("iris", 0.0, "/models/{}/invoke"), "wine": v1("wine", 5.0, "/models/{}/invoke")},
    ),
]


def shares(makes: Iterable[Make], first: float) -> list[tuple[Make, float]]:
    """The first with its share, the others share the rest."""
    made = list(makes)
    return [(make, first if at == 0 else (1 - first) / (len(made) - 1)) for at, make in enumerate(made)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.parametrize("given", ["learned", "one stream", "all streams"])
def test_streams_whose_shares_change_do_not_drift(case: Case, given: str) -> None:
    makes = case.makes
    references: dict[str, Profile | None] = {
        "learned": None,
        "one stream": replace(profile_of(next(iter(makes.values()))), name=next(iter(makes)).removeprefix("/")),
        "all streams": Profile(streams={name: profile_of(make) for name, make in makes.items()}),
    }
    player = Player(references[given]).play(case.requests, *shares(makes.values(), 1 / len(makes)))

    player.play(case.requests, *shares(makes.values(), 0.9))
    player.events += player.monitor.finish(player.now)

    assert player.verdicts() == []
    streams = player.streams()
    assert len(streams) == len(makes)
    for stream in streams.values():
        assert stream.sides[0].source in ("file", "learned")
        assert {feature.state for side in stream.sides for feature in side.features} == {State.OK}


@pytest.mark.parametrize("given", ["learned", "file"])
def test_refused_requests_with_other_inputs_do_not_drift(given: str) -> None:
    accepted = endpoint("/predict", 0.0, "age", "income")
    refused = endpoint("/predict", 9.0, "age", "income", status=422)
    player = Player(profile_of(accepted) if given == "file" else None).play(2_000, (accepted, 1.0))

    player.play(3_000, (accepted, 0.7), (refused, 0.3))

    assert player.verdicts() == []
    (stream,) = player.streams().values()
    rows = stream.rows()
    assert rows[Side.INPUT, Answered.REFUSED] + rows[Side.INPUT, Answered.ACCEPTED] == 5_000
    assert 700 < rows[Side.INPUT, Answered.REFUSED] < 1_100
    assert rows[Side.OUTPUT, Answered.ACCEPTED] == rows[Side.INPUT, Answered.ACCEPTED]
    live = sum(one.live_total for one in stream.sides[0].features[0].bins)
    assert (
        live + stream.sides[0].learned_rows + (1_000 if given == "learned" else 0)
        == rows[Side.INPUT, Answered.ACCEPTED]
    )


@pytest.mark.parametrize("status", [301, 307, 400, 401, 403, 413, 422, 429, 500, 503])
def test_no_request_is_learned_that_was_not_accepted(status: int) -> None:
    refused = endpoint("/predict", 9.0, "age", "income", status=status)
    player = Player().play(500, (refused, 1.0)).play(1_200, (endpoint("/predict", 0.0, "age", "income"), 1.0))

    (learned,) = (event for event in player.told(ReferenceLearned) if event.side is Side.INPUT)
    assert learned.rows == 1_000
    assert player.monitor.reference is not None
    moments = player.monitor.reference.sides[Side.INPUT].moments
    assert moments.high.max() < 6
    assert player.monitor.view().unwatched.exchanges == {"refused": 500}
    assert player.monitor.view().unwatched.rows == {(Side.INPUT, Answered.REFUSED): 500}


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (0, Outcome.UPSTREAM_GONE),
        (0, Outcome.CLIENT_GONE),
        (503, Outcome.UPSTREAM_REFUSED),
        (200, Outcome.UPSTREAM_GONE),
        (200, Outcome.CLIENT_GONE),
        (0, Outcome.OPAQUE),
    ],
)
def test_a_request_without_a_whole_answer_is_counted_apart_and_is_no_failure_to_decode(
    status: int, outcome: Outcome
) -> None:
    accepted = endpoint("/predict", 0.0, "age", "income")
    gone = endpoint("/predict", 9.0, "age", "income", status=status, outcome=outcome)
    player = Player().play(1_200, (accepted, 1.0)).play(300, (gone, 1.0))

    (stream,) = player.streams().values()
    assert stream.rows()[Side.INPUT, Answered.UNANSWERED] == 300
    assert stream.sides[0].rows_total == 1_200
    assert {result for _, result in player.monitor.view().decoded} == {"ok"}
    assert player.verdicts() == []


def test_a_request_that_broke_off_in_its_middle_is_no_failure_to_decode() -> None:
    half = exchange("/predict", b'{"age": 3', None, status=0, outcome=Outcome.CLIENT_GONE)
    cut = msgspec.structs.replace(half, request=msgspec.structs.replace(half.request, truncated=True))
    player = Player().feed(half, cut)

    assert player.monitor.view().decoded == {("generic_json", "unanswered"): 2}
    assert {type(event) for event in player.events} == {ExchangeSeen}


def test_which_answers_count_is_a_setting() -> None:
    decode = DecodeSettings(statuses=("200-204", "422"))
    player = Player(settings=msgspec.structs.replace(SETTINGS, decode=decode))
    for status in (200, 204, 205, 299, 422, 423):
        player.feed(endpoint("/predict", 0.0, "age", status=status)(player.rng))

    assert player.monitor.view().primary.rows() == {
        (Side.INPUT, Answered.ACCEPTED): 3,
        (Side.INPUT, Answered.REFUSED): 3,
        (Side.OUTPUT, Answered.ACCEPTED): 3,
    }


def test_a_stream_that_drifts_is_named_and_the_others_are_well() -> None:
    iris, wine = TWO_MODELS.makes.values()
    player = Player().play(3_000, (iris, 0.5), (wine, 0.5))

    player.play(2_000, (iris, 0.5), (v2("wine", 7.0), 0.5))

    drifting = {stream for stream, _, state in player.verdicts() if state is State.DRIFT}
    assert len(drifting) == 1
    streams = player.monitor.view().streams
    assert [{side.drifted > 0 for side in one.sides} for one in streams if one.model == "iris"] == [{False}]
    assert [{side.drifted > 0 for side in one.sides} for one in streams if one.model == "wine"] == [{True}]
    assert {event.stream for event in player.told(WindowClosed)} == {one.stream for one in streams}


def test_with_one_stream_nothing_bears_its_name() -> None:
    player = Player().play(3_000, (v2("iris", 0.0), 1.0)).play(1_000, (v2("iris", 3.0), 1.0))
    player.events += player.monitor.finish(player.now)

    (stream,) = player.monitor.view().streams
    assert (stream.stream, stream.model_name, stream.model) == ("", "model", "iris")
    assert {getattr(event, "stream", "") for event in player.events} == {""}
    assert player.told(StreamBegan) == []
    assert player.told(VerdictChanged)


def test_the_stream_of_the_models_name_is_the_primary_one_whenever_it_comes() -> None:
    settings = msgspec.structs.replace(SETTINGS, model=ModelSettings(name="iris"))
    iris, wine = TWO_MODELS.makes.values()
    player = (
        Player(profile_of(iris), settings).feed(wine(np.random.default_rng(2))).play(2_000, (iris, 0.5), (wine, 0.5))
    )

    primary, other = player.monitor.view().streams
    assert (primary.model_name, primary.model, primary.sides[0].source) == ("iris", "iris", "file")
    assert (other.model_name, other.model, other.sides[0].source) == ("wine", "wine", "learned")
    assert player.verdicts() == []


def test_a_reference_of_one_stream_is_for_the_stream_that_it_fits() -> None:
    makes = {
        "/a": endpoint("/a", 5.0, "x"),
        "/b": endpoint("/b", 0.0, "x", "y"),
        "/c": endpoint("/c", 2.0, "x", "y", "z"),
    }
    for order in (("/a", "/b", "/c"), ("/c", "/a", "/b"), ("/b", "/c", "/a")):
        player = Player(profile_of(makes["/b"]))
        for path in order:
            player.feed(makes[path](player.rng))
        player.play(3_000, *[(make, 1 / 3) for make in makes.values()])
        assert player.monitor.view().primary.endpoint == "/b"
        assert player.monitor.view().primary.model_name == "model"
        assert set(player.streams()) == {"model", "model/a", "model/c"}
        assert player.verdicts() == []


def test_a_reference_that_fits_nothing_says_so() -> None:
    player = Player(profile_of(endpoint("/a", 0.0, "p", "q"))).play(400, (endpoint("/b", 0.0, "x", "y"), 1.0))

    assert [event.side for event in player.told(ReferenceMismatch)] == [Side.INPUT]
    assert player.monitor.view().primary.violations["p", "missing_feature"] == 400


@pytest.mark.parametrize("primary", ["/b", "b", "model/b"])
def test_the_settings_may_name_the_primary_stream(primary: str) -> None:
    settings = msgspec.structs.replace(SETTINGS, streams=StreamSettings(primary=primary))
    player = Player(settings=settings).play(2_000, (endpoint("/a", 0.0, "x"), 1.0))
    assert [one.model_name for one in player.monitor.view().streams] == ["model", "model/a"]

    player.play(2_000, (endpoint("/b", 0.0, "x"), 1.0))

    assert [one.endpoint for one in player.monitor.view().streams] == ["/b", "/a"]


def test_of_streams_that_learn_the_first_that_has_learned_is_the_primary_one() -> None:
    player = Player().play(20, (endpoint("/survey-form", 0.0, "stars"), 1.0))
    player.play(2_000, (endpoint("/predict", 0.0, "x"), 1.0))

    assert [(one.model_name, one.endpoint) for one in player.monitor.view().streams] == [
        ("model", "/predict"),
        ("model/survey-form", "/survey-form"),
    ]


def test_versions_and_content_types_are_of_the_same_stream() -> None:
    table = b"x,y\n1.5,2.5\n3.5,4.5\n"
    answer = {"predictions": [1.0, 2.0]}
    player = Player()
    for version in ("", "/versions/1", "/versions/2"):
        player.feed(v2("iris", 0.0, path="/v2/models/{}" + version + "/infer")(player.rng))
    assert len(player.monitor.view().streams) == 1

    player.feed(
        exchange("/invocations", table, answer, kind="text/csv"),
        exchange("/invocations", {"dataframe_records": [{"x": 1.0, "y": 2.0}] * 2}, answer),
    )
    assert sorted(one.endpoint for one in player.monitor.view().streams) == ["/invocations", "/v2/models/{model}/infer"]


def test_paths_with_identifiers_are_one_stream() -> None:
    player = Player()
    ids = ["17", "0b5e0f2c-3c5b-4f0e-9c5e-5f1c7a3f2d10", "deadbeef01", "ann%40example.com", "01HV6Z3Y9M8Q2"]
    for one in ids:
        player.feed(endpoint(f"/customers/{one}/score", 0.0, "x")(player.rng))

    (stream,) = player.monitor.view().streams
    assert (stream.endpoint, stream.sides[0].rows_total) == ("/customers/{id}/score", len(ids))


def test_there_are_as_many_streams_as_the_settings_allow_and_more_are_counted() -> None:
    settings = msgspec.structs.replace(SETTINGS, streams=StreamSettings(max=3))
    player = Player(settings=settings)
    for name in ("one", "two", "three", "four", "five"):
        player.feed(endpoint(f"/{name}", 0.0, "x")(player.rng))
    player.feed()

    view = player.monitor.view()
    assert [one.endpoint for one in view.streams] == ["/one", "/two", "/three"]
    assert view.unwatched.exchanges == {"full": 2}
    assert view.unwatched.rows == {(side, Answered.ACCEPTED): 2 for side in Side}
    (full,) = player.told(StreamsFull)
    assert (full.most, full.exchanges) == (3, 1)


def test_names_that_no_accepted_answer_has_shown_make_no_stream() -> None:
    player = Player()
    for at in range(200):
        player.feed(msgspec.structs.replace(v2(f"made-up-{at}", 0.0)(player.rng), status=404))
    player.feed(v2("iris", 0.0)(player.rng))

    (stream,) = player.monitor.view().streams
    assert stream.model == "iris"
    assert player.monitor.view().unwatched.exchanges == {"refused": 200}


def test_each_route_has_its_own_pointers_and_names() -> None:
    routes = {
        "/rank/{tenant}": RouteSettings(
            rows_pointer="/query/rows", predictions_pointer="/ranks", feature_names=("a", "b")
        ),
        "/price": RouteSettings(rows_pointer="/item", model="pricing"),
    }
    settings = msgspec.structs.replace(SETTINGS, decode=DecodeSettings(routes=routes))
    player = Player(settings=settings)
    for tenant in ("acme", "globex"):
        player.feed(exchange(f"/rank/{tenant}", {"query": {"rows": [[1.0, 2.0]] * 600}}, {"ranks": [1.0] * 600}))
    player.feed(*[exchange("/price", {"item": {"size": 1.0}, "noise": [1]}, {"price": 2.0})] * 1_100)

    streams = {one.endpoint: one for one in player.monitor.view().streams}
    assert set(streams) == {"/rank/{tenant}", "/price"}
    assert [one.feature for one in streams["/rank/{tenant}"].sides[0].features] == ["a", "b"]
    assert [one.feature for one in streams["/price"].sides[0].features] == ["size"]
    assert streams["/price"].model == "pricing"


def test_the_budget_is_shared_by_all_streams() -> None:
    iris, wine = TWO_MODELS.makes.values()
    player = Player().play(2_000, (iris, 1.0))
    alone = player.monitor.view().primary.sides[0].features[0].threshold

    player.play(2_000, (wine, 1.0))

    thresholds = {
        feature.threshold for one in player.monitor.view().streams for side in one.sides for feature in side.features
    }
    (shared,) = thresholds
    assert shared == pytest.approx(alone + np.log10(2))


def test_another_file_changes_the_streams_that_it_speaks_of() -> None:
    iris, wine = TWO_MODELS.makes.values()
    first = Profile(streams={"iris": profile_of(iris), "wine": profile_of(wine)})
    player = Player(first).play(400, (iris, 0.5), (wine, 0.5))
    assert player.monitor.switch(first, player.now) == []

    second = Profile(streams={"iris": first.streams["iris"], "wine": profile_of(wine, rows=2_000)})
    changed = player.monitor.switch(second, player.now)

    assert {getattr(event, "stream", "") for event in changed} == {"wine"}
    player.play(2_000, (iris, 0.5), (wine, 0.5))
    assert player.verdicts() == []


def test_what_was_learned_is_a_reference_for_the_same_streams() -> None:
    iris, wine = TWO_MODELS.makes.values()
    learned = Player().play(3_000, (iris, 0.5), (wine, 0.5)).monitor.reference
    assert learned is not None

    again = Player(learned).play(1_000, (wine, 1.0)).play(2_000, (iris, 0.5), (wine, 0.5))

    assert {side.source for one in again.monitor.view().streams for side in one.sides} == {"file"}
    assert again.verdicts() == []
