"""The least delay that could be hoped for: a CUSUM of log-likelihood ratios that knows what changes, and into what.

Both distributions are counted over bins of many rows drawn from them. Where a change is in how columns depend on each other, the
bins are those of all of them together. The threshold is the one whose mean number of rows between false alarms is the budget:
measured at low thresholds, and followed up, since that mean grows as the exponential of the threshold (Lorden, 1971).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.drift_delays import Stream
from harness.drift_scenarios import Column, Scenario, Values, table
from sidecar.core.words.arrays import Floats, Numbers

ROWS = 400_000
"""Rows from which each distribution is counted."""
_CUTS = np.concatenate([[0.001, 0.005], np.linspace(0.01, 0.99, 99), [0.995, 0.999]])
_JOINT_CUTS = {2: np.linspace(0.05, 0.95, 19), 3: np.linspace(0.125, 0.875, 7)}
_LOW = 5.0
"""The threshold at which the rate of false alarms is measured (nats)."""


@dataclass(frozen=True)
class Oracle:
    """Log-likelihood ratios by bin of each group of columns, and the threshold (nats)."""

    groups: tuple[_Ratios, ...]
    threshold: float
    scenario: Scenario

    def delay(self, stream: Stream) -> int | None:
        """Rows from the change to the alarm."""
        blocks = _blocks(self.gains(_independent(stream)), self.scenario.message)
        crossed = np.flatnonzero(_cusum(blocks) >= self.threshold)
        return int((crossed[0] + 1) * self.scenario.message * self.scenario.every) if len(crossed) else None

    def gains(self, columns: Sequence[Values]) -> Floats:
        """Nats of each row."""
        return np.asarray(sum(group.of(columns) for group in self.groups))


@dataclass(frozen=True)
class _Ratios:
    columns: tuple[int, ...]
    bins: tuple[_Bins, ...]
    ratio: Floats

    def of(self, columns: Sequence[Values]) -> Floats:
        return self.ratio[_together(self.bins, [columns[at] for at in self.columns])]


class _Bins:
    """Bins of one column: the names, or quantiles and what lies between them, and what is missing."""

    def __init__(self, values: Values, cuts: Floats) -> None:
        self._named = values.dtype == object
        self._edges = np.unique(values.astype(str)) if self._named else np.unique(np.nanquantile(values, cuts))
        self.count = len(self._edges) if self._named else 2 * len(self._edges) + 2

    def of(self, values: Values) -> Numbers:
        if self._named:
            return np.searchsorted(self._edges, values.astype(str))
        found = np.searchsorted(self._edges, values, "left") + np.searchsorted(self._edges, values, "right")
        return np.where(np.isnan(values), self.count - 1, np.minimum(found, self.count - 2))


def oracle(scenario: Scenario, budget: float) -> Oracle:
    """For a scenario, with so many rows between false alarms."""
    rng = np.random.default_rng(11)
    before, after = _both(scenario)
    at = np.zeros(ROWS)
    clean = table(before, len(before), rng, at)
    changed = table(after, len(after), rng, at)
    every = range(len(before))
    groups = [tuple(every)] if scenario.together else [(one,) for one in every]
    ratios = tuple(_ratios(group, clean, changed) for group in groups)
    known = Oracle(ratios, np.inf, scenario)
    gains = known.gains(table(before, len(before), rng, at))
    return Oracle(
        ratios, _threshold(_blocks(gains, scenario.message), budget / scenario.message / scenario.every), scenario
    )


def _both(scenario: Scenario) -> tuple[tuple[Column, ...], tuple[Column, ...]]:
    if scenario.independent is None:
        return scenario.before, scenario.after
    before, after = scenario.independent
    return (before,), (after,)


def _ratios(group: tuple[int, ...], clean: list[Values], changed: list[Values]) -> _Ratios:
    cuts = _JOINT_CUTS.get(len(group), _CUTS)
    bins = tuple(_Bins(np.concatenate([clean[at], changed[at]]), cuts) for at in group)
    size = int(np.prod([one.count for one in bins]))
    counts = [
        np.bincount(_together(bins, [some[at] for at in group]), minlength=size) + 0.5 for some in (clean, changed)
    ]
    return _Ratios(group, bins, np.log(counts[1] / counts[0]))


def _together(bins: Sequence[_Bins], columns: Sequence[Values]) -> Numbers:
    return np.ravel_multi_index([one.of(values) for one, values in zip(bins, columns, strict=True)],
                                [one.count for one in bins])  # fmt: skip


def _independent(stream: Stream) -> list[Values]:
    """The live columns since the change, as values that do not depend on each other."""
    scenario = stream.scenario
    columns = stream.live[: len(scenario.before)]
    if scenario.free is not None:
        columns = [scenario.free(column, np.arange(float(len(column))) * scenario.seconds) for column in columns]
    return [column[stream.change :: scenario.every] for column in columns]


def _blocks(gains: Floats, rows: int) -> Floats:
    """The sums over messages."""
    return gains if rows == 1 else gains[: len(gains) // rows * rows].reshape(-1, rows).sum(axis=1)


def _cusum(gains: Floats) -> Floats:
    """Page's statistic after each step: w <- max(w, 0) + gain."""
    total = np.cumsum(gains)
    return np.asarray(total - np.minimum.accumulate(np.concatenate([[0.0], total[:-1]])))


def _threshold(gains: Floats, budget: float) -> float:
    """Nats, so that there are so many steps between false alarms."""
    alarms, wealth = 0, 0.0
    for gain in gains.tolist():
        wealth = max(wealth, 0.0) + gain
        if wealth >= _LOW:
            alarms, wealth = alarms + 1, 0.0
    between = len(gains) / max(alarms, 1)
    return float(_LOW + np.log(budget / between))
