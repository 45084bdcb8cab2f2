"""The e-detector's figures against those of `naive`, block by block: every sum, estimate, bet, effect and reset."""

from __future__ import annotations

import numpy as np
import pytest

from sidecar.core.binning.binner import Binner
from sidecar.core.binning.bins import Feature, Kind
from sidecar.core.binning.cuts import cut_numeric
from sidecar.core.binning.runs import RunLengths
from sidecar.core.evidence.detector import Evidence
from sidecar.core.evidence.null_hypothesis import null_hypothesis
from sidecar.core.reference.moments import Moments
from sidecar.core.reference.profile import SideProfile
from sidecar.core.words.arrays import Codes, Floats, Numbers
from tests.core.evidence.naive import LARGEST, NaiveEvidence

STEADY, CORRELATED, SHIFTED, CONSTANT, COLOUR = range(5)
SIZES = (16, 7, 40, 16, 1, 64, 16, 30)
"""Blocks of many sizes: smaller ones than 16 rows count as part of a beginning."""
CLOSE = 1e-9


def rows_of(rng: np.random.Generator, count: int, change: float = 0.0) -> Floats:
    """A steady feature, one that is autocorrelated, one that changes, a constant that may be missing, and a category whose shares
    change.
    """
    noise = rng.normal(size=count)
    chain = [noise[0]]
    for at in range(1, count):
        chain.append(0.8 * chain[-1] + 0.6 * noise[at])
    colours = rng.choice(3, count, p=[0.5 - 0.2 * change, 0.3, 0.2 + 0.2 * change])
    constant = np.where(rng.random(count) < 0.1 * change, np.nan, 1.0)
    return np.array([rng.normal(size=count), chain, rng.normal(change, 1.0, count), constant, colours])


def reference_of(values: Floats) -> tuple[SideProfile, Binner]:
    numbers = [cut_numeric(f"x{at}", column) for at, column in enumerate(values[:CONSTANT])]
    constant = Feature("constant", Kind.NUMERIC, edges=())
    binner = Binner([*numbers, constant, Feature("colour", Kind.CATEGORICAL, categories=("a", "b", "c"))])
    codes = flat(binner, values) - (np.arange(len(values)) * binner.width)[:, None]
    counts = np.array([np.bincount(row, minlength=binner.width) for row in codes])
    return SideProfile(binner.features, counts, Moments.of(values[:COLOUR])), binner


def flat(binner: Binner, values: Floats) -> Codes:
    """Flat codes (F, n): numbers cut, the category by its number."""
    cut = np.array(
        [np.searchsorted(f.edges, row, side="right") for f, row in zip(binner.features, values, strict=True)]
    )
    cut[CONSTANT] = np.where(np.isnan(values[CONSTANT]), binner.features[CONSTANT].missing, 0)
    cut[COLOUR] = values[COLOUR].astype(np.int64)
    return cut + (np.arange(len(values)) * binner.width)[:, None]


RNG = np.random.default_rng(11)
REFERENCE, BINNER = reference_of(rows_of(RNG, 3_000))
OTHER = REFERENCE.numbers * np.where(np.arange(BINNER.width) < 5, 0.01, 1.0)
"""Reference counts of another season, in which small values are rare."""


FAR = np.array([[0.0], [0.0], [5.0], [0.0], [0.0]])
"""Added to rows: the third feature moves by five standard deviations."""


class Both:
    """The detector and its oracle, fed alike."""

    def __init__(self, runs: bool = False) -> None:
        self.real = Evidence(REFERENCE, BINNER.mask, 0.01)
        self.naive = NaiveEvidence(self.real.null, REFERENCE.numbers, REFERENCE.features, 0.01)
        self._lengths = RunLengths(len(REFERENCE.features)) if runs else None

    def feed(self, codes: Codes, worth: Floats | None = None) -> None:
        """In blocks; compares all figures after each. `worth` (F,) is what each row counts."""
        at = turn = 0
        while at < codes.shape[1]:
            block = codes[:, at : at + SIZES[turn % len(SIZES)]]
            runs: Numbers | None = self._lengths.add(block.astype(np.float64))[0] if self._lengths else None
            each = None if worth is None else np.broadcast_to(worth[:, None], block.shape)
            self.real.update(block, runs, each)
            self.naive.update(block, runs, each)
            self.compare()
            at, turn = at + block.shape[1], turn + 1

    def compare(self) -> None:
        real, naive = self.real, self.naive
        assert real.log10() == pytest.approx([f.log10() for f in naive.features], rel=CLOSE, abs=CLOSE)
        assert real.all_features.log10 == pytest.approx(naive.together.sum / np.log(10), rel=CLOSE, abs=CLOSE)

    def compare_effects(self) -> None:
        features = np.array([COLOUR, SHIFTED, STEADY])
        sizes, rows, live = self.real.effect(features)
        for at, feature in enumerate(features.tolist()):
            size, of_rows, counts = self.naive.effect(feature)
            assert sizes[at] == pytest.approx(size, rel=1e-6, abs=CLOSE)
            assert rows[at] == pytest.approx(of_rows, rel=CLOSE)
            assert live[at] == pytest.approx(counts, rel=CLOSE, abs=CLOSE)
        assert self.real.effect_of_all() == pytest.approx(self.naive.effect_of_all(), rel=1e-6, abs=CLOSE)

    def leave_out(self, features: list[bool]) -> None:
        """Have some features no part in the verdict on all."""
        before = np.array(self.naive.left_out)
        assert self.real.leave_out(np.array(features)).tolist() == (np.array(features) & ~before).tolist()
        self.naive.left_out = features
        self.naive.forget_bets()

    def compare_bets(self) -> None:
        bets = self.real.bets()
        for f in self.naive.features:
            for which in range(3):
                for memory in range(3):
                    expected = self.naive.features[f.at].bet(self.naive.null, self.naive.share(f.at), which, memory)
                    assert bets[which, memory, f.at] == pytest.approx(expected, rel=CLOSE, abs=CLOSE)


