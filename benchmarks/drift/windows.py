"""What most people would build: a Kolmogorov-Smirnov or chi-squared test of each window, with Bonferroni's correction.

Chi-squared is in its likelihood form (G), whose tail is exponential where a count is small; Pearson's is not, and could not be
followed down.

The threshold is not what the test promises but what clean windows of the same stream show: their scores, -log10 of p, have an
exponential tail, which is fitted above the 90th percentile and followed down to the wanted rate of false alarms.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
from scipy import special, stats

from harness.drift_scenarios import Values
from sidecar.core.words.arrays import Floats

WINDOWS = (200, 1_000)
FEW = 10
"""Numbers with so few values are taken for names."""
_LARGEST = 300.0
_TAIL = 0.9
_SIDES: tuple[Literal["left", "right"], ...] = ("left", "right")

Test = Callable[[Values], float]
"""The score of a window of one column."""


def tests_of(reference: Values) -> list[Test]:
    """Of a column: Kolmogorov-Smirnov on its numbers, chi-squared on its names, and on how many are missing if any are."""
    if reference.dtype == object or len(np.unique(reference[~np.isnan(reference)])) <= FEW:
        return [_chi_squared(reference)]
    present = np.sort(reference[~np.isnan(reference)])
    tests: list[Test] = [lambda window: _kolmogorov_smirnov(present, window[~np.isnan(window)])]
    if len(present) < len(reference):
        of_missing = _chi_squared(np.isnan(reference))
        tests.append(lambda window: of_missing(np.isnan(window)))
    return tests


def thresholds(
    tests: Sequence[Test], clean: Sequence[Values], window: int, budget: float, all_tests: int
) -> list[float]:
    """The score of each test that clean rows exceed once in `budget` rows over all of so many tests."""
    level = window / budget / all_tests
    found = []
    for test, column in zip(tests, clean, strict=True):
        starts = range(0, len(column) - window + 1, window)
        scores = np.sort([test(column[at : at + window]) for at in starts])
        body = scores[int(_TAIL * len(scores))]
        excess = scores[scores > body] - body
        slope = float(excess.mean()) if len(excess) else 1 / np.log(10)
        found.append(float(body + slope * np.log((1 - _TAIL) / level)))
    return found


def alarms(tests: Sequence[Test], limits: Sequence[float], live: Sequence[Values], window: int) -> list[int]:
    """Rows seen at the end of each window of `live` whose score exceeds its limit in any test."""
    ends = range(window, len(live[0]) + 1, window)
    return [
        end
        for end in ends
        if any(
            test(column[end - window : end]) > limit for test, limit, column in zip(tests, limits, live, strict=True)
        )
    ]


def _kolmogorov_smirnov(reference: Floats, window: Floats) -> float:
    """-log10 of the asymptotic p-value."""
    if not len(window):
        return 0.0
    window = np.sort(window)
    distance = max(
        float(np.abs(np.searchsorted(window, window, side) / len(window)
                     - np.searchsorted(reference, window, side) / len(reference)).max())
        for side in _SIDES
    )  # fmt: skip
    z = np.sqrt(len(window) * len(reference) / (len(window) + len(reference))) * distance
    p_value = float(special.kolmogorov(z))
    return -np.log10(p_value) if p_value > 1e-12 else float((2 * z**2 - np.log(2)) / np.log(10))


def _chi_squared(reference: Values) -> Test:
    """A test of names against those of the reference; the rare ones, and those that are new, are one."""
    names, counts = np.unique(reference.astype(str), return_counts=True)
    common = names[counts / len(reference) >= 0.01]
    expected = np.append(counts[counts / len(reference) >= 0.01], 0.0)
    expected[-1] = len(reference) - expected.sum()

    def score(window: Values) -> float:
        window = window.astype(str)
        at = np.searchsorted(common, window).clip(max=len(common) - 1)
        which = np.where(common[at] == window, at, len(common))
        counted = np.bincount(which, minlength=len(common) + 1)
        table = np.array([expected, counted])[:, expected + counted > 0]
        if table.shape[1] < 2:
            return 0.0
        mean = table.sum(axis=0) * table.sum(axis=1, keepdims=True) / table.sum()
        statistic = 2 * float(special.xlogy(table, table / mean).sum())
        return min(float(-stats.chi2.logsf(statistic, table.shape[1] - 1) / np.log(10)), _LARGEST)

    return score
