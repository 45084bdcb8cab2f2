"""What a precision makes of numbers, against numpy, the bits of bfloat16, and printed text."""

from __future__ import annotations

import numpy as np
import pytest

from harness.references import bfloat16, cast, printed
from sidecar.core.binning.rounding import BFLOAT16, BINARY, FLOAT16, FLOAT32, Binary, Decimal, Rounding
from sidecar.core.words.arrays import Floats

RNG = np.random.default_rng(3)
SPREAD = RNG.normal(size=20_000) * 10.0 ** RNG.integers(-50, 50, 20_000)
PLAIN = np.concatenate(
    [RNG.normal(size=20_000) * 10.0 ** RNG.integers(-9, 6, 20_000), 2.0 ** np.arange(-30, 17), [0.0]]
)


@pytest.mark.parametrize("binary", BINARY.values(), ids=list(BINARY))
@pytest.mark.parametrize(
    "numbers", [SPREAD, PLAIN, np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 65519.9, 65520.0, 3.4e38, 1e308])]
)
def test_a_binary_format_rounds_as_its_cast_does(binary: Binary, numbers: Floats) -> None:
    expected = {FLOAT32: cast("f4"), FLOAT16: cast("f2"), BFLOAT16: bfloat16}[binary](cast("f4")(numbers))

    assert np.array_equal(binary.rounded(cast("f4")(numbers)), expected, equal_nan=True)


@pytest.mark.parametrize(
    ("decimal", "form"), [(Decimal(3, 17), "%.3f"), (Decimal(300, 6), "%.6g"), (Decimal(300, 1), "%.1g")]
)
def test_decimals_round_as_they_are_printed(decimal: Decimal, form: str) -> None:
    assert np.array_equal(decimal.rounded(PLAIN), printed(form)(PLAIN))


@pytest.mark.parametrize("rounding", [FLOAT32, FLOAT16, BFLOAT16, Decimal(3, 17), Decimal(4, 6)], ids=str)
def test_a_cell_holds_what_is_rounded_to_its_number_and_nothing_else(rounding: Rounding) -> None:
    numbers = PLAIN[np.isfinite(rounding.rounded(PLAIN))]
    rounded = rounding.rounded(numbers)
    low, high = rounding.cells(rounded)
    slack = 1e-12 * np.abs(numbers)
    step = 1e-3 * (high - low)

    assert (low - slack <= numbers).all()
    assert (numbers <= high + slack).all()
    assert np.array_equal(rounding.rounded(low + slack + step), rounded)
    assert np.array_equal(rounding.rounded(high - slack - step), rounded)
    assert (rounding.rounded(low - slack - step) < rounded).all()
    assert (rounding.rounded(high + slack + step) > rounded).all()


def test_the_cell_of_an_infinity_begins_half_a_step_beyond_the_largest_number() -> None:
    low, high = FLOAT16.cells(np.array([np.inf, -np.inf]))

    assert low.tolist() == [65520.0, -np.inf]
    assert high.tolist() == [np.inf, -65520.0]
