"""The labels that are kept are those of the bins, whatever the names hold."""

from __future__ import annotations

from typing import Any

from harness.profiles import profile_of
from sidecar.core.binning.bins import ranges
from sidecar.core.binning.labels import Labels
from sidecar.core.words.frame import Side

COLUMNS: dict[str, list[Any]] = {
    "number": [0.5 * at for at in range(100)],
    "none": [None] * 100,
    "name": ["a\nb", "c"] * 50,
    "flag": [True, False] * 50,
}
FEATURES = profile_of(COLUMNS).sides[Side.INPUT].features


def test_labels_are_those_of_the_bins_of_every_kind_of_feature() -> None:
    labels = Labels(FEATURES)

    assert list(labels) == [ranges(feature) for feature in FEATURES]
    assert labels[0] == ranges(FEATURES[0])
    assert any("\n" in text for text in labels[2])
