"""Laws that every measure keeps, and the size and power of its p-value by simulation (fixed seeds)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from harness.profiles import counted, look, pair_of, profile_of
from sidecar.core.reference.profile import Profile, SideProfile
from sidecar.core.scores.geometry import scale
from sidecar.core.scores.measure import AllScores, Measure, Pair, Scale
from sidecar.core.scores.measures import MEASURES, TITLES
from sidecar.core.words.events import Score
from sidecar.core.words.frame import Side
from tests.laws.spoken import Spoken

each_measure = pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.name)
RNG = np.random.default_rng(11)
MIXED = profile_of(
    {
        "normal": RNG.normal(size=2000).tolist(),
        "ties": RNG.integers(0, 6, 2000).tolist(),
        "spike": np.where(RNG.random(2000) < 0.4, 0.0, RNG.exponential(size=2000)).tolist(),
        "constant": [3.0] * 2000,
        "colour": RNG.choice(["red", "green", "blue"], 2000).tolist(),
        "empty": [None] * 2000,
    }
)
SIDE = MIXED.sides[Side.INPUT]
SHAPE = SIDE.counts.shape
VARIED = {"normal", "ties", "spike", "colour"}
OTHER = counted(
    {
        "normal": RNG.normal(2, 1, size=2000).tolist(),
        "ties": RNG.integers(3, 6, 2000).tolist(),
        "spike": RNG.exponential(3, size=2000).tolist(),
        "constant": [3.0] * 2000,
        "colour": ["blue"] * 2000,
        "empty": [None] * 2000,
    },
    MIXED,
).counts
"""Rows of another distribution, in the same bins."""
SAFE = ("kolmogorov_smirnov", "wasserstein")
"""Measures whose p-values err on the safe side, as their modules say."""
counts = hnp.arrays(np.float64, SHAPE, elements=st.integers(0, 10_000).map(float))
scattered = st.integers(0, 2**32 - 1).map(
    lambda seed: np.random.default_rng(seed).integers(0, 10_000, SHAPE).astype(float)
)
"""Each count drawn by itself, by numpy. Which counts hypothesis draws depends on the modules that are loaded, so on the tests
that run in one process, and they are often all alike: a law that must often have something to say may not rest on them."""


def pair(reference: NDArray[Any], live: NDArray[Any]) -> Pair:
    return pair_of(reference, live, SIDE)


def check_zero(measure: Measure) -> None:
    measured = measure(pair(SIDE.counts, SIDE.counts))

    assert measured.value == pytest.approx(0, abs=1e-9)
    assert measured.debiased == pytest.approx(0, abs=1e-9)
    assert np.all(measured.p_value > 0.99)


def check_range(measure: Measure) -> None:
    spoken = Spoken()

    @settings(derandomize=True)
    @given(reference=counts, live=scattered)
    def law(reference: NDArray[Any], live: NDArray[Any]) -> None:
        measured = measure(pair(reference, live))
        for figure in (measured.value, measured.debiased, measured.p_value):
            assert np.isfinite(figure).all()
        assert np.all(measured.value >= 0)
        assert np.all(measured.debiased >= 0)
        assert np.all((measured.p_value >= 0) & (measured.p_value <= 1))
        spoken.add("certain" if np.any(measured.p_value < 0.01) else "open")  # counts that differ, as a rule

    law()
    spoken.assert_at_least(certain=0.5)


def check_grows(measure: Measure) -> None:
    """The more of another distribution is mixed in, the larger each figure, and the smaller its p-value."""
    ordered = np.asarray(pair(SIDE.counts, SIDE.counts).scale.ordered.any(axis=1))
    varied = [at for at, name in enumerate(SIDE.names) if name in VARIED and (ordered[at] or not measure.ordered_only)]
    mixed = [measure(pair(SIDE.counts, (1 - share) * SIDE.counts + share * OTHER)) for share in (0.1, 0.3, 0.6, 1.0)]
    assert varied
    for before, after in pairwise(mixed):
        assert np.all(after.value[varied] > before.value[varied])
        assert np.all(after.debiased[varied] > before.debiased[varied])
        assert np.all(after.p_value[varied] <= before.p_value[varied])


def check_sees(measure: Measure) -> None:
    rng = np.random.default_rng(5)

    found = rejections(
        lambda: rng.normal(size=2_000).tolist(), lambda: rng.normal(0.5, 1, 500).tolist(), 0.01, 20, (measure,)
    )

    assert found == {measure.name: 1}


@each_measure
def test_a_measure_of_equal_profiles_is_zero(measure: Measure) -> None:
    check_zero(measure)


@pytest.mark.slow  # a hundred tables for each measure
@each_measure
def test_figures_are_finite_and_in_range_for_any_counts(measure: Measure) -> None:
    check_range(measure)


@each_measure
def test_figures_grow_as_live_goes_away_from_the_reference(measure: Measure) -> None:
    check_grows(measure)


@each_measure
def test_a_measure_sees_a_clear_shift(measure: Measure) -> None:
    check_sees(measure)


@pytest.mark.slow  # a hundred tables for each measure
@given(live=counts)
def test_scaling_both_sides_leaves_the_plain_figure_of_every_measure_nearly_alone(live: NDArray[Any]) -> None:
    live = np.where(SIDE.counts > 0, live + 50, 0)  # what PSI makes of an empty bin depends on the rows
    for measure in MEASURES:
        once = measure(pair(SIDE.counts, live)).value
        often = measure(pair(SIDE.counts * 1000, live * 1000)).value

        assert often == pytest.approx(once, rel=0.25, abs=0.02), measure.name


def rejections(
    reference: Callable[[], Any],
    live: Callable[[], Any],
    alpha: float,
    times: int,
    measures: Sequence[Measure] = MEASURES,
) -> dict[str, float]:
    """How often each measure rejects at `alpha`; both samples are drawn anew each time."""
    rejected = dict.fromkeys((measure.name for measure in measures), 0)
    for _ in range(times):
        profile: Profile = profile_of({"x": reference()})
        of_reference = profile.sides[Side.INPUT]
        of_live: SideProfile = counted({"x": live()}, profile)
        both = Pair(of_reference.counts.astype(float), of_live.counts.astype(float), scale(of_reference))
        for name, score in AllScores(measures, both, least_rows=50).of(0).items():
            rejected[name] += isinstance(score, Score) and score.p_value < alpha
    return {name: count / times for name, count in rejected.items()}


def check_not_liberal(measures: Sequence[Measure], kind: str, rows: int, times: int) -> None:
    rng = np.random.default_rng(rows)
    draw: dict[str, Callable[[int], Any]] = {
        "normal": lambda n: rng.normal(size=n).tolist(),
        "ties": lambda n: rng.integers(0, 6, n).tolist(),
        "spike": lambda n: np.where(rng.random(n) < 0.4, 0.0, rng.exponential(size=n)).tolist(),
        "colour": lambda n: rng.choice(["red", "green", "blue"], n).tolist(),
    }
    alpha = 0.05

    found = rejections(lambda: draw[kind](1_000), lambda: draw[kind](rows), alpha, times, measures)

    # 1.5 alpha, and four standard errors of so many trials on top.
    limit = 1.5 * alpha + 4 * (alpha * (1 - alpha) / times) ** 0.5
    assert all(rate <= limit for rate in found.values()), found


@pytest.mark.slow
@pytest.mark.parametrize("rows", [100, 1_000])
@pytest.mark.parametrize("kind", ["normal", "ties", "spike", "colour"])
def test_p_values_are_not_liberal_when_nothing_drifts(kind: str, rows: int) -> None:
    check_not_liberal(MEASURES, kind, rows, times=300)


@each_measure
def test_a_p_value_is_the_share_of_permutations_that_are_as_far_apart(measure: Measure) -> None:
    rng = np.random.default_rng(12)
    times = 2_000
    both = look({"x": rng.integers(0, 6, 3_000).tolist()}, {"x": rng.integers(0, 6, 1_000).tolist()})
    total = (both.reference + both.live)[0].astype(np.int64)
    live = rng.multivariate_hypergeometric(total, 1_000, size=times).astype(np.float64)
    ordered, steps, rest = both.scale.ordered, both.scale.steps, both.scale.rest
    distances = Scale(np.repeat(ordered, times, 0), np.repeat(steps, times, 0), np.repeat(rest, times, 0))

    permuted = measure(Pair(total - live, live, distances)).value
    found = measure(both)

    share = float((permuted >= found.value).mean())
    assert 0.01 < share < 0.9, "it would say little"
    assert float(found.p_value[0]) >= share - 0.04
    assert measure.name in SAFE or float(found.p_value[0]) <= share + 0.04


def test_names_and_titles_are_unique() -> None:
    assert len({measure.name for measure in MEASURES}) == len(MEASURES)
    assert len(set(TITLES.values()) - {""}) == len(MEASURES)
