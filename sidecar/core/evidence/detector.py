"""Sequential evidence that live differs from the reference: one e-detector per feature, all features at once.

For each of three memories (32, 256 and 2,048 rows) an exponentially weighted mean estimates how live differs from the
reference q. Each block of rows is bet on with that estimate, before the block is seen. A row in bin b multiplies the
wealth of a bet by

    (1 + k h(b)) / (1 + k r |h|),   |h|^2 = sum q h^2,   k = max(1 - r / |h|, 0) n / (n + PRIOR_ROWS)

where h is a direction, n the rows it was learned from, and r the radius of a ball around q (`null_hypothesis`). There
are three directions: the whole difference (live - q) / q and, for ordered features, its smooth part (`basis`) and its
shift in rank. The mean of the factor is at most 1 for every distribution in the ball, so the wealth is an e-process.
Factors of dependent rows are raised to a power below 1 (`dependence`).

Log-wealth is accumulated as CUSUM does, s <- max(s, 0) + sum of log factors, restarting only where a block begins. The
evidence of a feature is the mean over its bets. The mean number of rows until it first reaches c is at least c *
BLOCK_ROWS, however often it is read (Shin, Ramdas & Rinaldo, "E-detectors", arXiv:2203.03532).

Derivation and proof: docs/math.md, "Evidence". What follows from evidence is decided by `policy`.
"""

from __future__ import annotations

import functools
from collections import deque

import numpy as np

from sidecar.core.evidence.all_features import AllFeaturesDetector, Bet
from sidecar.core.evidence.dependence import FIRST_ROWS, FURTHEST, Autocorrelation, RunWeights
from sidecar.core.evidence.null_hypothesis import BETS, SUBSPACES, null_hypothesis
from sidecar.core.evidence.rate_bets import RateBets
from sidecar.core.evidence.recent import Recent
from sidecar.core.evidence.shape_bets import SHAPES, shape_factors
from sidecar.core.reference.profile import SideProfile
from sidecar.core.stats.divergence import effect
from sidecar.core.words.arrays import Bins, Codes, Floats, Mask, Numbers, Singles

MEMORIES = (32.0, 256.0, 2048.0)
"""Rows after which the weight of a row has decayed to 1/e."""
BLOCK_ROWS = 16
"""Rows of a block. A bet may begin once per block: a smaller block counts as a fraction of one, and a larger one as one, which is
conservative."""
WEALTHY = 2.0
"""Log-wealth from which on a detector keeps its rows as long as the longest memory does. The change that it follows began about
when its log-wealth did, so the rows since then are of one distribution, and more of them make a better bet."""
PRIOR_ROWS = 20.0
"""An estimate from n rows is shrunk by n / (n + PRIOR_ROWS), as if so many rows had come from the reference before it.
Chosen on simulated shifts and on the car-loan data: 10 to 40 hardly differ."""
LARGEST_LOG_WEALTH = 40 * np.log(10.0)
"""Log-wealth is capped at 40 decades, so that evidence can fall again in reasonable time."""
LEARNED_PART, SHAPE_PART, RATE_PART = 0.4, 0.3, 0.3
"""How the mean over a feature's bets is weighted: those that learn, those on known shapes, those on single bins."""
REFRESH_ROWS = (0, 2 * BLOCK_ROWS, 8 * BLOCK_ROWS)
"""Rows after which the bets of each memory are made anew: the longer it is, the less it changes in as many rows. A bet from fewer
rows than were seen is as valid."""
RECENT_ROWS = 2048
"""While no bet is wealthy, the effect that is shown is over so many rows."""
_LEARNED = BETS * len(MEMORIES)
_SIZES = (len(MEMORIES), _LEARNED - len(MEMORIES), len(SHAPES))
"""Bets on a feature: along the whole difference, along smooth directions, and on shapes."""
_GROUPS = np.cumsum([0, *_SIZES[:-1]])
"""Where each of these begins."""
_DELAYED_BELOW = 0.8
"""A feature with a smaller share of independent rows is bet on with rows that are at least `FURTHEST` old."""
_LARGEST_STAKE = 0.95
"""No bet risks more than this share of its wealth on one row."""
_TINY = 1e-300
"""Avoids division by zero."""


