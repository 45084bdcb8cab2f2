"""Laws that every measure keeps, and the size and power of its p-value by simulation (fixed seeds)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from scipy import stats

from harness.profiles import counted, pair_of, profile_of
from sidecar.core.reference.profile import Profile, SideProfile
from sidecar.core.scores.geometry import scale
from sidecar.core.scores.measure import Measure, Pair, scores
from sidecar.core.scores.measures import MEASURES
from sidecar.core.words.events import NotEnough, Score
from sidecar.core.words.frame import Side

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
counts = hnp.arrays(np.float64, SHAPE, elements=st.integers(0, 10_000).map(float))


def pair(reference: NDArray[Any], live: NDArray[Any]) -> Pair:
    return pair_of(reference, live, SIDE)


@each_measure
def test_a_measure_of_equal_profiles_is_zero(measure: Measure) -> None:
    measured = measure(pair(SIDE.counts, SIDE.counts))

    assert measured.value == pytest.approx(0, abs=1e-9)
    assert measured.debiased == pytest.approx(0, abs=1e-9)
    assert np.all(measured.p_value > 0.99)


@each_measure
@given(reference=counts, live=counts)
def test_figures_are_finite_and_in_range_for_any_counts(
    measure: Measure, reference: NDArray[Any], live: NDArray[Any]
) -> None:
    measured = measure(pair(reference, live))

    for figure in (measured.value, measured.debiased, measured.p_value):
        assert np.isfinite(figure).all()
    assert np.all(measured.value >= 0)
    assert np.all(measured.debiased >= 0)
    assert np.all((measured.p_value >= 0) & (measured.p_value <= 1))


@each_measure
@given(live=counts)
def test_scaling_both_sides_leaves_the_plain_figure_nearly_alone(measure: Measure, live: NDArray[Any]) -> None:
    live = np.where(SIDE.counts > 0, live + 50, 0)  # what PSI makes of an empty bin depends on the rows
    once = measure(pair(SIDE.counts, live)).value
    often = measure(pair(SIDE.counts * 1000, live * 1000)).value

    assert often == pytest.approx(once, rel=0.25, abs=0.02)


def rejections(reference: Callable[[], Any], live: Callable[[], Any], alpha: float, times: int) -> dict[str, float]:
    """How often each measure rejects at `alpha`; both samples are drawn anew each time."""
    rejected = dict.fromkeys((measure.name for measure in MEASURES), 0)
    for _ in range(times):
        profile: Profile = profile_of({"x": reference()})
        of_reference = profile.sides[Side.INPUT]
        of_live: SideProfile = counted({"x": live()}, profile)
        both = Pair(of_reference.counts.astype(float), of_live.counts.astype(float), scale(of_reference))
        for name, score in scores(MEASURES, both, least_rows=50)[0].items():
            rejected[name] += isinstance(score, Score) and score.p_value < alpha
    return {name: count / times for name, count in rejected.items()}


@pytest.mark.parametrize("rows", [100, 1_000])
@pytest.mark.parametrize("kind", ["normal", "ties", "spike", "colour"])
def test_p_values_are_not_liberal_when_nothing_drifts(kind: str, rows: int) -> None:
    rng = np.random.default_rng(rows)
    draw: dict[str, Callable[[int], Any]] = {
        "normal": lambda n: rng.normal(size=n).tolist(),
        "ties": lambda n: rng.integers(0, 6, n).tolist(),
        "spike": lambda n: np.where(rng.random(n) < 0.4, 0.0, rng.exponential(size=n)).tolist(),
        "colour": lambda n: rng.choice(["red", "green", "blue"], n).tolist(),
    }
    times, alpha = 300, 0.05

    found = rejections(lambda: draw[kind](1_000), lambda: draw[kind](rows), alpha, times)

    # 1.5 alpha, and four standard errors of so many trials on top.
    limit = 1.5 * alpha + 4 * (alpha * (1 - alpha) / times) ** 0.5
    assert all(rate <= limit for rate in found.values()), found


def test_every_measure_sees_a_clear_shift() -> None:
    rng = np.random.default_rng(5)

    found = rejections(lambda: rng.normal(size=2_000).tolist(), lambda: rng.normal(0.5, 1, 500).tolist(), 0.01, 20)

    assert all(rate == 1 for rate in found.values()), found


def test_the_kolmogorov_smirnov_figure_is_scipy_s_up_to_the_width_of_a_bin() -> None:
    rng = np.random.default_rng(6)
    reference, live = rng.normal(size=5_000), rng.normal(0.3, 1.2, 2_000)
    profile = profile_of({"x": reference.tolist()})
    of_reference = profile.sides[Side.INPUT]
    of_live = counted({"x": live.tolist()}, profile)

    found = scores(
        MEASURES, Pair(of_reference.counts.astype(float), of_live.counts.astype(float), scale(of_reference)), 1
    )
    score = found[0]["kolmogorov_smirnov"]

    assert isinstance(score, Score)
    exact = stats.ks_2samp(reference, live).statistic
    assert exact - 0.03 <= score.value <= exact + 1e-9


def test_too_few_rows_are_not_enough_and_say_how_many_are_needed() -> None:
    found = scores(MEASURES, pair(SIDE.counts, np.minimum(SIDE.counts, 1)), least_rows=100)

    assert all(isinstance(score, NotEnough) and "100 needed" in score.reason for score in found[0].values())


def test_measures_that_need_an_order_leave_categories_out() -> None:
    found = dict(zip(SIDE.names, scores(MEASURES, pair(SIDE.counts, SIDE.counts), 1), strict=True))

    assert "wasserstein" in found["normal"]
    assert "wasserstein" not in found["colour"]
    assert "psi" in found["colour"]


def test_names_are_unique() -> None:
    assert len({measure.name for measure in MEASURES}) == len(MEASURES)
