"""Real sentence embeddings: what all-MiniLM-L6-v2 makes of two topics. `make test-embeddings` makes them and runs this."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness.clouds import Floats, mixed, of_vectors, reference, vectors, watched
from sidecar.core.reference.profile import Profile

pytestmark = pytest.mark.real_embeddings

FILE = Path(__file__).parents[3] / ".cache" / "embeddings.npz"


@pytest.fixture(scope="module")
def topics() -> dict[str, Floats]:
    with np.load(FILE) as stored:
        return dict(stored)


@pytest.fixture(scope="module")
def banking(topics: dict[str, Floats]) -> Profile:
    return reference(of_vectors(topics["banking"][:4_000]))


def test_more_sentences_of_the_same_topic_are_quiet(banking: Profile, topics: dict[str, Floats]) -> None:
    assert watched(banking, vectors(topics["banking"][4_000:])).rows is None


@pytest.mark.parametrize(("share", "within"), [(1.0, 400), (0.5, 600), (0.2, 4_500)])
def test_another_topic_is_drift(banking: Profile, topics: dict[str, Floats], share: float, within: int) -> None:
    live = mixed(np.random.default_rng(1), topics["banking"][4_000:], topics["cooking"], share)
    rows = watched(banking, vectors(live)).rows

    print(f"{share:.0%} of another topic: drift after {rows} rows")
    assert rows is not None
    assert rows <= within
