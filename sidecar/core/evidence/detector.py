"""Sequential evidence that live differs from the reference: an e-detector per feature, all features at once.

For each of three memories (32, 256 and 2,048 rows) the difference of live from the reference is estimated by an exponentially
weighted mean, and each further block of rows is bet on with it. A bet is a factor a row, 1 + k h(bin), whose mean under the
reference is 1. Three directions h are tried: the whole difference (live - q) / q and, for numeric features, its smooth part, a
polynomial in the rank (`basis`), which learns a change from far fewer rows, and the plain shift in rank. All are e-values for
*every* distribution P within a ball around q, not for q alone: by Cauchy and Schwarz E_P[h] <= radius |h| with |h|^2 = sum q h^2,
so the factor is divided by 1 + k radius |h|. The radius is what the reference can be wrong by, being a sample, plus
`drift.tolerance` (see `null_hypothesis`).
So that they stay e-values, bets are made before the rows are seen. k is the one that makes the
evidence grow most, to second order, if live is what it is estimated to be, 1 - radius / |h| and never below 0, times the trust
that the estimate has earned.

Rows that depend on each other say less than they seem to. The factor of a row is raised to a power below 1 where `dependence`
finds so, and a feature whose rows are correlated is bet on with what was learned at least `FURTHEST` rows ago, since a bet on
a row that is seen to repeat itself always wins.

The logarithms are summed up as CUSUM does, but begin anew only where a block does: s <- max(0, s) + log factors of the
block. exp(s) is at most the Shiryaev-Roberts sum over all blocks that a bet may have begun with, and the mean of that, when
nothing drifts, is at most the number of blocks so far. So the mean number of blocks until it first reaches c is at least
c, and as a block that counts as one beginning has `BLOCK_ROWS` rows (a smaller one counts as so much of one), the mean
number of rows is at least c BLOCK_ROWS. The same holds for a mean of such detectors, over memories and directions and over
features: an alarm at budget times features / BLOCK_ROWS keeps the budget (Shin, Ramdas & Rinaldo, "E-detectors", 2023). What
follows from evidence is `policy`'s to say.
"""

from __future__ import annotations

import functools
from collections import deque

import numpy as np

from sidecar.core.evidence.all_features import AllFeaturesDetector, Bet
from sidecar.core.evidence.dependence import FIRST_ROWS, FURTHEST, Correlation, Runs
from sidecar.core.evidence.null_hypothesis import BETS, SUBSPACES, null_hypothesis
from sidecar.core.evidence.rate_bets import RateBets
from sidecar.core.evidence.recent import Recent
from sidecar.core.evidence.shape_bets import SHAPES, shape_factors
from sidecar.core.reference.profile import SideProfile
from sidecar.core.stats.divergence import effect
from sidecar.core.words.arrays import Codes, Floats, Mask, Numbers

MEMORIES = (32.0, 256.0, 2048.0)
"""Rows after which the weight of a row has fallen to 1/e."""
BLOCK_ROWS = 16
"""Rows of a block that counts as one beginning of a bet; larger blocks count as one too, which is less than they might."""
TRAIL = 2.0
"""Evidence (natural logarithm) from which on a detector remembers as long as the longest does. The change it follows began
about when its evidence did, so what it has seen since is all of one kind, and the more of it the better the bet."""
PRIOR_ROWS = 20.0
"""What is estimated from n rows is trusted as n / (n + PRIOR_ROWS), as if so many rows had come from the reference before.
Chosen on simulated shifts and on the car-loan data: 10 to 40 hardly differ."""
LARGEST = 40 * np.log(10.0)
"""Evidence is cut off at 40 decades; what comes later must not wait for more to be taken back."""
LEARNED_PART, SHAPE_PART, RATE_PART = 0.4, 0.3, 0.3
"""How the mean of a feature's detectors is weighted: those that learn, those of known shapes, those of single bins."""
RECENT_ROWS = 2048
"""Without a trail, the effect that is shown is over so many rows."""
_DEPENDENT = 0.8
"""A feature with a smaller share of independent rows learns late."""
_SURE = 0.95
"""No bet puts more than this share of what there is on one outcome."""
_NONE = 1e-300
"""Divides where there is nothing yet."""


