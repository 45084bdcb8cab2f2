"""Drift of embeddings and texts is told by what is derived from them, and quiet is quiet."""

from __future__ import annotations

import json

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.clouds import SIZE, cloud, mixed, of_texts, of_vectors, reference, texts, vectors, watched
from harness.wire import exchange
from sidecar.core.reading.decoders import decoders
from sidecar.core.reference.profile import Profile
from sidecar.core.watching.monitor import Monitor
from sidecar.core.words.events import ReferenceLearned, State
from sidecar.core.words.frame import Side
from sidecar.settings import LearnSettings, Settings

pytestmark = pytest.mark.slow

CENTRES = np.random.default_rng(5).normal(0, 1 / np.sqrt(SIZE), (6, SIZE))
KNOWN, NEW = CENTRES[:5], CENTRES[5:]
ENGLISH = [
    "the",
    "of",
    "order",
    "delivery",
    "late",
    "parcel",
    "arrived",
    "broken",
    "again",
    "support",
    "phone",
    "waited",
    "money",
    "back",
    "kind",
    "quick",
]
GERMAN = [
    "die",
    "der",
    "Bestellung",
    "Lieferung",
    "spät",
    "Päckchen",
    "angekommen",
    "kaputt",
    "wieder",
    "Hilfe",
    "Telefon",
    "gewartet",
    "Geld",
    "zurück",
]


@pytest.fixture(scope="module")
def embeddings() -> Profile:
    return reference(of_vectors(cloud(np.random.default_rng(6), KNOWN, 4_000)))


@pytest.mark.parametrize("seed", range(3))
def test_embeddings_of_the_same_topics_are_quiet(embeddings: Profile, seed: int) -> None:
    rng = np.random.default_rng(100 + seed)

    assert watched(embeddings, vectors(cloud(rng, KNOWN, 4_000))).rows is None


def test_a_new_topic_in_a_fifth_of_the_rows_is_drift(embeddings: Profile) -> None:
    rng = np.random.default_rng(7)
    live = mixed(rng, cloud(rng, KNOWN, 4_000), cloud(rng, NEW, 500), 0.2)

    assert (watched(embeddings, vectors(live)).rows or 9_999) <= 4_000


def turned(rng: np.random.Generator) -> NDArray[np.float64]:
    axes, _ = np.linalg.qr(rng.normal(size=(SIZE, SIZE)))
    return np.asarray(cloud(rng, KNOWN, 1_000) @ axes)


def shifted(rng: np.random.Generator) -> NDArray[np.float64]:
    return np.asarray(cloud(rng, KNOWN, 1_000) + 0.5 * NEW)


@pytest.mark.parametrize("change", [turned, shifted])
def test_embeddings_that_turn_or_move_are_drift_within_a_thousand_rows(embeddings: Profile, change: object) -> None:
    assert callable(change)
    found = watched(embeddings, vectors(change(np.random.default_rng(8))))

    assert found.rows is not None
    assert any(name.startswith("x.p") for name in found.features)


def written(rng: np.random.Generator, words: list[str], rows: int, longest: int = 20) -> list[str]:
    return [" ".join(rng.choice(words, rng.integers(5, longest))) for _ in range(rows)]


@pytest.fixture(scope="module")
def comments() -> Profile:
    return reference(of_texts(written(np.random.default_rng(9), ENGLISH, 3_000)))


def test_texts_of_the_same_kind_are_quiet(comments: Profile) -> None:
    assert watched(comments, texts(written(np.random.default_rng(10), ENGLISH, 3_000))).rows is None


def test_another_language_is_drift_of_letters_and_words(comments: Profile) -> None:
    found = watched(comments, texts(written(np.random.default_rng(11), GERMAN, 1_000)))

    assert found.rows is not None
    assert "comment.non_ascii" in found.features
    assert any(name.startswith("comment.p") for name in found.features)


def test_longer_texts_are_drift_of_length(comments: Profile) -> None:
    found = watched(comments, texts(written(np.random.default_rng(12), ENGLISH, 1_000, longest=40)))

    assert found.rows is not None
    assert {"comment.length", "comment.words"} <= found.features


@pytest.mark.parametrize("size", [SIZE, 4_000], ids=["as columns", "too wide for columns"])
def test_a_model_of_vectors_is_learned_and_watched_from_its_traffic(size: int) -> None:
    settings = Settings(learn=LearnSettings(rows=400))
    monitor = Monitor(settings, None, decoders(settings.decode), now=0.0)
    rng = np.random.default_rng(13)
    centre = rng.normal(size=size)
    learned = []
    for at in range(120):
        moved = centre if at < 60 else -centre
        rows = (moved + rng.normal(size=(10, size))).round(3).tolist()
        body = json.dumps({"inputs": [{"name": "x", "shape": [10, size], "datatype": "FP32", "data": rows}]}).encode()
        events = monitor.feed(exchange("/v2/models/m/infer", body, b'{"outputs":[]}'), 0.1 * at)
        learned += [event for event in events if isinstance(event, ReferenceLearned)]
        monitor.tick(0.1 * at)

    (inputs,) = (side for side in monitor.view().sides if side.side is Side.INPUT)
    assert len(learned) == 1
    assert len(inputs.features) == 11
    assert any(feature.state is State.DRIFT for feature in inputs.features)
    assert {kind for _, kind in monitor.view().violations} <= {"range"}
