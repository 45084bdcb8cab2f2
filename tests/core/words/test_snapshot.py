"""Bounds of histograms, and that a snapshot is the same after its journey."""

from __future__ import annotations

from itertools import pairwise

import msgspec
import pytest

from harness.observed import snapshot
from sidecar.core.words.snapshot import ADDED_BOUNDS, DURATION_BOUNDS, SHED, SIZE_BOUNDS, Snapshot

SEMCONV = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
"""Advised for http.server.request.duration by OpenTelemetry's semantic conventions."""


@pytest.mark.parametrize("bounds", [DURATION_BOUNDS, ADDED_BOUNDS, SIZE_BOUNDS])
def test_bounds_rise(bounds: tuple[float, ...]) -> None:
    assert all(low < high for low, high in pairwise(bounds))


def test_durations_have_the_buckets_of_the_conventions() -> None:
    assert set(SEMCONV) <= set(DURATION_BOUNDS)


def test_sizes_go_up_by_a_factor_of_four() -> None:
    assert [high / low for low, high in pairwise(SIZE_BOUNDS)] == [4.0] * (len(SIZE_BOUNDS) - 1)


def test_every_way_to_lose_something_is_listed_once() -> None:
    assert len(set(SHED)) == len(SHED)


def test_a_snapshot_that_travelled_is_what_was_sent() -> None:
    before = snapshot(25)

    assert msgspec.msgpack.decode(msgspec.msgpack.encode(before), type=Snapshot) == before
