"""Evidence on rates: its false alarms and delays by simulation, and its bets against the definition."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sidecar.core.evidence.rates import Rates
from sidecar.core.words.arrays import Numbers

RECOVERY_ERROR = 0.01


def fed(rates: Rates, broken: Numbers, sizes: Numbers | None = None) -> None:
    """One message after the other, or all at once where there are sizes."""
    rates.add(broken, np.ones(broken.shape[1], np.int64) if sizes is None else sizes, np.ones(len(broken), np.bool_))
    rates.settle()


def until_alarm(
    rates: Rates, rng: np.random.Generator, rate: float, log10: float, most: int, rows: int = 1, together: int = 10
) -> int:
    """Messages until the evidence reaches a threshold, settled a few `together`; `most` where it does not."""
    for at in range(0, most, together):
        fed(rates, rng.binomial(rows, rate, (1, together)), np.full(together, rows, np.int64))
        if rates.log10()[0] >= log10:
            return at + together
    return most


@pytest.mark.slow  # simulates 150 streams for each setting
@pytest.mark.parametrize(
    ("allowed", "together"), [(0.001, 10), (0.01, 10), (0.01, 1), (0.01, 64), (0.2, 10), (0.2, 64)]
)
def test_the_mean_number_of_messages_between_false_alarms_is_at_least_the_threshold(
    allowed: float, together: int
) -> None:
    """At the allowed rate itself, for a threshold of 200: a mean of 200 or more, however many messages are settled at once."""
    rng = np.random.default_rng(1)
    log10 = math.log10(200)
    runs = [until_alarm(Rates(np.array([allowed])), rng, allowed, log10, 2_000, 1, together) for _ in range(150)]

    assert np.mean(runs) >= 200


def test_rows_of_one_message_may_depend_on_each_other_as_they_like() -> None:
    """All 500 rows of one message in a hundred break the rule, which is the allowed rate: no more alarms than of single rows."""
    rng = np.random.default_rng(2)
    runs = []
    for _ in range(100):
        rates, messages = Rates(np.array([0.01])), 0
        while messages < 2_000 and rates.log10()[0] < math.log10(200):
            fed(rates, 500 * rng.binomial(1, 0.01, (1, 10)), np.full(10, 500, np.int64))
            messages += 10
        runs.append(messages)

    assert np.mean(runs) >= 200


@pytest.mark.parametrize(
    ("rate", "rows", "most"), [(1.0, 1, 20), (0.1, 1, 300), (0.03, 1, 3_000), (0.02, 1, 9_000), (0.03, 100, 100)]
)
def test_a_rate_beyond_what_is_allowed_is_certain_soon(rate: float, rows: int, most: int) -> None:
    """Against 1 in 100, for the default budget shared by forty rules: within twice the oracle's log(threshold)/KL."""
    rng = np.random.default_rng(3)
    runs = [until_alarm(Rates(np.array([0.01])), rng, rate, math.log10(4e10), 20_000, rows) for _ in range(15)]

    assert np.median(runs) <= most


def test_one_bad_row_is_no_verdict_even_where_one_in_a_thousand_is_allowed() -> None:
    rates = Rates(np.array([0.001]))
    fed(rates, np.array([[1]]))

    assert rates.log10()[0] < 4


def test_the_evidence_is_the_mean_over_bets_of_the_sum_over_starts() -> None:
    """By the definition: sum over starts s of the product of 1 + b (x - p) over the messages from s on."""
    p, shares = 0.05, [0.0, 1.0, 0.25, 0.5, 0.0]
    rates = Rates(np.array([p]))
    for share in shares:
        fed(rates, np.array([[round(4 * share)]]), np.array([4]))
    sizes = np.geomspace(p / 2, 0.95, 8) / p
    sums = [sum(np.prod([1 + bet * (x - p) for x in shares[start:]]) for start in range(len(shares))) for bet in sizes]

    assert rates.log10()[0] == pytest.approx(math.log10(np.mean(sums)))


def test_a_rule_that_could_not_be_looked_at_learns_nothing() -> None:
    rates = Rates(np.array([0.01, 0.01]))
    for _ in range(30):
        rates.add(np.ones((2, 5), np.int64), np.ones(5, np.int64), np.array([True, False]))
        rates.settle()

    assert rates.log10()[0] > 10
    assert rates.log10()[1] == 0
    assert rates.rate(1) == (0.0, 0)


@pytest.mark.slow  # simulates 400 rules over 20,000 messages
def test_a_false_recovery_is_as_rare_as_declared() -> None:
    """Of 400 violated rules whose rate stays just at the allowed one, the hardest case: at most 1 in 100 in 20,000 messages."""
    rng = np.random.default_rng(4)
    rates = Rates(np.full(400, 0.05))
    for at in range(400):
        rates.violated(at)
    recovered = np.zeros(400, np.bool_)
    for _ in range(2_000):
        fed(rates, rng.binomial(1, 0.05, (400, 10)))
        recovered |= rates.recovery_log10() >= -math.log10(RECOVERY_ERROR)

    assert recovered.mean() <= 0.01


@pytest.mark.parametrize("violated_for", [100, 50_000])
def test_a_recovery_is_found_however_long_the_rule_was_violated(violated_for: int) -> None:
    rng = np.random.default_rng(5)
    rates = Rates(np.array([0.01]))
    rates.violated(0)
    for _ in range(violated_for // 10):
        fed(rates, rng.binomial(1, 0.1, (1, 10)))
    assert rates.recovery_log10()[0] < 2
    messages = 0
    while rates.recovery_log10()[0] < -math.log10(RECOVERY_ERROR):
        fed(rates, np.zeros((1, 10), np.int64))
        messages += 10

    assert messages <= 2_500


def test_the_rate_is_that_since_the_change_and_not_diluted_by_the_rows_before() -> None:
    rng = np.random.default_rng(6)
    rates = Rates(np.array([0.01]))
    for _ in range(500):
        fed(rates, rng.binomial(1, 0.005, (1, 10)))
    for _ in range(10):
        fed(rates, rng.binomial(1, 0.5, (1, 10)))
    rate, rows = rates.rate(0)

    assert rate == pytest.approx(0.5, abs=0.15)
    assert 80 <= rows <= 200


def test_what_was_gathered_is_forgotten_at_a_recovery() -> None:
    rates = Rates(np.array([0.01]))
    fed(rates, np.ones((1, 50), np.int64))
    rates.violated(0)
    rates.recovered(0)

    assert rates.log10()[0] == 0
    assert rates.rate(0) == (0.0, 0)
