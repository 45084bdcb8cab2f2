"""What matters: a table of rates, before and after."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from sidecar.core.binning.bins import Feature, Kind
from sidecar.core.reference.materiality import (
    Material,
    RateChange,
    criterion_of,
    is_over,
    rate_changes,
    special,
    still_matters,
)
from sidecar.core.words.arrays import Floats

MATERIAL = Material(psi=0.1, rate_difference=0.005, rate_ratio=1.75, rate_shift=0.075)
NUMBER = Feature("x", Kind.NUMERIC, edges=(0.0, math.nextafter(0.0, math.inf), 1.0, 2.0))
NAME = Feature("c", Kind.CATEGORICAL, categories=("a", "b"))
BELOW, SPIKE, INSIDE, LAST, ABOVE, MISSING = range(6)
A, B, OTHER, UNSEEN, ABSENT = range(5)


def counts(feature: Feature, at: int, rate: float, rows: float) -> Floats:
    """With so many rows in one bin, and the rest in one that no criterion is of (of names: in the first)."""
    found = np.zeros(feature.bins)
    found[INSIDE if feature.ordered else A] = rows * (1 - rate)
    found[at] += rows * rate
    return found


def rate_change(feature: Feature, reference: Floats, live: Floats, rows: float) -> RateChange | None:
    special_bins = np.isin(np.arange(feature.bins), special(feature))[None]
    return rate_changes([feature], special_bins, reference[None], live[None], np.array([rows]), MATERIAL)[0]


@pytest.mark.parametrize(
    ("feature", "at", "before", "after", "rows", "criterion"),
    [
        (NUMBER, MISSING, 0.001, 0.01, 2_000, "missing"),
        (NUMBER, MISSING, 0.01, 0.05, 1_000, "missing"),
        (NUMBER, MISSING, 0.6, 0.7, 1_000, "missing"),
        (NUMBER, MISSING, 0.6, 0.67, 5_000, None),  # neither the shift nor the ratio
        (NUMBER, MISSING, 0.3, 0.2, 2_000, "missing"),
        (NUMBER, ABOVE, 0.0, 0.01, 1_000, "out of range"),
        (NUMBER, BELOW, 0.005, 0.02, 2_000, "out of range"),
        (NUMBER, SPIKE, 0.2, 0.09, 2_000, "value"),
        (NUMBER, SPIKE, 0.6, 0.7, 5_000, None),  # a value that repeats has no shift
        (NUMBER, LAST, 0.0, 0.1, 5_000, None),  # an interval that the reference never saw is PSI's matter
        (NAME, UNSEEN, 0.0, 0.01, 1_000, "unseen"),
        (NAME, B, 0.01, 0.05, 1_000, "level"),
        (NAME, B, 0.15, 0.075, 2_000, "level"),
        (NAME, OTHER, 0.01, 0.03, 2_000, "level"),
        (NAME, B, 0.1, 0.16, 5_000, None),  # less than the ratio
        (NAME, UNSEEN, 0.0, 0.004, 9_000, None),  # less than the difference
        (NAME, UNSEEN, 0.0, 0.01, 400, None),  # 4 rows
        (NAME, UNSEEN, 0.0, 0.02, 250, "unseen"),  # 5 rows
        (NAME, B, 0.02, 0.05, 200, None),  # three standard deviations
        (NAME, ABSENT, 0.05, 0.05, 10_000, None),
    ],
)
def test_a_rate_matters(
    feature: Feature, at: int, before: float, after: float, rows: float, criterion: str | None
) -> None:
    found = rate_change(feature, counts(feature, at, before, 10_000), counts(feature, at, after, rows), rows)

    if criterion is None:
        assert found is None or found.bin != at
    else:
        assert found is not None
        assert (found.criterion, found.bin) == (criterion, at)
        assert (found.before, found.after) == pytest.approx((before, after))


WIDE = Feature("w", Kind.NUMERIC, edges=tuple(stats.norm.ppf([0.001, 0.01, *np.linspace(0.05, 0.95, 19), 0.99, 0.999])))


def of_normal(mean: float, deviation: float) -> Floats:
    """The shares of normal numbers in the bins of `WIDE`; none is missing."""
    return np.append(np.diff([0.0, *stats.norm.cdf(WIDE.edges, mean, deviation), 1.0]), 0.0)


@pytest.mark.parametrize("at", [3, 10, 20])
def test_a_value_that_came_to_repeat_matters_though_it_has_no_bin_of_its_own(at: int) -> None:
    before = of_normal(0.0, 1.0)
    live = before * 0.95
    live[at] += 0.05

    found = rate_change(WIDE, before * 10_000, live * 2_000, 2_000)

    assert found is not None
    assert (found.criterion, found.bin) == ("value", at)
    assert (found.before, found.after) == pytest.approx((before[at], live[at]))


@pytest.mark.parametrize(("inner", "outer"), [(1, 0), (22, 23)])
def test_far_values_that_no_longer_come_matter(inner: int, outer: int) -> None:
    before = of_normal(0.0, 1.0)
    live = before.copy()
    live[[inner, outer]] = 0.0
    live /= live.sum()

    found = rate_change(WIDE, before * 10_000, live * 4_000, 4_000)

    assert found is not None
    assert (found.criterion, found.bin) == ("value", inner)


@pytest.mark.parametrize(
    ("mean", "deviation"), [(0.0, 1.0), (0.2, 1.0), (-0.2, 1.0), (0.3, 1.0), (0.0, 1.15), (0.0, 0.85)]
)
def test_a_shift_or_a_stretch_takes_neighbours_along_and_is_no_matter_of_rates(mean: float, deviation: float) -> None:
    rng = np.random.default_rng(9)
    for rows in (500, 2_000, 50_000):
        for _ in range(20):
            before = rng.multinomial(10_000, of_normal(0.0, 1.0)).astype(np.float64)
            live = rng.multinomial(rows, of_normal(mean, deviation)).astype(np.float64)
            found = rate_change(WIDE, before, live, rows)
            assert found is None or found.bin in (0, 23)  # out of range, which has a rate of its own


def test_of_several_rates_the_most_certain_is_named() -> None:
    reference = np.array([9_700.0, 300.0, 0.0, 0.0, 0.0])
    live = np.array([700.0, 80.0, 0.0, 200.0, 20.0])

    found = rate_change(NAME, reference, live, 1_000.0)

    assert found is not None
    assert found.criterion == "unseen"


def test_fewer_effective_rows_are_less_certain() -> None:
    reference, live = counts(NAME, UNSEEN, 0.0, 10_000), counts(NAME, UNSEEN, 0.02, 1_000)

    assert rate_change(NAME, reference, live, 1_000.0)
    assert rate_change(NAME, reference, live, 200.0) is None


@pytest.mark.parametrize(("m", "rows"), [(0.0, 100.0), (100.0, 0.0)])
def test_of_no_rows_nothing_is_said(m: float, rows: float) -> None:
    assert rate_change(NAME, counts(NAME, UNSEEN, 0.0, m), counts(NAME, UNSEEN, 1.0, rows), rows) is None


def test_each_special_bin_has_a_criterion() -> None:
    assert [criterion_of(NUMBER, at) for at in (BELOW, SPIKE, ABOVE, MISSING)] == [
        "out of range",
        "value",
        "out of range",
        "missing",
    ]
    assert [criterion_of(NAME, at) for at in range(5)] == ["level", "level", "level", "unseen", "missing"]


@pytest.mark.parametrize(
    ("criterion", "before", "after", "half"),
    [
        ("level", 0.01, 0.08, 0.0125 + 0.00125),  # 0.0175 matters
        ("level", 0.001, 0.08, 0.0035),  # 0.006 matters, by the difference
        ("missing", 0.3, 0.5, 0.3375),  # 0.375 matters, by the shift
        ("missing", 0.01, 0.5, 0.01375),
        ("level", 0.35, 0.1, 0.275),  # 0.2 matters
        ("missing", 0.35, 0.1, 0.3125),  # 0.275 matters
        ("level", 0.006, 0.0, 0.0035),  # 0.001 matters
    ],
)
def test_a_rate_is_over_when_it_is_certain_to_be_below_half_of_what_matters(
    criterion: str, before: float, after: float, half: float
) -> None:
    """Three standard deviations below, as a rate of `half` would have them over so many rows of live and reference."""
    change = RateChange(criterion, UNSEEN, before, after)
    rows, m = 5_000.0, 20_000.0
    spread = math.sqrt(half * (1 - half) * (1 / rows + 1 / m))
    toward = -1 if after > before else 1
    for deviations, expected in ((2.9, False), (3.1, True)):
        p = half + toward * deviations * spread
        assert is_over(change, counts(NAME, UNSEEN, p, 1.0), rows, m, 3.0, MATERIAL) is expected


@pytest.mark.parametrize(
    ("criterion", "before", "after", "boundary"),
    [
        ("level", 0.01, 0.08, 0.0175),  # by the ratio
        ("level", 0.001, 0.08, 0.006),  # by the difference
        ("missing", 0.3, 0.5, 0.375),  # by the shift
        ("missing", 0.01, 0.5, 0.0175),
        ("level", 0.35, 0.1, 0.2),
        ("missing", 0.35, 0.1, 0.275),
        ("level", 0.006, 0.0, 0.001),
        ("level", 0.005, 0.0, 0.0),
    ],
)
@pytest.mark.parametrize("rows", [4_000.0, 0.5])
def test_a_rate_still_matters_while_it_may_be_beyond_what_matters(
    criterion: str, before: float, after: float, boundary: float, rows: float
) -> None:
    """Two standard deviations of a rate of `boundary` over so many rows, of at least one row; none is without any spread."""
    change = RateChange(criterion, UNSEEN, before, after)
    spread = math.sqrt(max(boundary * (1 - boundary), 1e-12) / max(rows, 1.0))
    inside = -1 if after > before else 1

    for deviations, expected in ((0.0, True), (1.9, True), (2.1, False)):
        assert still_matters(change, boundary + inside * deviations * spread, rows, 2.0, MATERIAL) is expected


def test_neighbours_are_those_of_the_same_feature() -> None:
    """The interval that came to repeat in the one is out of line, and the other is as it was."""
    before = of_normal(0.0, 1.0)
    live = before * 0.95
    live[10] += 0.05
    special_bins = np.broadcast_to(np.isin(np.arange(WIDE.bins), special(WIDE)), (3, WIDE.bins))
    narrow = Feature("n", Kind.NUMERIC, edges=WIDE.edges[:4])
    few = np.zeros(WIDE.bins)
    few[:6] = 1 / 6

    found = rate_changes(
        [WIDE, narrow, WIDE],
        special_bins,
        10_000 * np.array([before, few, before]),
        2_000 * np.array([live, few, before]),
        np.full(3, 2_000.0),
        MATERIAL,
    )

    assert [one and one.bin for one in found] == [10, None, None]


def test_of_several_features_each_has_its_own_rate_and_one_without_rows_has_none() -> None:
    special_bins = np.array([np.isin(np.arange(6), special(one)) for one in (NUMBER, NAME, NUMBER)])
    padded = [np.append(counts(NAME, UNSEEN, rate, 1_000), 0.0) for rate in (0.0, 0.05)]
    missing = [counts(NUMBER, MISSING, rate, 1_000) for rate in (0.01, 0.2)]
    rows = np.array([1_000.0, 1_000.0, 0.0])
    before, after = (np.array([one, two, one]) for one, two in zip(missing, padded, strict=True))

    found = rate_changes([NUMBER, NAME, NUMBER], special_bins, before, after, rows, MATERIAL)

    assert [one and (one.criterion, one.bin) for one in found] == [("missing", MISSING), ("unseen", UNSEEN), None]
