"""Numbers sent in another precision than the reference's land in the bins that they came from."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from scipy.stats import chi2_contingency

from harness.references import ROWS, SORTS, bfloat16, cast, printed
from sidecar.core.binning.allotment import Allotment
from sidecar.core.binning.binner import Binner
from sidecar.core.binning.bins import Feature, Kind
from sidecar.core.binning.cuts import cut_numeric
from sidecar.core.binning.rounding import BFLOAT16, BINARY
from sidecar.core.words.arrays import Codes, Counts, Floats

ROUNDS = 72
"""Of one random reference for each sort: 1,008 in all."""
SENT: dict[str, tuple[Callable[[Floats], Floats], str]] = {
    "FP32": (cast("f4"), "float32"),
    "FP16": (cast("f2"), "float16"),
    "BF16": (bfloat16, "bfloat16"),
    "FP64": (np.asarray, ""),
    "float32 in JSON": (cast("f4"), ""),
}
QUIET = 0.025
"""PSI; a fifth of what the verdict takes for material."""


def counted(columns: Sequence[Floats]) -> tuple[list[Feature], Codes, Counts]:
    """The features of references, the bins of their rows, and their counts."""
    features = [cut_numeric(f"x{at}", column) for at, column in enumerate(columns)]
    binner = Binner(features)
    codes = binner.cut(np.array(columns))
    return features, codes, np.array([np.bincount(of_one, minlength=binner.width) for of_one in codes])


def binned(features: list[Feature], counts: Counts, sent: Floats, precision: str = "", batch: int = 1_000) -> Codes:
    """The bins (not flat) of rows (F, n) that come in batches."""
    binner = Binner(features, counts.astype(np.float64))
    precisions = (precision,) if precision else ()
    columns = list(range(len(features)))
    parts = [sent[:, at : at + batch] for at in range(0, sent.shape[1], batch)]
    codes = [binner.bin(part.T.ravel(), part.shape[1], len(sent), columns, precisions).codes for part in parts]
    return np.concatenate(codes, axis=1) % binner.width


def psi(expected: Counts, found: Counts) -> float:
    p, q = (counts / counts.sum() + 1e-3 for counts in (expected, found))
    return float(((p - q) * np.log(p / q)).sum())


@pytest.mark.slow
@pytest.mark.parametrize("name", SENT)
def test_rows_of_a_thousand_random_references_land_in_their_own_bins(name: str) -> None:
    send, precision = SENT[name]
    rng = np.random.default_rng(8)
    for _ in range(ROUNDS):
        columns = [draw(rng) for draw in SORTS.values()]
        features, codes, counts = counted(columns)
        sent = np.array([send(column) for column in columns])

        found = binned(features, counts, sent, precision)

        for at, feature in enumerate(features):
            rounding = BINARY.get(precision or ("float32" if "float32" in name else ""))
            low, high = rounding.cells(sent[at]) if rounding else (sent[at], sent[at])
            first, last = (np.searchsorted(feature.edges, bounds, side="right") for bounds in (low, high))
            same = found[at] == codes[at]
            assert (same | (first != last)).all(), feature
            known = ~np.isnan(sent[at])
            assert ((first <= found[at]) & (found[at] <= last))[known].all(), feature
            assert psi(counts[at], np.bincount(found[at], minlength=counts.shape[1])) < QUIET, feature


@pytest.mark.parametrize("sort", ["repeated decimals", "spikes", "float32"])
@pytest.mark.parametrize("name", ["FP32", "float32 in JSON"])
def test_float32_changes_no_count_of_repeated_values(sort: str, name: str) -> None:
    send, precision = SENT[name]
    features, codes, counts = counted([SORTS[sort](np.random.default_rng(seed)) for seed in range(20)])
    columns = np.array([SORTS[sort](np.random.default_rng(seed)) for seed in range(20)])

    assert np.array_equal(binned(features, counts, send(columns), precision), codes)


LIVE: dict[str, tuple[Callable[[Floats], Floats], str]] = {
    **SENT,
    "bfloat16 in JSON": (bfloat16, ""),
    "float16 in JSON": (cast("f2"), ""),
    "%.3f": (printed("%.3f"), ""),
    "%.4g": (printed("%.4g"), ""),
}


@pytest.mark.parametrize("name", LIVE)
def test_rows_whose_cell_holds_an_edge_are_allotted_without_bias(name: str) -> None:
    rng = np.random.default_rng(4)
    rows = 60_000

    def draws() -> Floats:
        return np.array([rng.uniform(0, 1, rows), rng.uniform(-3, 5, rows), rng.integers(0, 4_000, rows) / 1e4])

    features, _, counts = counted(list(draws()))
    send, precision = LIVE[name]

    found = binned(features, counts, send(draws()), precision)

    for at, codes in enumerate(found):
        both = np.array([counts[at], np.bincount(codes, minlength=counts.shape[1])])
        assert chi2_contingency(both[:, both.sum(axis=0) > 5]).pvalue > 1e-3


def test_a_reference_of_widened_float32_gets_decimals_into_the_same_bins() -> None:
    rng = np.random.default_rng(5)
    decimals = np.array([np.round(rng.normal(10, 3, ROWS), 2), rng.choice([0.1, 0.7, 1.0, 3.0], ROWS)])
    features, codes, counts = counted(list(cast("f4")(decimals)))

    assert [feature.precision for feature in features] == ["float32", "float32"]
    assert np.array_equal(binned(features, counts, decimals), codes)


@pytest.mark.parametrize("form", ["%.3f", "%.6g"])
def test_repeated_values_with_many_digits_are_known_again_with_few(form: str) -> None:
    rng = np.random.default_rng(6)
    spikes = rng.choice([0.123456789, 1 / 3, 2.718281828, 0.0451234], ROWS)
    column = np.where(rng.random(ROWS) < 0.7, spikes, rng.normal(1, 1, ROWS))
    features, _, counts = counted([column])

    found = binned(features, counts, printed(form)(column)[None], batch=16)

    assert psi(counts[0], np.bincount(found[0], minlength=counts.shape[1])) < 1e-3


@pytest.mark.parametrize("form", ["%.3f", "%.6g"])
def test_numbers_with_many_digits_are_rounded_to_those_of_the_reference(form: str) -> None:
    rng = np.random.default_rng(6)
    spikes = rng.choice([0.123456789, 1 / 3, 2.718281828, 0.0451234], ROWS)
    live = np.where(rng.random(ROWS) < 0.7, spikes, rng.normal(1, 1, ROWS))
    features, codes, counts = counted([printed(form)(live)])

    assert np.array_equal(binned(features, counts, live[None], batch=16), codes)


def test_a_live_fraction_between_the_few_integers_of_a_reference_is_not_rounded_away() -> None:
    features, _, counts = counted([np.random.default_rng(7).integers(0, 10, ROWS).astype(np.float64)])
    live = np.random.default_rng(8).uniform(0, 10, (1, 400))

    assert np.array_equal(binned(features, counts, live), Binner(features).cut(live))


@pytest.mark.parametrize("value", [0.0, 0.1, 1.0])
def test_a_coarse_value_that_is_stuck_is_not_spread_over_bins(value: float) -> None:
    features, _, counts = counted([np.random.default_rng(7).normal(0, 0.1, ROWS)])

    found = binned(features, counts, np.full((1, 400), value), batch=16)

    assert len(np.unique(found)) == 1


def test_integers_where_there_were_none_stay_in_their_bins() -> None:
    features, _, counts = counted([np.random.default_rng(7).normal(0, 3, ROWS)])
    live = np.rint(np.random.default_rng(8).normal(0, 3, 400))[None]

    assert np.array_equal(binned(features, counts, live), Binner(features).cut(live))


@pytest.mark.parametrize("unit", [1.15078, 0.1, 1 / 3, 2.54])
def test_products_that_floats_do_not_express_stay_on_their_own_spikes(unit: float) -> None:
    """6 x 1.15078 is 6.904679999999999: rounded to the digits of its neighbours it would be another number."""
    rng = np.random.default_rng(3)
    reference, live = (np.asarray(unit * rng.integers(0, 30, size=(1, 4_000)), np.float64) for _ in range(2))
    features, _, counts = counted(list(reference))

    assert (binned(features, counts, live) == Binner(features).cut(live)).all()


HALVES = Feature("x", Kind.NUMERIC, (0.0, 0.501, 1.0))
"""The edge is in the cell of 0.5, if numbers are sent as bfloat16."""


def settled(numbers: Floats, counts: Sequence[float], batch: int) -> Codes:
    """The bins that rows (n,) of bfloat16 are given, in batches."""
    allotment = Allotment([HALVES], np.array([counts], np.float64))
    parts = [numbers[None, at : at + batch] for at in range(0, len(numbers), batch)]
    codes = [np.searchsorted(HALVES.edges, part, side="right") for part in parts]
    for part, of_part in zip(parts, codes, strict=True):
        allotment.settle(part, of_part, ("bfloat16",))
    return np.asarray(np.concatenate(codes, axis=1)[0])


@pytest.mark.parametrize("rows", [(1_000, 1_000), (100, 1_900), (0, 700)])
def test_the_bins_of_a_cell_share_it_as_the_reference_s_rows_in_it_are_shared(rows: tuple[int, int]) -> None:
    drawn = np.random.default_rng(1).uniform(size=(2, 400_000)) * [[0.501], [0.499]] + [[0.0], [0.501]]
    in_cell = (BFLOAT16.rounded(drawn) == 0.5).mean(axis=1) * rows

    found = np.bincount(settled(np.full(40_000, 0.5), (0, *rows, 0, 0), 1_000), minlength=5)

    assert found[1:3] / 40_000 == pytest.approx(in_cell / in_cell.sum(), abs=0.02)
    assert found[1:3].sum() == 40_000


def test_a_run_is_repeatable_however_its_rows_are_batched() -> None:
    numbers = BFLOAT16.rounded(np.random.default_rng(2).uniform(0.45, 0.55, 5_000))

    assert np.array_equal(settled(numbers, (0, 9, 9, 0, 0), 5_000), settled(numbers, (0, 9, 9, 0, 0), 7))


def test_only_the_numbers_that_an_edge_is_rounded_to_change_their_bin() -> None:
    numbers = BFLOAT16.rounded(np.append(np.random.default_rng(3).uniform(-0.5, 1.5, 5_000), [np.nan, np.inf]))
    plain = np.searchsorted(HALVES.edges, numbers, side="right")

    changed = settled(numbers, (0, 9, 9, 0, 0), 100) != plain

    assert changed.any()
    assert set(numbers[changed]) <= set(BFLOAT16.rounded(np.array(HALVES.edges)))


@pytest.mark.parametrize("sd", [50, 200])
def test_bfloat16_far_from_zero_is_allotted_without_being_declared(sd: float) -> None:
    reference, same = np.random.default_rng(6).normal(5_000, sd, (2, 20_000))
    features, _, counts = counted([reference])

    found = np.bincount(binned(features, counts, bfloat16(same)[None])[0], minlength=counts.shape[1])

    large = counts[0] > 20
    assert chi2_contingency([counts[0][large], found[large]]).pvalue > 1e-3
