"""How much memory a watch needs for each feature, once it has seen many rows."""

from __future__ import annotations

import gc
import tracemalloc

import numpy as np
import pytest

from harness.null_rows import profile_of
from sidecar.core.evidence.policy import policy
from sidecar.core.watching.watch import LEAST_BLOCK, MOST_BLOCK, Watch
from sidecar.core.words.frame import Frame, Side
from sidecar.settings import Settings

pytestmark = pytest.mark.slow  # every allocation of 25,600 rows is traced

FEW, MANY = 100, 300
"""More than take part in the test of relations, which needs the same for any of these numbers."""
SETTINGS = Settings()
ROWS = 25_600


def needed(features: int, block: int) -> int:
    """Bytes of a watch that took 25,600 rows in blocks, and closed more windows than it keeps."""
    rng = np.random.default_rng(1)
    profile = profile_of(rng.normal(size=(features, 2_000)))
    limits = policy(SETTINGS.drift, features + 1, SETTINGS.window.min_rows)
    tracemalloc.start()
    try:
        watch = Watch(Side.INPUT, profile, SETTINGS, limits, 0.0)
        for at in range(0, ROWS, block):
            watch.take([Frame(Side.INPUT, profile.names, block, features, rng.normal(size=block * features))], at / 20)
        gc.collect()  # which clears what the interpreter keeps of small objects to use them again
        return tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("block", [LEAST_BLOCK, MOST_BLOCK])
def test_a_feature_of_twenty_quantiles_needs_at_most_twelve_kilobytes(block: int) -> None:
    needed(2, block)  # what is made once for all watches is no part of this

    assert (needed(MANY, block) - needed(FEW, block)) / (MANY - FEW) <= 12_000