@pytest.mark.parametrize("runs", [False, True])
def test_every_figure_is_what_loops_over_rows_make_it(runs: bool) -> None:
    rng = np.random.default_rng(12)
    both = Both(runs)
    both.feed(flat(BINNER, rows_of(rng, 500)))
    assert both.real.independent_share[CORRELATED] < 0.5, "no feature would learn late"
    both.compare_effects()
    changed = rows_of(rng, 500, change=1.0)
    changed[:, 100:130] = changed[:, 100:101]
    both.feed(flat(BINNER, changed))

    assert both.real.log10()[SHIFTED] > 5, "no detector would be on a trail"
    assert both.real.all_features.log10 > 0
    both.compare_effects()
    both.compare_bets()


def test_a_reset_forgets_what_was_learned_of_one_feature_and_nothing_of_the_others() -> None:
    rng = np.random.default_rng(13)
    both = Both()
    both.feed(flat(BINNER, rows_of(rng, 400, change=1.0)))

    both.real.reset(np.array([SHIFTED]))
    both.naive.reset(SHIFTED)
    both.real.all_features.reset()
    both.naive.reset_together()

    both.compare()
    both.feed(flat(BINNER, rows_of(rng, 300, change=1.0)))
    both.compare_effects()


def test_another_season_changes_what_rows_are_compared_with_and_keeps_what_was_learned() -> None:
    rng = np.random.default_rng(14)
    both = Both()
    both.feed(flat(BINNER, rows_of(rng, 300, change=1.0) + FAR))

    both.real.use_reference(OTHER)
    both.naive.reference = OTHER
    both.naive.null = null_hypothesis(REFERENCE.features, OTHER, mask=BINNER.mask, tolerance=0.01)
    both.naive.forget_bets()
    both.naive.place_rates()

    both.compare_effects()
    both.feed(flat(BINNER, rows_of(rng, 300)))
    both.compare_effects()


def test_evidence_ends_at_forty_decades() -> None:
    rng = np.random.default_rng(15)
    both = Both()
    both.feed(flat(BINNER, rows_of(rng, 256)))
    both.feed(flat(BINNER, rows_of(rng, 400, change=1.0) + FAR))

    shifted = both.naive.features[SHIFTED]
    assert max(wealth.log for of_bet in shifted.learned for wealth in of_bet) == LARGEST
    assert max(rate.wealth.log for rate in shifted.rates) == LARGEST


def test_a_feature_that_is_left_out_has_no_part_in_all_features_from_the_next_block_on() -> None:
    rng = np.random.default_rng(19)
    both = Both()
    both.feed(flat(BINNER, rows_of(rng, 500, change=1.0) + FAR))
    assert both.naive.together.sum > 0.1

    both.leave_out([False, False, True, False, False])
    both.real.all_features.reset()
    both.naive.reset_together()
    both.feed(flat(BINNER, rows_of(rng, 300, change=0.7)))
    both.compare_effects()
    both.leave_out([True] * 5)
    both.feed(flat(BINNER, rows_of(rng, 40, change=0.7)))
    assert both.real.effect_of_all()[0] == 0.0


def test_rows_of_a_message_count_what_they_are_worth() -> None:
    rng = np.random.default_rng(20)
    both = Both(runs=True)
    both.feed(flat(BINNER, rows_of(rng, 600, change=1.0)), np.array([1.0, 0.5, 0.25, 0.01, 0.4]))
    both.compare_effects()
    both.compare_bets()


def test_nothing_is_bet_on_the_first_rows_and_from_the_next_on_it_is() -> None:
    evidence = Evidence(REFERENCE, BINNER.mask, 0.01)
    codes = flat(BINNER, rows_of(np.random.default_rng(16), 288) + FAR)
    parts = list(np.split(codes, [256, 272], axis=1))

    evidence.update(parts[0])
    assert evidence.log10() == pytest.approx(np.zeros(5), abs=CLOSE)
    evidence.update(parts[1])
    assert evidence.log10()[SHIFTED] > 0


def test_a_reference_without_rows_is_not_bet_against() -> None:
    empty = SideProfile(REFERENCE.features, np.zeros_like(REFERENCE.counts), Moments.empty(4))
    evidence = Evidence(empty, BINNER.mask, 0.01)
    codes = flat(BINNER, rows_of(np.random.default_rng(17), 480))
    for block in np.split(codes, 30, axis=1):
        evidence.update(block)

    assert evidence.log10() == pytest.approx(np.zeros(5), abs=CLOSE)
    assert not evidence.bets().any()
    assert evidence.all_features.log10 == 0.0


def test_with_no_tolerance_a_category_has_no_smooth_bet_and_nothing_is_divided_by_zero() -> None:
    evidence = Evidence(REFERENCE, BINNER.mask, 0.0)
    codes = flat(BINNER, rows_of(np.random.default_rng(18), 480, change=1.0))
    for block in np.split(codes, 30, axis=1):
        evidence.update(block)

    bets = evidence.bets()
    assert bets[0, :, COLOUR].any()
    assert not bets[1:, :, COLOUR].any()


def test_before_any_row_there_is_no_evidence_no_bet_and_no_effect() -> None:
    evidence = Evidence(REFERENCE, BINNER.mask, 0.01)

    assert evidence.log10() == pytest.approx(np.zeros(5), abs=CLOSE)
    assert not evidence.bets().any()
    assert evidence.effect_of_all() == (0.0, 0.0)
    assert evidence.effect(np.arange(5))[0].tolist() == [0.0] * 5
