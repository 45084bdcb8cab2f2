"""Evidence once more, as one would write it down from the formulas: one feature, memory and row at a time, in plain numbers.

What `detector` and `all_features` compute for all features at once is compared with it. Constants are written out, so that a
changed one is noticed. `dependence` has oracles of its own in its tests; here its real parts are used.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from sidecar.core.evidence.dependence import Autocorrelation, RunWeights
from sidecar.core.evidence.null_hypothesis import NullHypothesis
from sidecar.core.stats.divergence import effect
from sidecar.core.words.arrays import Floats, Numbers

MEMORIES = (32.0, 256.0, 2048.0)
LARGEST = 40 * math.log(10)


@dataclass
class Remembered:
    """What one feature has learned by one memory."""

    bins: int
    excess: list[float] = field(default_factory=list)
    total: float = 0.0
    squares: float = 0.0

    def __post_init__(self) -> None:
        self.excess = [0.0] * self.bins

    def learn(self, excess: list[float], added: float, rows: float, memory: float) -> None:
        left = math.exp(-rows / memory)
        self.excess = [old * left + new for old, new in zip(self.excess, excess, strict=True)]
        self.total = self.total * left + added
        self.squares = self.squares * left * left + added

    def difference(self) -> list[float]:
        return [value / self.total if self.total else 0.0 for value in self.excess]

    def rows(self, share: float) -> float:
        """Kish's effective number of rows, of which a share is independent."""
        return self.total**2 / self.squares * share if self.squares else 0.0


