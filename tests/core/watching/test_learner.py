"""What is learned from the first rows is learned from a stream that stays as it is."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from sidecar.core.binning.bins import SECRET_BYTES, rare_key
from sidecar.core.reference.consent import Consent
from sidecar.core.scores.comparison import LeastEffects
from sidecar.core.watching.learner import MOST_PATIENCE, Learner
from sidecar.core.watching.monitor import Monitor
from sidecar.core.words.events import Event, LearningRefused, ReferenceLearned
from sidecar.core.words.frame import Frame, Side
from sidecar.settings import LearnSettings, Settings


def told(values: NDArray[np.float64]) -> tuple[list[Event], Monitor]:
    monitor = Monitor(Settings(learn=LearnSettings(rows=500)), None, (), 0.0)
    events: list[Event] = []
    for at in range(0, len(values), 10):
        part = values[at : at + 10].tolist()
        found = monitor.feed_frames([Frame(Side.INPUT, ("x",), len(part), 1, part)], at / 50)
        events += [event for event in found if isinstance(event, LearningRefused | ReferenceLearned)]
    return events, monitor


def test_a_stream_that_stays_as_it_is_is_learned_at_once() -> None:
    (learned,), _ = told(np.random.default_rng(1).normal(size=600))

    assert isinstance(learned, ReferenceLearned)
    assert learned.rows == 500


def test_rows_of_the_start_up_are_forgotten() -> None:
    rng = np.random.default_rng(2)
    (refused, learned), monitor = told(np.concatenate([rng.normal(5, 1, 250), rng.normal(0, 1, 1_500)]))

    assert isinstance(refused, LearningRefused)
    assert (refused.feature, refused.times) == ("x", 1)
    assert "median" in refused.changed
    assert isinstance(learned, ReferenceLearned)
    assert learned.rows == 1_000
    assert monitor.reference is not None
    assert abs(monitor.reference.sides[Side.INPUT].moments.mean[0]) < 0.2


def test_a_stream_that_goes_on_changing_is_never_taken_for_normal() -> None:
    rng = np.random.default_rng(3)

    events, monitor = told(rng.normal(size=6_000) + np.arange(6_000) / 200)

    assert all(isinstance(event, LearningRefused) for event in events)
    assert len(events) >= 3
    assert monitor.reference is None


def learner(wanted: int = 200) -> Learner:
    return Learner(Side.INPUT, wanted, LeastEffects(0.1, 0.2), Consent(frozenset(), 20, b"key"), 2_000)


def feed(one: Learner, values: NDArray[np.float64]) -> Learner:
    for at in range(0, len(values), 10):
        part = values[at : at + 10].tolist()
        one.add(Frame(Side.INPUT, ("x",), len(part), 1, part))
    return one


def test_it_is_due_at_the_rows_that_are_wanted() -> None:
    rng = np.random.default_rng(4)
    one = feed(learner(), rng.normal(size=190))

    assert (one.rows, one.due) == (190, False)
    feed(one, rng.normal(size=10))
    assert one.due
    assert one.refuse() is None
    assert one.profile().sides[Side.INPUT].rows.tolist() == [200]


def test_a_refusal_forgets_the_older_half_and_waits_for_twice_as_many() -> None:
    rng = np.random.default_rng(5)
    one = feed(learner(), np.concatenate([rng.normal(5, 1, 100), rng.normal(0, 1, 100)]))

    refused = one.refuse()

    assert refused is not None
    assert (refused.feature, one.refusals, one.rows) == ("x", 1, 100)
    feed(one, rng.normal(size=290))
    assert not one.due
    feed(one, rng.normal(size=10))
    assert one.due
    assert abs(one.profile().sides[Side.INPUT].moments.mean[0]) < 0.2


def test_patience_has_an_end_so_that_memory_is_bounded() -> None:
    one = learner()
    one.refusals = 60
    feed(one, np.random.default_rng(6).normal(size=200 * MOST_PATIENCE))

    assert one.due


def test_rare_names_are_kept_by_a_key_that_does_not_give_away_that_of_labels() -> None:
    rng = np.random.default_rng(7)
    names = [*["red"] * 150, *(f"shade {at}" for at in range(50))]
    one = learner()
    one.add(Frame(Side.INPUT, ("c",), 200, 1, [names[at] for at in rng.permutation(200)]))

    (feature,) = one.profile().sides[Side.INPUT].features

    assert len(feature.rare_secret) == 2 * SECRET_BYTES
    assert feature.rare_secret == Consent(label_key=b"key").rare_secret != Consent(label_key=b"yek").rare_secret
    assert set(feature.rare) == {rare_key("c", f"shade {at}", feature.rare_secret) for at in range(50)}
    assert Consent().rare_secret == ""


def vectors(size: int, rows: int, mean: float, seed: int, tensor: bool) -> Frame:
    values = np.random.default_rng(seed).normal(mean, 1, (rows, size))
    if tensor:
        return Frame(Side.INPUT, ("x",), rows, 1, values[:, 0].tolist(), vectors={"v": values})
    return Frame(Side.INPUT, tuple(f"v[{at}]" for at in range(size)), rows, size, values.ravel().tolist())


@pytest.mark.parametrize("tensor", [False, True], ids=["columns", "tensor"])
def test_what_vectors_are_derived_from_is_known_after_a_refusal(tensor: bool) -> None:
    one = learner()
    for at in range(20):
        one.add(vectors(40, 10, 2.0 * (at < 10), at, tensor))
    refused = one.refuse()
    assert refused is not None
    for at in range(30):
        one.add(vectors(40, 10, 0.0, 100 + at, tensor))
    assert one.refuse() is None

    features = {one.name: one.derived for one in one.profile().sides[Side.INPUT].features}

    whole = learner()
    for at in range(40):
        whole.add(vectors(40, 10, 0.0, at, tensor))
    assert features == {one.name: one.derived for one in whole.profile().sides[Side.INPUT].features}
    assert any(features.values())
    assert one.profile().sides[Side.INPUT].rows.tolist() == [400] * len(features)
