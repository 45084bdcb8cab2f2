"""Rows whose features are correlated, and the rank scores of any rows: for tests of pairs of features."""

from __future__ import annotations

import numpy as np

from harness.null_rows import profile_of
from sidecar.core.binning.binner import Binner
from sidecar.core.binning.rank_scores import RankedRows
from sidecar.core.reference.profile import SideProfile
from sidecar.core.words.arrays import Floats

FEATURES = 8
_RNG = np.random.default_rng(8)
_MIXING = np.eye(FEATURES) + 0.6 * _RNG.normal(size=(FEATURES, FEATURES))


def rows(rng: np.random.Generator, count: int) -> Floats:
    """Rows (F, count) of features that are correlated."""
    return np.asarray(_MIXING @ rng.normal(size=(FEATURES, count)))


REFERENCE = rows(_RNG, 20_000)
PROFILE = profile_of(REFERENCE)


def kept(values: Floats, profile: SideProfile = PROFILE) -> RankedRows:
    """Rows (F, n) in the bins of a profile, as the tests of pairs keep them."""
    binner = Binner(profile.features)
    found = RankedRows(profile.features, binner.width, 10**6)
    found.add(binner.cut(values) + (np.arange(len(values)) * binner.width)[:, None])
    return found