class Evidence:
    """The detectors of all F features of one side, with bins padded to B. `mask` (F, B) marks the bins that exist;
    `tolerance` is the chi distance that is never held against live.

    S = len(MEMORIES) memories times BETS directions make the bets on each feature.
    """

    def __init__(self, reference: SideProfile, mask: Mask, tolerance: float) -> None:
        features, width = mask.shape
        self._reference = reference.numbers
        self._null_of = functools.partial(null_hypothesis, reference.features, mask=mask, tolerance=tolerance)
        self.null = self._null_of(self._reference)
        self._smooth = np.asarray(self.null.basis.any(axis=(1, 2)))
        self._features = reference.features
        self._rates = RateBets(reference.features, self._reference, tolerance)
        self._rate_starts = np.searchsorted(self._rates.feature, np.arange(features))
        self._rate_part = RATE_PART / (2 * np.bincount(self._rates.feature, minlength=features))
        shapes = self._shape_factors()
        self._mixture = _mixture(self._smooth, np.asarray(shapes.any(axis=(0, 2))))
        self._recent = Recent((features, width))
        self._judged = 0
        self._reset_at = np.zeros(features, np.int64)
        self._masked = np.zeros(features, np.bool_)
        self.all_features = AllFeaturesDetector(np.where(self._smooth, 1.0, np.maximum(mask.sum(axis=1) - 1.0, 1.0)))
        """The detector of all features together."""
        self._memory = np.array(MEMORIES)[:, None]
        shape = (len(MEMORIES), features)
        self._excess = np.zeros((*shape, width))  # counts minus those that the reference expects
        self._weight = np.zeros(shape)
        self._squared_weight = np.zeros(shape)
        self._log_wealth = np.zeros((_LEARNED + len(SHAPES), features))
        self._log_factors: Singles = np.zeros((_LEARNED + len(SHAPES), features, width), np.float32)
        self._log_factors[_LEARNED:] = shapes
        self._refreshed = [-REFRESH_ROWS[-1]] * len(MEMORIES)  # rows judged when the bets of each memory were made
        self._began = np.zeros(self._log_wealth.shape, np.int64)  # rows judged when each bet began anew
        self._autocorrelation = Autocorrelation(self.null.q, self.null.basis[:, 1])
        self._run_weights = RunWeights(self.null.q)
        self._delayed: deque[tuple[Singles, Floats, int]] = deque()
        self._delayed_rows = 0

    @property
    def knows_dependence(self) -> bool:
        """Whether the independent share was measured yet."""
        return self._autocorrelation.rows >= FIRST_ROWS

    @property
    def independent_share(self) -> Floats:
        """Effective independent rows per row (F,), above 0 and at most 1, measured on recent live rows."""
        return self._autocorrelation.share

    def use_reference(self, counts: Floats) -> None:
        """Compare rows with these reference counts (F, B) from now on: those of a season.

        What was learned in another season stays, because it is the difference from what that season expected.
        """
        self._reference, self.null = counts, self._null_of(counts)
        self._rates.use_reference(counts)
        self._log_factors[_LEARNED:] = self._shape_factors()
        self._forget_bets()

    def update(self, codes: Codes, runs: Numbers | None = None, worth: Floats | None = None) -> None:
        """Settle the bets on one block of rows, flat codes (F, n); then learn from it.

        `runs` (F, n) is the length of the run of equal values before each row, where that is known; `worth` (F, n) what
        each row counts beside the others of its message, where that is less than a row.
        """
        rows = codes.shape[1]
        weights = None if runs is None else self._run_weights.weights(codes, runs, self.independent_share)
        if worth is not None:
            weights = worth if weights is None else weights * worth
        counts = self._counted(codes, weights)
        added = counts.sum(axis=1)
        if self.knows_dependence:
            restart = min(np.log(rows / BLOCK_ROWS), 0.0)
            self._refresh_bets()
            self._settle(np.einsum("dfb,fb->df", self._log_factors, counts), restart)
            self._rates.update(counts, added, self.independent_share, restart, self._judged)
            weight = (1.0 if weights is None else weights.min(axis=0)) * self.independent_share.min()
            self.all_features.update(codes, weight, (restart, LARGEST_LOG_WEALTH), self._judged)
        self._autocorrelation.add(codes)
        excess = counts - added[:, None] * self.null.q
        self._recent.add(excess, added, rows)
        self._judged += rows
        self._learn(*self._learnable(excess, added, rows))

    def _settle(self, gains: Floats, restart: float) -> None:
        """Add the logarithms of a block's factors (D, F) to the wealth, as CUSUM does."""
        np.copyto(self._began, self._judged, where=self._log_wealth < restart)
        wealth = np.maximum(self._log_wealth, restart, out=self._log_wealth)
        wealth += gains * self.independent_share
        np.minimum(wealth, LARGEST_LOG_WEALTH, out=wealth)

    def log10(self) -> Floats:
        """The evidence of each feature (F,): log10 of the mean wealth of its bets."""
        wealth = np.add.reduceat(np.exp(self._log_wealth), _GROUPS, axis=0)
        mean = (wealth * self._mixture).sum(axis=0)
        of_rates = np.exp(self._rates.log_wealth).sum(axis=0)
        mean += np.add.reduceat(of_rates, self._rate_starts) * self._rate_part
        return np.asarray(np.log10(np.maximum(mean, _TINY)))

    def effect(self, features: Numbers) -> tuple[Floats, Floats, Floats]:
        """For the f features with these numbers: the effect (f,) as a debiased PSI over recent rows, the effective
        number of these rows (f,), and live counts (f, B) that add up to it.

        Recent rows are those since the wealthiest bet began; while none is wealthy, the last `RECENT_ROWS`.
        """
        return self._effect(features, self._change_began()[features])

    def effect_of_all(self) -> tuple[float, float]:
        """The sum of effects since the bet on all features began, without those that are left out, and the fewest
        effective rows behind any.

        It is the effect on whole rows if features are independent, and larger than that if they are correlated.
        """
        began = np.maximum(self._reset_at, self.all_features.began)
        effects, rows, _ = self._effect(np.arange(len(began)), began)
        return float(effects[~self._masked].sum()), float(rows.min(initial=np.inf))

    def spans(self, features: Numbers, began: int) -> tuple[Floats, Floats]:
        """Live shares (J, f, B) over the last rows, in J spans back to `began` rows, and their effective rows (J, f)."""
        excess, weight = self._recent.spans(features, began)
        shares = np.maximum(self.null.q[features] + excess / np.maximum(weight, _TINY)[:, :, None], 0.0)
        shares /= np.maximum(shares.sum(axis=2, keepdims=True), _TINY)
        return shares, weight * self.independent_share[features]

    def last_bins(self, feature: int, rows: int) -> Bins:
        """The bins (n,) of the last rows of a feature: so many, or all that came if they are fewer."""
        return self._autocorrelation.last(feature, rows)

    @property
    def judged(self) -> int:
        """Rows judged so far."""
        return self._judged

    def special(self, features: Numbers) -> Mask:
        """Which bins of some features (f, B) have a rate with a criterion of its own."""
        mask = np.zeros(self.null.q.shape, np.bool_)
        mask[self._rates.feature, self._rates.bin] = self._rates.special
        return mask[features]

    def _effect(self, features: Numbers, began: Numbers) -> tuple[Floats, Floats, Floats]:
        """`effect` since the rows (f,) at which each of the features began."""
        excess, weight = self._recent.since(features, began)
        rows = weight * self.independent_share[features]
        shares = self.null.q[features] + excess / np.maximum(weight, _TINY)[:, None]
        shares = np.maximum(shares, 0.0)
        live = shares / np.maximum(shares.sum(axis=1, keepdims=True), _TINY) * rows[:, None]
        return np.maximum(effect(self._reference[features], live, rows), 0.0), rows, live

    def _change_began(self) -> Numbers:
        """Rows judged when each feature's wealthiest bet began (F,); while none is wealthy, `RECENT_ROWS` ago."""
        features = np.arange(self._log_wealth.shape[1])
        with np.errstate(divide="ignore"):
            weighted = self._log_wealth + np.repeat(np.log(self._mixture), _SIZES, axis=0)
        best = weighted.argmax(axis=0)
        top, began = weighted[best, features], self._began[best, features]
        rates = self._rates
        of_rates = rates.log_wealth + np.log(self._rate_part)[rates.feature]
        for direction, at in zip(*np.nonzero(of_rates > top[rates.feature]), strict=True):
            feature = rates.feature[at]
            if of_rates[direction, at] > top[feature]:
                top[feature], began[feature] = of_rates[direction, at], rates.began[direction, at]
        return np.maximum(np.where(top < WEALTHY, self._judged - RECENT_ROWS, began), self._reset_at)

    def _shape_factors(self) -> Floats:
        return shape_factors(self._features, self.null.q, self.null.radius[-1])

    def reset(self, features: Numbers) -> None:
        """Restart the bets on some features. Any stopping time may do so: the decision must not use rows that are still
        to come.
        """
        self._excess[:, features] = 0
        self._weight[:, features] = 0
        self._squared_weight[:, features] = 0
        self._log_wealth[:, features] = 0
        self._began[:, features] = self._judged
        self._rates.reset(features, self._judged)
        self._reset_at[features] = self._judged
        self._forget_bets()

    def leave_out(self, features: Mask) -> Mask:
        """Leave some features (F,), which have a verdict of their own, out of `all_features`; returns those that were not."""
        added = features & ~self._masked
        self._masked = features
        self._forget_bets()
        return np.asarray(added)

    def bets(self) -> Floats:
        """The bets on the next block, if they were made now: the logarithm of the factor of each bin (BETS, S, F, B)."""
        return self._bets(*self._directions(len(MEMORIES)))

    def _forget_bets(self) -> None:
        self._refreshed = [self._judged - REFRESH_ROWS[-1]] * len(MEMORIES)

    def _refresh_bets(self) -> None:
        """Make the bets anew of those memories whose are old enough, and of all shorter ones."""
        pairs = enumerate(zip(self._refreshed, REFRESH_ROWS, strict=True), start=1)
        due = max(at for at, (made, rows) in pairs if self._judged - made >= rows)
        directions, norms = self._directions(due)
        learned = self._log_factors[:_LEARNED].reshape(BETS, len(MEMORIES), *self.null.q.shape)
        learned[:, :due] = self._bets(directions, norms)
        self._refreshed[:due] = [self._judged] * due
        if due == len(MEMORIES):
            self._bet_on_all_features(directions)

    def _bets(self, directions: Floats, norm: Floats) -> Floats:
        radius = self.null.radius[:, None, :]
        fraction = np.maximum(1 - radius / np.maximum(norm, _TINY), 0.0) * self._shrinkage(directions.shape[1])
        factors = fraction[:, :, :, None] * directions
        if factors.min() < -_LARGEST_STAKE:
            fraction = np.minimum(fraction, _LARGEST_STAKE / np.maximum(-directions.min(axis=3), _TINY))
            factors = fraction[:, :, :, None] * directions
        cost = np.log1p(fraction * np.where(fraction > 0, radius, 0.0) * norm)
        return np.asarray(np.log1p(factors) - cost[:, :, :, None])

    def _directions(self, memories: int) -> tuple[Floats, Floats]:
        """Estimated directions h (BETS, S, F, B) of the difference and their norms |h| (BETS, S, F), for the first memories."""
        base = self.null
        difference = self._excess[:memories] / np.maximum(self._weight[:memories], _TINY)[:, :, None]
        directions = np.empty((BETS, *difference.shape))
        whole = np.multiply(difference, base.inverse, out=directions[0])
        square = np.empty((BETS, memories, difference.shape[1]))
        np.einsum("sfb,sfb->sf", difference, whole, out=square[0])
        along = np.matmul(difference.transpose(1, 0, 2), base.basis.transpose(0, 2, 1))  # (F, S, DIRECTIONS)
        for bet, inside in enumerate(SUBSPACES, start=1):
            directions[bet] = np.matmul(along[:, :, inside], base.basis[:, inside]).transpose(1, 0, 2)
            square[bet] = (along[:, :, inside] ** 2).sum(axis=2).T
        return directions, np.sqrt(square)

    def _bet_on_all_features(self, directions: Floats) -> None:
        """Bet on whole rows: along the shift in rank of ordered features and the whole difference of others, by the
        longest memory.
        """
        h = np.where(self._smooth[:, None], directions[-1, -1], directions[0, -1])
        if self._masked.any():
            h[self._masked] = 0.0
        radius = np.where(self._smooth, self.null.radius[-1], self.null.radius[0])
        self.all_features.bet_on(Bet(h, self.null.q, radius, self._effective_rows(slice(-1, None))[0]))

    def _shrinkage(self, memories: int) -> Floats:
        rows = self._effective_rows(slice(memories))
        return np.asarray(rows / (rows + PRIOR_ROWS))

    def _counted(self, codes: Codes, weights: Floats | None) -> Floats:
        """Weighted counts of rows (F, B)."""
        shape = self.null.q.shape
        ravelled = None if weights is None else weights.ravel()
        return np.bincount(codes.ravel(), ravelled, shape[0] * shape[1]).reshape(shape).astype(np.float64, copy=False)

    def _effective_rows(self, memories: slice) -> Floats:
        """Effective sample size (S, F) of the remembered rows: (sum w)^2 / sum w^2 for weights w (Kish, 1965), times
        the independent share.
        """
        squares = np.maximum(self._squared_weight[memories], _TINY)
        return np.asarray(self._weight[memories] ** 2 / squares * self.independent_share)

    def _learnable(self, excess: Floats, added: Floats, rows: int) -> tuple[Floats, Floats, Floats]:
        """What each feature learns now, excess (F, B), weight and rows (F,): this block, or blocks at least `FURTHEST`
        rows old.
        """
        dependent = self.independent_share < _DELAYED_BELOW
        if not dependent.any():
            self._delayed.clear()
            self._delayed_rows = 0
            return excess, added, np.full(len(added), float(rows))
        self._delayed.append((excess.astype(np.float32), added, rows))
        self._delayed_rows += rows
        past: list[tuple[Singles, Floats, int]] = []
        while self._delayed_rows - self._delayed[0][2] >= FURTHEST:
            past.append(self._delayed.popleft())
            self._delayed_rows -= past[-1][2]
        late, late_added = np.zeros_like(excess), np.zeros_like(added)
        for of_block, added_of_block, _ in past:
            late += of_block
            late_added += added_of_block
        learned = np.where(dependent[:, None], late, excess), np.where(dependent, late_added, added)
        return *learned, np.where(dependent, float(sum(rows for _, _, rows in past)), rows)

    def _learn(self, excess: Floats, added: Floats, rows: Floats) -> None:
        """Decay old rows and add the new ones. A memory that has a wealthy bet decays as slowly as the longest."""
        wealthy = self._log_wealth[:_LEARNED].reshape(BETS, len(MEMORIES), -1).max(axis=0) > WEALTHY
        kept = np.exp(-rows / np.where(wealthy, MEMORIES[-1], self._memory))
        self._excess *= kept[:, :, None]
        self._excess += excess
        self._weight = self._weight * kept + added
        self._squared_weight = self._squared_weight * kept**2 + added


def _mixture(smooth: Mask, shaped: Mask) -> Floats:
    """Weights (3, F) of each bet in the mean, by the `_GROUPS` that it is of. Features without smooth directions or shapes have
    fewer bets, which share the rest.
    """
    whole, smoothed, shapes = _SIZES
    learned = LEARNED_PART + np.where(shaped, 0.0, SHAPE_PART)
    return np.array(
        [
            learned / np.where(smooth, whole + smoothed, whole),
            np.where(smooth, learned / (whole + smoothed), 0.0),
            np.where(shaped, SHAPE_PART / shapes, 0.0),
        ]
    )
