"""Random numeric references of many sorts, and what senders of other precision make of their numbers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sidecar.core.words.arrays import Floats

ROWS = 2_000

Draw = Callable[[np.random.Generator], Floats]


def _scaled(rng: np.random.Generator) -> Floats:
    return rng.normal(rng.normal(0, 3), 1, ROWS) * 10.0 ** rng.integers(-3, 4)


def _few(rng: np.random.Generator) -> Floats:
    return rng.choice(np.round(rng.normal(0, 10, rng.integers(2, 12)), rng.integers(0, 8)), ROWS)


def _spiked(rng: np.random.Generator) -> Floats:
    spikes = rng.choice([0.1, 0.7, 1.0, 3.0, 1 / 3, 0.0], ROWS)
    return np.where(rng.random(ROWS) < rng.uniform(0.1, 0.9), spikes, rng.normal(0.5, 1, ROWS))


SORTS: dict[str, Draw] = {
    "normal": _scaled,
    "far from zero": lambda rng: rng.normal(100, 1, ROWS),
    "uniform": lambda rng: rng.uniform(-1, 1, ROWS) * 10.0 ** rng.integers(-4, 5),
    "heavy tails": lambda rng: rng.lognormal(0, 2, ROWS),
    "integers": lambda rng: rng.integers(0, 10 ** rng.integers(1, 7), ROWS).astype(np.float64),
    "decimals": lambda rng: np.round(rng.normal(50, 10, ROWS), rng.integers(1, 5)),
    "repeated decimals": _few,
    "spikes": _spiked,
    "huge": lambda rng: rng.normal(0, 1e30, ROWS),
    "tiny": lambda rng: rng.normal(0, 1e-30, ROWS),
    "beyond float16": lambda rng: rng.uniform(0, 200_000, ROWS),
    "near zero": lambda rng: np.where(rng.random(ROWS) < 0.3, -0.0, rng.normal(0, 1e-6, ROWS)),
    "float32": lambda rng: rng.normal(0, 3, ROWS).astype(np.float32).astype(np.float64),
    "some missing": lambda rng: np.where(rng.random(ROWS) < 0.1, np.nan, rng.normal(size=ROWS)),
}
"""Rows of a reference (ROWS,) by their sort."""


def bfloat16(numbers: Floats) -> Floats:
    """The nearest numbers of bfloat16, by bits: the upper half of float32, rounded to even."""
    words = numbers.astype(np.float32).view(np.uint32).astype(np.uint64)
    rounded = (words + np.uint64(0x7FFF) + ((words >> np.uint64(16)) & np.uint64(1))) >> np.uint64(16) << np.uint64(16)
    return np.where(np.isnan(numbers), np.nan, rounded.astype(np.uint32).view(np.float32).astype(np.float64))


def printed(form: str) -> Callable[[Floats], Floats]:
    """What a reader of numbers printed with `form` has."""

    def read(numbers: Floats) -> Floats:
        return np.array([float(form % number) for number in numbers.ravel().tolist()]).reshape(numbers.shape)

    return read


def cast(dtype: str) -> Callable[[Floats], Floats]:
    """What a cast to a numpy type leaves, widened again."""

    def widened(numbers: NDArray[np.float64]) -> Floats:
        with np.errstate(over="ignore"):
            return numbers.astype(dtype).astype(np.float64)

    return widened
