"""Evidence once more, as one would write it down from the formulas: one feature, memory and row at a time, in plain numbers.

What `detector`, `rate_bets` and `all_features` compute for all features at once is compared with it. Constants are written out,
so that a changed one is noticed. `dependence`, `recent`, the bounds of rates and the factors of shapes have oracles of their own
in their tests; here their real parts are used.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass, field

import numpy as np

from sidecar.core.binning.bins import Feature, Kind
from sidecar.core.evidence.dependence import Autocorrelation, RunWeights
from sidecar.core.evidence.null_hypothesis import NullHypothesis
from sidecar.core.evidence.rate_bets import rate_bounds
from sidecar.core.evidence.recent import Recent
from sidecar.core.evidence.shape_bets import shape_factors
from sidecar.core.stats.divergence import effect
from sidecar.core.words.arrays import Floats, Numbers

_bounds = functools.cache(rate_bounds)
MEMORIES = (32.0, 256.0, 2048.0)
LARGEST = 40 * math.log(10)


def single(numbers: list[float]) -> list[float]:
    """As they are kept: rounded to single precision."""
    return [float(np.float32(number)) for number in numbers]


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


@dataclass
class Wealth:
    """Of one bet, in logarithms, and how many rows had been judged when it began anew."""

    log: float = 0.0
    began: int = 0

    def settle(self, gain: float, beginning: float, judged: int) -> bool:
        """Whether it began anew."""
        anew = self.log < beginning
        if anew:
            self.began, self.log = judged, beginning
        self.log = min(self.log + gain, LARGEST)
        return anew


class NaiveRate:
    """The bet that the rate of one bin rose, or fell."""

    def __init__(self, at: int, rose: bool) -> None:
        self.at, self.rose, self.wealth = at, rose, Wealth()
        self.hits = self.rows = 0.0
        self._in = self._out = 0.0

    def bet(self, counts: list[float], tolerance: float) -> None:
        """Place the bet on the next rows; `counts` are the reference's."""
        low, high = _bounds(counts[self.at], sum(counts), tolerance)
        self._in = self._out = 0.0
        if not sum(counts) or (high >= 1 if self.rose else low <= 0):
            return
        if self.rose:
            q, prior = high, min(max(2 * high, high + 0.005), (1 + high) / 2)
        else:
            q, prior = low, low / 2
        seen = (self.hits + 100 * prior) / (self.rows + 100)
        p = max(seen, q) if self.rose else min(seen, q)
        self._in, self._out = math.log(p / q), math.log((1 - p) / (1 - q))

    def judge(self, bins: list[int], weights: list[float], share: float, beginning: float, judged: int) -> None:
        gains = [w * (self._in if b == self.at else self._out) for b, w in zip(bins, weights, strict=True)]
        if self.wealth.settle(sum(gains) * share, beginning, judged):
            self.hits = self.rows = 0.0
        self.hits += sum(w for b, w in zip(bins, weights, strict=True) if b == self.at)
        self.rows += sum(weights)


def special(feature: Feature) -> list[int]:
    """All names; of numbers what is missing or out of range, spikes, and the thin intervals of the tails if there are many."""
    if feature.kind is not Kind.NUMERIC:
        return list(range(len(feature.categories) + 3))
    edges = feature.edges
    spikes = [at for at in range(1, len(edges)) if edges[at] == math.nextafter(edges[at - 1], math.inf)]
    tails = [2, len(edges) - 2] if len(edges) >= 8 else []
    return sorted({0, *spikes, *tails, len(edges), len(edges) + 1})