class Evidence:
    """The detectors of all features of one side."""

    def __init__(self, reference: SideProfile, mask: Mask, tolerance: float) -> None:
        features, width = mask.shape
        self._reference = reference.numbers
        self._features = reference.features
        self._null_of = functools.partial(null_hypothesis, reference.features, mask=mask, tolerance=tolerance)
        self.null = self._null_of(self._reference)
        self._smooth = np.asarray(self.null.basis.any(axis=(1, 2)))
        self._ordered = np.array([feature.ordered for feature in reference.features])
        self._rates = RateBets(reference.features, self._reference, tolerance)
        self._rate_starts = np.searchsorted(self._rates.feature, np.arange(features))
        self._shapes = self._shape_factors()
        self._log_shares = _log_shares(self._smooth, self._shapes.any(axis=(0, 2)))
        self._log_rate_share = np.log(RATE_PART / (2 * np.bincount(self._rates.feature, minlength=features)))
        self._recent = Recent()
        self._judged = 0
        self._reset_at = np.zeros(features, np.int64)
        self.masked = np.zeros(features, np.bool_)
        """Features (F,) that `all_features` leaves out, because they have a verdict of their own."""
        self.all_features = AllFeaturesDetector(np.where(self._smooth, 1.0, np.maximum(mask.sum(axis=1) - 1.0, 1.0)))
        """The detector of all features together."""
        self._memory = np.array(MEMORIES)[:, None]
        shape = (len(MEMORIES), features)
        self._excess = np.zeros((*shape, width))  # counts less what the reference expects
        self._total = np.zeros(shape)
        self._squares = np.zeros(shape)
        self._sums = np.zeros((BETS * len(MEMORIES) + len(SHAPES), features))
        self._began = np.zeros(self._sums.shape, np.int64)
        self._correlation = Correlation(self.null.basis[:, 1])
        self._runs = Runs(self.null.q)
        self._late: deque[tuple[Floats, Floats, int]] = deque()
        self._late_rows = 0

    @property
    def independent_share(self) -> Floats:
        """Effective independent rows per row and feature, as measured on recent live rows."""
        return self._correlation.share

    def use_reference(self, counts: Floats) -> None:
        """From now on rows are compared with these reference counts (F, B), those of a season.

        What was learned in another season stays: it is how live differs from what was to be expected then.
        """
        self._reference, self.null = counts, self._null_of(counts)
        self._rates.use_reference(counts)
        self._shapes = self._shape_factors()

    def update(self, codes: Codes, runs: Numbers | None = None) -> None:
        """Judge one block of rows, flat codes (F, n), by the bets; then learn from it.

        `runs` (F, n) says how many equal values in a row came before each, where that is known.
        """
        rows = codes.shape[1]
        weights = None if runs is None else self._runs.weights(codes, runs)
        counts = self._counted(codes, weights)
        added = counts.sum(axis=1)
        if self._correlation.rows >= FIRST_ROWS:
            beginning = min(np.log(rows / BLOCK_ROWS), 0.0)
            directions, lengths = self._directions()
            learned = np.einsum("dsfb,fb->dsf", self._bets(directions, lengths), counts)
            shapes = np.einsum("jfb,fb->jf", self._shapes, counts)
            self._gather(np.concatenate([learned.reshape(-1, len(added)), shapes]), beginning)
            self._rates.update(counts, added, self.independent_share, beginning, self._judged)
            self._update_all_features(codes, directions, weights, beginning)
        self._correlation.add(codes)
        excess = counts - added[:, None] * self.null.q
        self._recent.add(excess, added, rows)
        self._judged += rows
        self._learn(*self._due(excess, added, rows))

    def _gather(self, gains: Floats, beginning: float) -> None:
        """Sum up logarithms of factors (D, F) as CUSUM does."""
        anew = self._sums < beginning
        self._began[anew] = self._judged
        self._sums = np.minimum(np.maximum(self._sums, beginning) + gains * self.independent_share, LARGEST)

    def log10(self) -> Floats:
        """The evidence of each feature: log10 of the mean of its detectors."""
        weighted = self._sums + self._log_shares
        top = weighted.max(axis=0)
        rates = self._rates.sums.max(axis=0)
        highest = np.maximum(top, np.maximum.reduceat(rates, self._rate_starts))
        sums = np.exp(weighted - highest).sum(axis=0)
        of_rates = np.exp(np.minimum(self._rates.sums, LARGEST) - highest[self._rates.feature]).sum(axis=0)
        sums += np.add.reduceat(of_rates, self._rate_starts) * np.exp(self._log_rate_share)
        return np.asarray((highest + np.log(sums)) / np.log(10.0))

    def effect(self, features: Numbers) -> tuple[Floats, Floats, Floats]:
        """For some features: the effect over recent rows, how many these are, and the live counts they stand for (f, B).

        Recent is what came since the detector with most evidence began. The rows are counted as what they are worth.
        """
        excess, weight = self._recent.since(self._trail_began())
        return self._effect(features, excess, weight)

    def effect_of_all(self) -> tuple[float, float]:
        """The sum of effects since the detector of all began, over features that are not `masked`, and the fewest rows behind any.

        That is the effect on whole rows if the features are independent, and more than it if they move together.
        """
        began = np.maximum(self._reset_at, self.all_features.began)
        effects, rows, _ = self._effect(np.arange(len(began)), *self._recent.since(began))
        return float(effects[~self.masked].sum()), float(rows.min(initial=np.inf))

    def _effect(self, features: Numbers, excess: Floats, weight: Floats) -> tuple[Floats, Floats, Floats]:
        share, reference = self.independent_share[features], self._reference[features]
        rows = weight[features] * share
        shares = self.null.q[features] + excess[features] / np.maximum(weight[features], _NONE)[:, None]
        shares = np.maximum(shares, 0.0)
        live = shares / np.maximum(shares.sum(axis=1, keepdims=True), _NONE) * rows[:, None]
        return np.maximum(effect(reference, live, rows), 0.0), rows, live

    def spans(self, features: Numbers, began: int) -> tuple[Floats, Floats]:
        """Live shares (J, f, B) over the rows of late, in J spans back to `began` rows, and what each is worth (J, f)."""
        excess, weight = self._recent.spans(features, began)
        shares = np.maximum(self.null.q[features] + excess / np.maximum(weight, _NONE)[:, :, None], 0.0)
        return shares / np.maximum(shares.sum(axis=2, keepdims=True), _NONE), weight * self.independent_share[features]

    @property
    def judged(self) -> int:
        """Rows judged so far."""
        return self._judged

    def _trail_began(self) -> Numbers:
        """Rows judged when each feature's detector with most evidence began (F,); without a trail, `RECENT_ROWS` ago."""
        features = np.arange(self._sums.shape[1])
        weighted = self._sums + self._log_shares
        best = weighted.argmax(axis=0)
        top, began = weighted[best, features], self._began[best, features]
        for rises, starts in zip(self._rates.sums, self._rates.began, strict=True):
            for at in np.flatnonzero(rises + self._log_rate_share[self._rates.feature] > top[self._rates.feature]):
                feature, mine = self._rates.feature[at], rises[at] + self._log_rate_share[self._rates.feature[at]]
                if mine > top[feature]:
                    top[feature], began[feature] = mine, starts[at]
        quiet = top < TRAIL
        began = np.where(quiet, self._judged - RECENT_ROWS, began)
        return np.maximum(began, self._reset_at)

    def _shape_factors(self) -> Floats:
        return shape_factors(self._features, self.null.q, self.null.radius[-1]).astype(np.float32)

    def reset(self, features: Numbers) -> None:
        """Begin anew for some features; allowed at any time that does not look ahead."""
        self._excess[:, features] = 0
        self._total[:, features] = 0
        self._squares[:, features] = 0
        self._sums[:, features] = 0
        self._began[:, features] = self._judged
        self._rates.reset(features, self._judged)
        self._reset_at[features] = self._judged

    def bets(self) -> Floats:
        """What the next block is bet on: the logarithm of each bin's factor, per direction, memory and feature
        (BETS, S, F, B).
        """
        return self._bets(*self._directions())

    def _bets(self, directions: Floats, length: Floats) -> Floats:
        radius = self.null.radius[:, None, :]
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            share = np.maximum(np.nan_to_num(1 - radius / length, nan=0.0, neginf=0.0), 0.0)
        share *= self._trust()
        share = np.minimum(share, _SURE / np.maximum(-directions.min(axis=3), _NONE))
        cost = np.log1p(share * np.where(share > 0, radius, 0.0) * length)
        return np.asarray(np.log1p(share[:, :, :, None] * directions) - cost[:, :, :, None])

    def _directions(self) -> tuple[Floats, Floats]:
        """What live is seen to differ in: h (BETS, S, F, B), and the lengths |h| (BETS, S, F)."""
        base = self.null
        difference = self._excess / np.maximum(self._total, _NONE)[:, :, None]
        whole = difference * base.inverse
        along = np.einsum("sfb,fkb->sfk", difference, base.basis)
        parts = along * SUBSPACES[:, None, None, :]
        directions = np.concatenate([whole[None], np.einsum("dsfk,fkb->dsfb", parts, base.basis)])
        square = np.concatenate([np.einsum("sfb,sfb->sf", difference, whole)[None], (parts * along).sum(axis=3)])
        return directions, np.sqrt(square)

    def _update_all_features(self, codes: Codes, directions: Floats, weights: Floats | None, beginning: float) -> None:
        """The plain shift of ordered features and the whole difference of others, by the longest memory."""
        h = np.where(self._smooth[:, None], directions[-1, -1], directions[0, -1])
        h[self.masked] = 0.0
        weight = (1.0 if weights is None else weights.min(axis=0)) * self.independent_share.min()
        radius = np.where(self._smooth, self.null.radius[-1], self.null.radius[0])
        rows = self._effective_rows()[-1]
        self.all_features.update(codes, Bet(h, self.null.q, radius, rows), weight, (beginning, LARGEST), self._judged)

    def _trust(self) -> Floats:
        rows = self._effective_rows()
        return np.asarray(rows / (rows + PRIOR_ROWS))

    def _counted(self, codes: Codes, weights: Floats | None) -> Floats:
        """Rows by feature and bin, each with its weight."""
        shape = self.null.q.shape
        ravelled = None if weights is None else weights.ravel()
        return np.bincount(codes.ravel(), ravelled, shape[0] * shape[1]).reshape(shape).astype(np.float64, copy=False)

    def _live(self, memory: Numbers | int, features: Numbers) -> Floats:
        """Shares of the remembered rows (f, B), as they would be in the season that is."""
        excess = self._excess[memory, features] / np.maximum(self._total[memory, features], _NONE)[:, None]
        shares = np.maximum(self.null.q[features] + excess, 0.0)
        return np.asarray(shares / np.maximum(shares.sum(axis=1, keepdims=True), _NONE))

    def _effective_rows(self) -> Floats:
        """What the remembered rows are worth, per memory and feature: rows of weights w stand for (sum w)^2 / sum w^2 rows of
        equal weight (Kish), and of these only the independent share counts.
        """
        return np.asarray(self._total**2 / np.maximum(self._squares, _NONE) * self.independent_share)

    def _due(self, excess: Floats, added: Floats, rows: int) -> tuple[Floats, Floats, Floats]:
        """What each feature learns now, excess (F, B), weight and rows (F,): of the block, or of one that is long past."""
        self._late.append((excess, added, rows))
        self._late_rows += rows
        late, late_added, late_rows = np.zeros_like(excess), np.zeros_like(added), 0
        while self._late_rows - self._late[0][2] >= FURTHEST:
            of_block, added_of_block, rows_of_block = self._late.popleft()
            self._late_rows -= rows_of_block
            late += of_block
            late_added += added_of_block
            late_rows += rows_of_block
        dependent = self.independent_share < _DEPENDENT
        learned = np.where(dependent[:, None], late, excess), np.where(dependent, late_added, added)
        return *learned, np.where(dependent, late_rows, rows)

    def _learn(self, excess: Floats, added: Floats, rows: Floats) -> None:
        """Let old rows fade and add the new ones. A detector that is on a trail lets nothing fade that belongs to it."""
        trail = self._sums[: BETS * len(MEMORIES)].reshape(BETS, len(MEMORIES), -1).max(axis=0) > TRAIL
        left = np.exp(-rows / np.where(trail, MEMORIES[-1], self._memory))
        self._excess *= left[:, :, None]
        self._excess += excess
        self._total = self._total * left + added
        self._squares = self._squares * left**2 + added


def _log_shares(smooth: Mask, shaped: Mask) -> Floats:
    """Logarithm of each detector's part in the mean (D, F); features without smooth directions or shapes have fewer detectors."""
    memories, shapes = len(MEMORIES), len(SHAPES)
    parts = np.zeros((BETS * memories + shapes, len(smooth)))
    parts[:memories] = np.where(smooth, 1 / (BETS * memories), 1 / memories)
    parts[memories : BETS * memories] = np.where(smooth, 1 / (BETS * memories), 0.0)
    parts[: BETS * memories] *= LEARNED_PART + np.where(shaped, 0.0, SHAPE_PART)
    parts[BETS * memories :] = np.where(shaped, SHAPE_PART / shapes, 0.0)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(parts))
