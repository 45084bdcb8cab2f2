"""How good a claim a stream has to be the primary one."""

from __future__ import annotations

import msgspec
import pytest

from harness.profiles import profile_of
from sidecar.core.reading.intake import Reading
from sidecar.core.watching.primary import Claims, Rank, aliases
from sidecar.core.words.frame import Frame, Side
from sidecar.core.words.stream import Answered, StreamKey
from sidecar.settings import ModelSettings, Settings, StreamSettings

REFERENCE = profile_of({"age": [1.0, 2.0] * 50, "income": [3.0, 4.0] * 50})
SETTINGS = Settings(model=ModelSettings(name="loans"))


def reading(*names: str, model: str = "other", side: Side = Side.INPUT) -> Reading:
    frame = Frame(side, names, 1, len(names), [1.0] * len(names))
    return Reading(StreamKey(model, "/predict"), "", Answered.ACCEPTED, [frame])


@pytest.mark.parametrize(
    ("key", "names"),
    [
        (StreamKey("fraud", "/predict"), ("fraud/predict", "fraud")),
        (StreamKey("", "/predict"), ("loans/predict", "/predict", "predict")),
    ],
)
def test_a_stream_is_called_by_its_model_or_by_its_endpoint(key: StreamKey, names: tuple[str, ...]) -> None:
    assert aliases(key, "loans") == names


@pytest.mark.parametrize(
    ("names", "rank"),
    [
        (("age", "income"), Rank.EXACT),
        (("income", "age"), Rank.EXACT),
        (("age", "income", "shoe"), Rank.FULL),
        (("age", "shoe"), Rank.PARTIAL),
        (("shoe",), Rank.NONE),
    ],
)
def test_columns_claim_as_far_as_they_are_the_reference_s(names: tuple[str, ...], rank: Rank) -> None:
    assert Claims(SETTINGS, REFERENCE).rank(reading(*names)) is rank


def test_of_several_frames_the_worst_counts_and_a_side_that_the_reference_does_not_know_says_nothing() -> None:
    good, bad = reading("age", "income"), reading("shoe")
    answer = reading("score", side=Side.OUTPUT)
    claims = Claims(SETTINGS, REFERENCE)

    assert claims.rank(msgspec.structs.replace(good, frames=good.frames + answer.frames)) is Rank.EXACT
    assert claims.rank(msgspec.structs.replace(good, frames=good.frames + bad.frames)) is Rank.NONE


def test_who_is_called_as_the_model_or_the_reference_has_the_best_claim() -> None:
    named = type(REFERENCE)(REFERENCE.sides, name="credit")

    assert Claims(SETTINGS, REFERENCE).rank(reading("shoe", model="loans")) is Rank.NAMED
    assert Claims(SETTINGS, named).rank(reading("shoe", model="credit")) is Rank.NAMED


def test_where_the_settings_name_the_primary_stream_no_other_has_a_claim() -> None:
    settings = msgspec.structs.replace(SETTINGS, streams=StreamSettings(primary="fraud"))
    claims = Claims(settings, REFERENCE)

    assert claims.rank(reading("shoe", model="fraud")) is Rank.NAMED
    assert claims.rank(reading("age", "income", model="loans")) is Rank.NEVER


def test_without_a_reference_columns_are_no_claim() -> None:
    assert Claims(SETTINGS, None).rank(reading("age", "income")) is Rank.NONE


def test_lists_of_names_that_are_made_up_without_end_do_not_fill_the_memory() -> None:
    claims = Claims(SETTINGS, REFERENCE)
    for at in range(1_000):
        claims.rank(reading("age", f"x{at}"))

    assert len(claims._ranks) <= 256