class NaiveFeature:
    """The nine detectors that learn of a feature with smooth directions, the three of another; shapes; rates."""

    def __init__(self, at: int, null: NullHypothesis, feature: Feature) -> None:
        self.at, self.feature = at, feature
        self.smooth = bool(null.basis[at].any())
        self._past: list[tuple[list[float], float, int]] = []
        self._placed: dict[tuple[int, int], list[float]] = {}
        self._shapes_of: NullHypothesis | None = None
        self._shape_bets: list[list[float]] = []
        self.shaped = feature.kind is Kind.NUMERIC and feature.bins - 1 >= 6
        self.begin(0, null.q.shape[1])

    def begin(self, judged: int, bins: int) -> None:
        self.learned = [[Wealth(0.0, judged) for _ in MEMORIES] for _ in range(3)]
        self.shapes = [Wealth(0.0, judged) for _ in range(6)]
        self.rates = [NaiveRate(at, rose) for rose in (True, False) for at in special(self.feature)]
        for rate in self.rates:
            rate.wealth.began = judged
        self.memories = [Remembered(bins) for _ in MEMORIES]

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

    def place(self, null: NullHypothesis, share: float, memory: int) -> None:
        """The bets of one memory, until they are placed anew."""
        for which in range(3):
            self._placed[which, memory] = single(self.bet(null, share, which, memory))

    def judge(self, null: NullHypothesis, share: float, bins: list[int], weights: list[float], judged: int) -> None:
        beginning = min(math.log(len(bins) / 16), 0.0)
        if self._shapes_of is not null:
            found = shape_factors([self.feature], null.q[[self.at]], null.radius[2, [self.at]])
            self._shapes_of, self._shape_bets = null, [single(bet) for bet in found[:, 0].tolist()]
        placed = [(self.learned[which][memory], bet) for (which, memory), bet in self._placed.items()]
        for wealth, bet in [*placed, *zip(self.shapes, self._shape_bets, strict=True)]:
            gain = sum(weight * bet[b] for b, weight in zip(bins, weights, strict=True))
            wealth.settle(gain * share, beginning, judged)
        for rate in self.rates:
            rate.judge(bins, weights, share, beginning, judged)

    def learn(self, null: NullHypothesis, share: float, bins: list[int], weights: list[float], late: bool) -> None:
        """`late` says whether any feature learns late; else nothing is kept for it."""
        excess = [-sum(weights) * q for q in null.q[self.at].tolist()]
        for b, weight in zip(bins, weights, strict=True):
            excess[b] += weight
        kept = (single(excess), sum(weights), len(bins))
        self._past = [*self._past, kept] if late else []
        past: list[tuple[list[float], float, int]] = []
        while sum(rows for _, _, rows in self._past[1:]) >= 64:
            past.append(self._past.pop(0))
        blocks = past if share < 0.8 else [(excess, sum(weights), len(bins))]
        added, rows = sum(block[1] for block in blocks), sum(block[2] for block in blocks)
        summed = [sum(block[0][b] for block in blocks) for b in range(len(excess))]
        for at, memory in enumerate(MEMORIES):
            trail = max(of_bet[at].log for of_bet in self.learned) > 2.0
            self.memories[at].learn(summed, added, rows, 2048.0 if trail else memory)

    def parts(self) -> list[tuple[Wealth, float]]:
        """Every bet with its part of the mean: 0.4 for those that learn, 0.3 for shapes, 0.3 for rates."""
        learned = [wealth for of_bet in self.learned[: 3 if self.smooth else 1] for wealth in of_bet]
        all_learned = 0.4 if self.shaped else 0.7
        return [
            *((wealth, all_learned / len(learned)) for wealth in learned),
            *((wealth, 0.3 / 6) for wealth in self.shapes if self.shaped),
            *((rate.wealth, 0.3 / len(self.rates)) for rate in self.rates),
        ]

    def log10(self) -> float:
        return math.log10(sum(part * math.exp(wealth.log) for wealth, part in self.parts()))

    def change_began(self, judged: int) -> int:
        """When the wealthiest bet began; 2,048 rows ago if none has more than e^2."""
        best, part = max(self.parts(), key=lambda one: one[0].log + math.log(one[1]))
        return best.began if best.log + math.log(part) >= 2.0 else judged - 2048


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
        kept = [single(of_feature) for of_feature in h]
        sums = [sum(kept[f][rows_by_bin[f][i]] for f in range(len(h))) for i in range(n)]
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

    def __init__(
        self, null: NullHypothesis, reference: Floats, features: tuple[Feature, ...], tolerance: float
    ) -> None:
        self.null, self.reference, self.tolerance = null, reference, tolerance
        self.features = [NaiveFeature(at, null, feature) for at, feature in enumerate(features)]
        self.together = NaiveAllFeatures()
        self.left_out = [False] * len(features)
        self.recent = Recent(null.q.shape)
        self.judged = self.together_began = 0
        self._reset_at = [0] * len(features)
        self._freedom = [1.0 if f.smooth else max(f.feature.bins - 1.0, 1.0) for f in self.features]
        self._autocorrelation = Autocorrelation(null.q, null.basis[:, 1])
        self._runs = RunWeights(null.q)
        self._placed = [-128, -128, -128]
        self._rates_placed = -32
        self._bet_on_all: tuple[list[list[float]], list[float], list[float], list[float]] | None = None

    def share(self, at: int) -> float:
        return float(self._autocorrelation.share[at])

    def update(self, codes: Numbers, runs: Numbers | None, worth: Floats | None = None) -> None:
        width = self.null.q.shape[1]
        bins = [[int(code) % width for code in row] for row in codes]
        found = None if runs is None else self._runs.weights(codes, runs, self._autocorrelation.share)
        of_rows = np.ones(codes.shape) if found is None else found
        if worth is not None:
            of_rows = of_rows * worth
        weights = [[float(weight) for weight in row] for row in of_rows]
        if self.judged >= 256:
            self._place()
            for f in self.features:
                f.judge(self.null, self.share(f.at), bins[f.at], weights[f.at], self.judged)
            self._judge_together(bins, weights)
        self._autocorrelation.add(codes)
        excess = np.array([[-sum(w) * q for q in of] for w, of in zip(weights, self.null.q.tolist(), strict=True)])
        for f in self.features:
            for b, weight in zip(bins[f.at], weights[f.at], strict=True):
                excess[f.at, b] += weight
        self.recent.add(excess, np.array([sum(w) for w in weights]), codes.shape[1])
        self.judged += codes.shape[1]
        late = any(self.share(f.at) < 0.8 for f in self.features)
        for f in self.features:
            f.learn(self.null, self.share(f.at), bins[f.at], weights[f.at], late)

    def forget_bets(self) -> None:
        """All are placed anew before the next block."""
        self._placed = [self.judged - 128] * 3

    def _place(self) -> None:
        """Bets of the first memory in every block, of the second every 32 rows, of the third every 128."""
        due = max(m for m in range(3) if self.judged - self._placed[m] >= (0, 32, 128)[m])
        for memory in range(due + 1):
            self._placed[memory] = self.judged
            for f in self.features:
                f.place(self.null, self.share(f.at), memory)
        if due == 2:
            self._bet_together()
        if self.judged - self._rates_placed >= 32:
            self.place_rates()
            self._rates_placed = self.judged

    def place_rates(self) -> None:
        for f in self.features:
            for rate in f.rates:
                rate.bet(self.reference[f.at, : f.feature.bins].tolist(), self.tolerance)

    def _bet_together(self) -> None:
        h = [f.directions(self.null, 2)[2 if f.smooth else 0] for f in self.features]
        h = [[0.0] * len(one) if out else one for one, out in zip(h, self.left_out, strict=True)]
        lengths = [f.length(self.null, of_feature) for f, of_feature in zip(self.features, h, strict=True)]
        radius = [float(self.null.radius[2 if f.smooth else 0, f.at]) for f in self.features]
        rows = [f.memories[2].rows(self.share(f.at)) for f in self.features]
        sure = [
            max(length**2 - freedom / max(row, 1.0), 0.0)
            for length, freedom, row in zip(lengths, self._freedom, rows, strict=True)
        ]
        self._bet_on_all = h, lengths, radius, sure

    def _judge_together(self, bins: list[list[int]], weights: list[list[float]]) -> None:
        assert self._bet_on_all
        h, lengths, radius, sure = self._bet_on_all
        fewest = min(self.share(f.at) for f in self.features)
        least = [min(of_row) * fewest for of_row in zip(*weights, strict=True)]
        beginning = min(math.log(len(least) / 16), 0.0)
        if self.together.sum < beginning:
            self.together_began = self.judged
        self.together.judge(bins, h, lengths, radius, sure, least, beginning)

    def reset(self, at: int) -> None:
        """Forget one feature."""
        self.features[at].begin(self.judged, self.null.q.shape[1])
        self._reset_at[at] = self.judged
        self.forget_bets()
        self.place_rates()

    def reset_together(self) -> None:
        self.together.sum, self.together_began = 0.0, self.judged

    def _effect(self, at: int, began: int) -> tuple[float, float, Floats]:
        every = np.arange(len(self.features))
        excess, weight = self.recent.since(every, np.full(len(every), max(began, self._reset_at[at])))
        rows, total = float(weight[at]) * self.share(at), max(float(weight[at]), 1e-300)
        raw = [max(q + e / total, 0.0) for q, e in zip(self.null.q[at].tolist(), excess[at].tolist(), strict=True)]
        live = np.array(raw) / sum(raw) * rows
        return max(float(effect(self.reference[at], live, np.array(rows))), 0.0), rows, live

    def effect(self, at: int) -> tuple[float, float, Floats]:
        """The effect, the rows and the live counts since the change began."""
        return self._effect(at, self.features[at].change_began(self.judged))

    def effect_of_all(self) -> tuple[float, float]:
        found = [self._effect(f.at, self.together_began) for f in self.features]
        size = sum(one[0] for one, out in zip(found, self.left_out, strict=True) if not out)
        return size, min(one[1] for one in found)
