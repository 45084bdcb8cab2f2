"""Mixed bits against the published algorithm in Python's whole numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.stats.splitmix import splitmix64

MODULUS = 1 << 64


def mixed(key: int) -> int:
    z = key * 0x9E3779B97F4A7C15 % MODULUS
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % MODULUS
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB % MODULUS
    return z ^ (z >> 31)


@given(st.lists(st.integers(0, MODULUS - 1), min_size=1, max_size=20))
def test_bits_are_those_of_the_algorithm(keys: list[int]) -> None:
    assert splitmix64(np.array(keys, np.uint64)).tolist() == [mixed(key) for key in keys]


def test_the_first_outputs_of_seed_zero_are_the_published_ones() -> None:
    found = splitmix64(np.array([1, 2, 3], np.uint64)).tolist()

    assert found == [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]


def test_every_bit_is_set_half_of_the_time() -> None:
    bits = (splitmix64(np.arange(10_000, dtype=np.uint64))[:, None] >> np.arange(64, dtype=np.uint64)) & np.uint64(1)

    # Five standard errors of so many fair coins.
    assert bits.mean(axis=0) == pytest.approx(np.full(64, 0.5), abs=0.025)
