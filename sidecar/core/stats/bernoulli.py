"""Bounds on a rate of which `k` of `n` rows are known, by relative entropy: no special function, and valid for every n.

Chernoff: for independent rows of rate p, P(K >= k) <= exp(-n KL(k/n, p)) where k/n > p. See Boucheron, Lugosi and Massart,
Concentration Inequalities (2013), section 2.2. For k = 0 it is exact.
"""

from __future__ import annotations

import math

_HALVINGS = 60


def relative_entropy(found: float, rate: float) -> float:
    """KL of two Bernoulli distributions in nats; infinite where `rate` rules out what was found."""
    total = 0.0
    for share, expected in ((found, rate), (1 - found, 1 - rate)):
        if share > 0:
            total += share * math.log(share / expected) if expected > 0 else math.inf
    return total


def tail(k: int, n: int, rate: float) -> float:
    """At least the probability of `k` or more among `n` rows of this rate."""
    if n == 0 or k <= n * rate:
        return 1.0
    return math.exp(-n * relative_entropy(k / n, rate))


def upper_bound(k: int, n: int, error: float) -> float:
    """A rate that the true one exceeds with probability `error` at most; 1 without rows."""
    if n == 0 or k >= n:
        return 1.0
    low, high, most = k / n, 1.0, -math.log(error) / n
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if relative_entropy(k / n, middle) <= most else (low, middle)
    return high
