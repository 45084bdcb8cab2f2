"""All features together: a small change in every one is told before any single one could be, and nothing is told of none."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.null_rows import FEATURES, blocks, independent, profile_of
from sidecar.core.binning.binner import Binner
from sidecar.core.evidence.detector import BLOCK_ROWS, Evidence

THRESHOLD = float(np.log10(1e5 * (FEATURES + 1) / BLOCK_ROWS))


def rows_until_told(seed: int, shift: float, rows: int = 12_000, common: float = 0.0) -> tuple[int | None, int | None]:
    """Rows until (all together, any feature) reach the threshold. `common` is what features share of their variance."""
    rng = np.random.default_rng(seed)

    def sample(size: int) -> NDArray[np.float64]:
        return np.asarray(np.sqrt(1 - common) * independent(rng, size) + np.sqrt(common) * rng.normal(size=size))

    reference = profile_of(sample(50_000))
    binner = Binner(reference.features)
    evidence = Evidence(reference, binner.mask, 0.0025)
    found: list[int | None] = [None, None]
    for at, codes in enumerate(blocks(binner, sample(rows) + shift)):
        evidence.update(codes)
        for which, figure in enumerate((evidence.all_features.log10, float(evidence.log10().max()))):
            if found[which] is None and figure >= THRESHOLD:
                found[which] = (at + 1) * BLOCK_ROWS
    return found[0], found[1]


def test_a_tenth_of_a_standard_deviation_in_every_feature_is_told_first_by_all_together() -> None:
    together, single = rows_until_told(3, 0.1, rows=4_000)

    assert together is not None
    assert together < (single or 4_000)


@pytest.mark.parametrize("common", [0.0, 0.5])
def test_rows_like_the_reference_are_not_told_whatever_features_share(common: float) -> None:
    assert rows_until_told(4, 0.0, common=common) == (None, None)


def test_a_single_feature_has_no_evidence_beside_its_own() -> None:
    rng = np.random.default_rng(5)
    reference = profile_of(independent(rng, 5_000)[:1])
    binner = Binner(reference.features)
    evidence = Evidence(reference, binner.mask, 0.0025)
    for codes in blocks(binner, independent(rng, 2_000)[:1] + 1.0):
        evidence.update(codes)

    assert evidence.log10()[0] > 5
    assert evidence.all_features.log10 == 0.0
