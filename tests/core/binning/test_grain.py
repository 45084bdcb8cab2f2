"""How fine numbers are, against the shortest texts that Python writes for them."""

from __future__ import annotations

import decimal
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.references import bfloat16, cast
from sidecar.core.binning.bins import Feature
from sidecar.core.binning.cuts import cut_numeric
from sidecar.core.binning.grain import (
    MOST_DIGITS,
    LiveGrain,
    digits_of,
    grain_of,
    is_coarser,
    places_of,
    rounded_where_finer,
)
from sidecar.core.binning.rounding import BFLOAT16, FLOAT16, FLOAT32, Decimal
from sidecar.core.words.arrays import Floats


def shortest(number: float) -> tuple[int, int]:
    """Decimal places and significant digits of what `repr` writes."""
    _, digits, exponent = decimal.Decimal(repr(number)).normalize().as_tuple()
    assert isinstance(exponent, int)
    return max(0, -exponent), len(digits)


def up_to(most: int, found: int) -> int | None:
    return found if found <= most else None


def of_reference(values: Floats) -> Feature:
    return cut_numeric("x", values)


@pytest.mark.parametrize(
    ("values", "grain"),
    [
        ([0.1, 0.25, 3.0], ("", 2, 2)),
        ([1.0, 200.0, -3.0], ("", 0, 1)),
        (cast("f4")(np.array([0.1, 0.7, 1.0])), ("float32", None, None)),
        (cast("f2")(np.array([0.1, 0.7, 1.0])), ("float16", None, None)),
        (bfloat16(np.array([0.1, 0.7, 1.0])), ("bfloat16", None, None)),
        ([1 / 3, 0.1], ("", None, None)),
        ([], ("", 0, 1)),
    ],
)
def test_a_reference_knows_how_fine_its_numbers_are(values: Sequence[float], grain: tuple[str, int, int]) -> None:
    assert grain_of(np.array(values, np.float64)) == grain


@settings(derandomize=True, deadline=None, max_examples=300)
@given(
    st.lists(
        st.one_of(
            st.decimals(-9_000, 9_000, places=3).map(float),
            st.decimals(-90, 90, places=8).map(float),
            st.floats(-1_000, 1_000).filter(lambda number: number == 0 or abs(number) > 1e-12),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_places_and_digits_are_those_of_the_longest_text(numbers: list[float]) -> None:
    places, digits = (max(counts) for counts in zip(*map(shortest, numbers), strict=True))

    assert places_of(np.array(numbers)) == up_to(MOST_DIGITS, places)
    assert digits_of(np.array(numbers)) == up_to(MOST_DIGITS, digits)


def test_a_live_grain_is_believed_from_eight_values_on() -> None:
    grain = LiveGrain([of_reference(np.random.default_rng(1).normal(size=500))])

    changes = [grain.look(np.array([[0.25 * at]])) for at in range(8)]

    assert changes == [False] * 7 + [True]
    assert grain.roundings == [BFLOAT16]


@pytest.mark.parametrize(
    ("sent", "rounding"),
    [(cast("f4"), FLOAT32), (cast("f2"), FLOAT16), (bfloat16, BFLOAT16), (np.asarray, FLOAT32)],
    ids=["float32", "float16", "bfloat16", "float64"],
)
def test_live_numbers_of_full_precision_have_the_format_in_which_all_are_exact(sent: object, rounding: object) -> None:
    assert callable(sent)
    rng = np.random.default_rng(2)
    grain = LiveGrain([of_reference(rng.normal(size=500))])

    grain.look(sent(rng.normal(size=(1, 100))))

    assert grain.roundings == [rounding]


def test_a_column_only_gets_finer_and_holes_say_nothing() -> None:
    grain = LiveGrain([of_reference(np.random.default_rng(3).normal(size=500))])
    found = []
    for number in (1.5, 1.23, 1.5, np.nan, np.inf, 1.234):
        grain.look(np.full((1, 10), number))
        found.append(grain.roundings[0])

    assert found[0] == BFLOAT16
    assert found[1:5] == [Decimal(2, 3)] * 4
    assert found[5] == Decimal(3, 4)


def test_a_column_with_more_decimals_than_its_reference_is_told_with_those_of_the_reference() -> None:
    rng = np.random.default_rng(4)
    grain = LiveGrain([of_reference(np.round(rng.uniform(0, 9, 500), 2)), of_reference(rng.normal(size=500))])

    assert grain.look(rng.uniform(0, 9, (2, 100)))

    assert grain.finer == {0: Decimal(2, 6)}


def test_decimals_are_rounded_only_where_the_format_they_came_in_is_finer() -> None:
    numbers = np.array([0.126, 300.126])  # float16 has steps of 0.0001 and 0.25 there

    assert rounded_where_finer(numbers, Decimal(2, 6), None).tolist() == [0.13, 300.13]
    assert rounded_where_finer(numbers, Decimal(2, 6), FLOAT16).tolist() == [0.13, 300.126]


def test_a_rounding_is_coarser_than_a_reference_in_a_finer_format_or_in_none() -> None:
    full, half = (of_reference(send(np.random.default_rng(5).normal(size=500))) for send in (np.asarray, cast("f2")))

    assert all(is_coarser(one, full) for one in (FLOAT32, FLOAT16, BFLOAT16, Decimal(3, 6)))
    assert [is_coarser(one, half) for one in (FLOAT32, FLOAT16, BFLOAT16)] == [False, False, True]


def live_grain(reference: Floats, live: Floats, message: int = 50) -> LiveGrain:
    grain = LiveGrain([of_reference(reference)])
    for at in range(0, len(live), message):
        grain.look(live[None, at : at + message])
    return grain


@pytest.mark.parametrize("places", [0, 2, None], ids=["whole", "cents", "full"])
@pytest.mark.parametrize("centre", [3_000, -70_000, 5e7])
def test_whole_numbers_that_are_too_round_for_chance_have_the_precision_that_makes_them(
    centre: float, places: int | None
) -> None:
    drawn = np.random.default_rng(3).normal(centre, abs(centre) / 20, 2_000)
    numbers = drawn if places is None else np.round(drawn, places)

    grain = live_grain(numbers[:1_000], bfloat16(numbers[1_000:]))

    assert (grain.roundings, grain.certain) == ([BFLOAT16], {0})
    assert not live_grain(numbers[:1_000], numbers[1_000:]).certain
    assert not live_grain(numbers[:1_000], np.full(1_000, 2.0**40)).certain  # one that is stuck
    assert not live_grain(
        numbers[:1_000], (np.arange(1_000) % 250).astype(np.float64)
    ).certain  # all of them are numbers of the format


def test_one_number_that_is_not_round_ends_the_certainty() -> None:
    numbers = np.random.default_rng(4).normal(3_000, 150, 2_000)
    live = bfloat16(numbers[1_000:])
    live[700] = 3_001.0

    assert not live_grain(numbers[:1_000], live).certain