class NaiveFeature:
    """The nine detectors of a feature with smooth directions, the three of another."""

    def __init__(self, at: int, null: NullHypothesis) -> None:
        self.at = at
        self.smooth = bool(null.basis[at].any())
        self.sums = [[0.0] * 3 for _ in range(3)]
        self.memories = [Remembered(null.q.shape[1]) for _ in MEMORIES]
        self._past: list[tuple[list[float], float, int]] = []

    def directions(self, null: NullHypothesis, memory: int) -> list[list[float]]:
        """The whole difference, its smooth part, the shift in rank."""
        difference, basis = self.memories[memory].difference(), null.basis[self.at]
        along = [sum(d * b for d, b in zip(difference, direction, strict=True)) for direction in basis.tolist()]
        smooth = [sum(along[k] * basis[k, b] for k in range(5)) for b in range(len(difference))]
        shift = [along[1] * basis[1, b] for b in range(len(difference))]
        return [[d * i for d, i in zip(difference, null.inverse[self.at].tolist(), strict=True)], smooth, shift]

    def length(self, null: NullHypothesis, h: list[float]) -> float:
        return math.sqrt(sum(q * x * x for q, x in zip(null.q[self.at].tolist(), h, strict=True)))

    def bet(self, null: NullHypothesis, share: float, which: int, memory: int) -> list[float]:
        """The logarithm of each bin's factor."""
        h, radius = self.directions(null, memory)[which], float(null.radius[which, self.at])
        length, rows = self.length(null, h), self.memories[memory].rows(share)
        if length <= radius or not length:
            return [0.0] * len(h)
        k = min((1 - radius / length) * rows / (rows + 20), 0.95 / -min(h))
        return [math.log(1 + k * x) - math.log(1 + k * radius * length) for x in h]

    def judge(self, null: NullHypothesis, share: float, bins: list[int], weights: list[float]) -> None:
        beginning = min(math.log(len(bins) / 16), 0.0)
        for which in range(3):
            for memory in range(3):
                bet = self.bet(null, share, which, memory)
                gain = sum(weight * bet[b] for b, weight in zip(bins, weights, strict=True))
                before = max(self.sums[which][memory], beginning)
                self.sums[which][memory] = min(before + gain * share, LARGEST)

    def learn(self, null: NullHypothesis, share: float, bins: list[int], weights: list[float]) -> None:
        excess = [-sum(weights) * q for q in null.q[self.at].tolist()]
        for b, weight in zip(bins, weights, strict=True):
            excess[b] += weight
        self._past.append((excess, sum(weights), len(bins)))
        past: list[tuple[list[float], float, int]] = []
        while sum(rows for _, _, rows in self._past[1:]) >= 64:
            past.append(self._past.pop(0))
        blocks = past if share < 0.8 else [(excess, sum(weights), len(bins))]
        added, rows = sum(block[1] for block in blocks), sum(block[2] for block in blocks)
        summed = [sum(block[0][b] for block in blocks) for b in range(len(excess))]
        for at, memory in enumerate(MEMORIES):
            trail = max(of_bet[at] for of_bet in self.sums) > 2.0
            self.memories[at].learn(summed, added, rows, 2048.0 if trail else memory)

    def log10(self) -> float:
        sums = [value for of_bet in self.sums[: 3 if self.smooth else 1] for value in of_bet]
        return math.log10(sum(math.exp(value) for value in sums) / len(sums))

    def effect(self, null: NullHypothesis, share: float, reference: Floats, memory: int) -> tuple[float, float, Floats]:
        """Not below zero where it stands for one feature; the rows; the live counts."""
        rows = self.memories[memory].rows(share)
        raw = [max(q + d, 0.0) for q, d in zip(null.q[self.at], self.memories[memory].difference(), strict=True)]
        live = np.array(raw) / sum(raw) * rows
        return float(effect(reference[self.at], live, np.array(rows))), rows, live

    def best(self) -> int:
        """The memory whose detector has most evidence; the first of equals, by bet and then by memory."""
        return max(range(9), key=lambda at: self.sums[at // 3][at % 3]) % 3

    def reset(self) -> None:
        self.sums = [[0.0] * 3 for _ in range(3)]
        self.memories = [Remembered(memory.bins) for memory in self.memories]


class NaiveAllFeatures:
    """One bet on each row as a whole."""

    def __init__(self) -> None:
        self.sum = self._squares = self._independent = 0.0

    def judge(
        self,
        rows_by_bin: list[list[int]],
        h: list[list[float]],
        lengths: list[float],
        radius: list[float],
        sure: list[float],
        weights: list[float],
        beginning: float,
    ) -> None:
        """`sure` is, per feature, what is left of the square of h without the noise of its estimate."""
        n, square = len(weights), sum(length**2 for length in lengths)
        within = sum(r * length for r, length in zip(radius, lengths, strict=True))
        sums = [sum(h[f][rows_by_bin[f][i]] for f in range(len(h))) for i in range(n)]
        if len(h) > 1 and sum(sure) > within and self._independent:
            variance = square * max(self._squares / self._independent, 1.0)
            k = min((sum(sure) - within) / variance, 0.95 / -sum(min(of_feature) for of_feature in h))
            gains = [w * (math.log(1 + k * s) - math.log(1 + k * within)) for w, s in zip(weights, sums, strict=True)]
            self.sum = min(max(self.sum, beginning) + sum(gains), LARGEST)
        left = math.exp(-n / 2048)
        self._squares = self._squares * left + sum(s * s for s in sums)
        self._independent = self._independent * left + square * n


class NaiveEvidence:
    """All features of a side, and all together."""

    def __init__(self, null: NullHypothesis, reference: Floats, bins: Numbers) -> None:
        """`bins` (F,) is how many each feature has."""
        self.null, self.reference = null, reference
        self.features = [NaiveFeature(at, null) for at in range(len(bins))]
        self.together = NaiveAllFeatures()
        self._freedom = [1.0 if f.smooth else max(int(bins[f.at]) - 1.0, 1.0) for f in self.features]
        self._autocorrelation = Autocorrelation(null.basis[:, 1])
        self._runs = RunWeights(null.q)
        self._rows = 0

    def share(self, at: int) -> float:
        return float(self._autocorrelation.share[at])

    def update(self, codes: Numbers, runs: Numbers | None) -> None:
        width = self.null.q.shape[1]
        bins = [[int(code) % width for code in row] for row in codes]
        found = None if runs is None else self._runs.weights(codes, runs)
        of_rows = np.ones(codes.shape) if found is None else found
        weights = [[float(weight) for weight in row] for row in of_rows]
        if self._rows >= 128:
            directions = [f.directions(self.null, 2)[2 if f.smooth else 0] for f in self.features]
            for f in self.features:
                f.judge(self.null, self.share(f.at), bins[f.at], weights[f.at])
            self._judge_together(bins, directions, weights)
        self._autocorrelation.add(codes)
        self._rows += codes.shape[1]
        for f in self.features:
            f.learn(self.null, self.share(f.at), bins[f.at], weights[f.at])

    def _judge_together(self, bins: list[list[int]], h: list[list[float]], weights: list[list[float]]) -> None:
        fewest = min(self.share(f.at) for f in self.features)
        lengths = [f.length(self.null, of_feature) for f, of_feature in zip(self.features, h, strict=True)]
        radius = [float(self.null.radius[2 if f.smooth else 0, f.at]) for f in self.features]
        rows = [f.memories[2].rows(self.share(f.at)) for f in self.features]
        sure = [
            max(length**2 - freedom / max(row, 1.0), 0.0)
            for length, freedom, row in zip(lengths, self._freedom, rows, strict=True)
        ]
        least = [min(of_row) * fewest for of_row in zip(*weights, strict=True)]
        self.together.judge(bins, h, lengths, radius, sure, least, min(math.log(len(least) / 16), 0.0))

    def effect(self, at: int) -> tuple[float, float, Floats]:
        feature = self.features[at]
        size, rows, live = feature.effect(self.null, self.share(at), self.reference, feature.best())
        return max(size, 0.0), rows, live

    def effect_of_all(self, left_out: list[bool]) -> tuple[float, float]:
        found = [f.effect(self.null, self.share(f.at), self.reference, 2) for f in self.features]
        size = sum(one[0] for one, known in zip(found, left_out, strict=True) if not known)
        return max(size, 0.0), min(one[1] for one in found)
