"""When a verdict is over: rarely while the change goes on, and soon once it does not."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from sidecar.core.evidence.recovery import Ending, ending
from sidecar.core.reference.materiality import Material, RateChange
from sidecar.core.stats.divergence import effect
from sidecar.core.words.arrays import Floats

MATERIAL = Material(psi=0.1, rate_difference=0.005, rate_ratio=1.75, rate_shift=0.075)
BINS = 10
Q = np.full(BINS, 1 / BINS)
M = 100_000.0
REFERENCE = Q[None] * M
ERROR = 0.01
LOOKS = 12
ROWS = 1_000
"""Of each look, at 1, 2, 4, ... looks back."""


def of_effect(size: float) -> Floats:
    """Shares whose true effect is so large: a tilt."""
    low, high = 0.0, 0.099
    for _ in range(60):
        middle = (low + high) / 2
        found = float(effect(Q[None] * 1e12, _tilted(middle)[None] * 1e12, np.array([1e12]))[0])
        low, high = (middle, high) if found < size else (low, middle)
    return _tilted(low)


def _tilted(by: float) -> Floats:
    return Q + np.linspace(-by, by, BINS)


def looks(
    rng: np.random.Generator, shares: Floats, change: RateChange | None = None, material: Material = MATERIAL
) -> list[Ending]:
    """What each of many looks says, of spans of its last rows."""
    counts = [rng.multinomial(ROWS, shares) for _ in range(LOOKS)]
    reference = rng.multinomial(int(M), Q)[None].astype(float)
    said = []
    for look in range(1, LOOKS + 1):
        spans = [2**power for power in range(5) if 2**power <= look]
        live = np.array([[sum(counts[look - span : look]) / (span * ROWS)] for span in spans])
        rows = np.array([[float(span * ROWS)] for span in spans])
        said.append(ending(reference, live, rows, change, material, ERROR, look))
    return said


@pytest.mark.parametrize("size", [0.05, 0.07, 0.15])
def test_a_verdict_on_a_change_of_half_of_what_matters_or_more_ends_no_more_often_than_declared(size: float) -> None:
    rng = np.random.default_rng(1)
    shares, times = of_effect(size), 150

    wrong = sum(Ending.OVER in looks(rng, shares) for _ in range(times))

    assert wrong <= times * ERROR + 3 * math.sqrt(times * ERROR)


def test_what_matters_is_not_called_lessened_more_often_than_declared() -> None:
    rng = np.random.default_rng(2)
    shares, times = of_effect(0.1), 150

    wrong = sum({Ending.OVER, Ending.LESSENED} & {*looks(rng, shares)} != set() for _ in range(times))

    assert wrong <= times * ERROR + 3 * math.sqrt(times * ERROR)


def test_rows_like_the_reference_end_a_verdict_within_three_looks() -> None:
    rng = np.random.default_rng(3)

    soon = sum(Ending.OVER in looks(rng, Q)[:3] for _ in range(100))

    assert soon >= 95


def test_a_change_of_six_tenths_of_what_matters_lessens_and_is_not_over() -> None:
    rng = np.random.default_rng(4)
    shares = of_effect(0.06)

    said = [looks(rng, shares, material=Material(0.1, 0.005, 1.75, 0.075)) for _ in range(100)]

    assert sum(Ending.LESSENED in one for one in said) >= 60
    assert sum(Ending.OVER in one for one in said) <= 3


@pytest.mark.parametrize(("p", "expected"), [(0.101, True), (0.2, False)])
def test_a_verdict_on_a_rate_ends_with_the_rate(p: float, expected: bool) -> None:
    """The rate that matters is 0.175, half the way there 0.1375; the effect is below what matters in both."""
    rng = np.random.default_rng(5)
    shares = np.array([p, *[(1 - p) / 9] * 9])
    change = RateChange("level", 0, 0.1, 0.25)

    said = [looks(rng, shares, change, Material(3.0, 0.005, 1.75, 0.075)) for _ in range(100)]

    over = sum(Ending.OVER in one for one in said)
    assert over >= 90 if expected else over <= 4
    assert expected or not any(Ending.LESSENED in one for one in said), (
        "the rate is what matters, and it has not lessened"
    )


def test_few_rows_end_nothing() -> None:
    live = Q[None, None]

    assert ending(REFERENCE, live, np.array([[63.0]]), None, Material(9.0, 0.1, 2.0, 0.1), ERROR, 1) is Ending.GOES_ON
    assert ending(REFERENCE, live, np.array([[64.0]]), None, Material(9.0, 0.1, 2.0, 0.1), ERROR, 1) is Ending.OVER
    assert ending(REFERENCE, np.zeros((0, 1, BINS)), np.zeros((0, 1)), None, MATERIAL, ERROR, 1) is Ending.GOES_ON


def test_a_span_in_which_one_feature_has_few_rows_says_nothing_of_any() -> None:
    live = np.broadcast_to(Q, (1, 2, BINS))
    references = np.repeat(REFERENCE, 2, axis=0)

    assert ending(references, live, np.array([[5_000.0, 20.0]]), None, MATERIAL, ERROR, 1) is Ending.GOES_ON
    assert ending(references, live, np.array([[50_000.0] * 2]), None, MATERIAL, ERROR, 1) is Ending.OVER


@pytest.mark.parametrize("look", [1, 3, 10])
@pytest.mark.parametrize("features", [1, 3])
@pytest.mark.parametrize("spans", [1, 4])
@pytest.mark.parametrize(
    "further", [(), (0.0, 1.0)], ids=["", "a bin that nobody has, and one of a single row that is gone"]
)
def test_the_bound_is_that_of_a_non_central_chi_squared_at_the_looks_part_of_the_error(
    look: int, features: int, spans: int, further: tuple[float, ...]
) -> None:
    """Each look has 6 / (pi look)^2 of the error, each span as much of that. The psi at which it is just over is solved for."""
    rows = 1_000.0
    reference = np.concatenate([REFERENCE[0], further])[None]
    shares = np.concatenate([_tilted(0.03), np.zeros(len(further))])
    live = np.broadcast_to(shares, (spans, features, len(shares)))
    m, bins = float(reference.sum()), np.count_nonzero(reference)
    deviations = stats.norm.isf(ERROR * 6 / (math.pi * look) ** 2 / spans)
    worth = 1 / (1 / rows + 1 / m)
    noise = features * 2 * (bins - 1) / worth**2
    found = features * float(effect(reference, shares[None] * rows, np.array([rows]))[0])
    # half - deviations sqrt(noise + 4 half / worth) = found, solved for half
    root = 2 * deviations**2 / worth + math.sqrt(
        (2 * deviations**2 / worth) ** 2 + deviations**2 * noise + 4 * deviations**2 * found / worth
    )
    half = found + root

    for psi, expected in ((2 * half * 1.001, Ending.OVER), (2 * half * 0.999, Ending.LESSENED)):
        said = ending(
            np.repeat(reference, features, axis=0),
            live,
            np.full((spans, features), rows),
            None,
            Material(psi, 0.005, 1.75, 0.075),
            ERROR,
            look,
        )
        assert said is expected
