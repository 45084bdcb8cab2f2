"""Bets on the rate of single bins: missing, unseen, out of range, a level, a spike, the tails. For changes of rare events.

A detector each for a rate that rose and one for a rate that fell. A row is worth p/q if it is in the bin and (1 - p)/(1 - q) if
not, with q the largest (or least) rate that the reference leaves room for, so the factor is an e-value for every distribution
within these bounds. p is what the rows since the detector last began anew have shown, beside a prior: no row from before the
change has a part in it (non-anticipating likelihood ratios: Lorden & Pollak, 2005). `detector` adds these up with its other bets.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sidecar.core.binning.bins import Feature
from sidecar.core.reference.materiality import special
from sidecar.core.stats.gamma import chi2_isf
from sidecar.core.words.arrays import Floats, Mask, Numbers

DOUBT = 1e-3
"""Probability, per bin and side, that the reference's own sampling error is larger than the bounds allow for."""
PRIOR_ROWS = 100.0
"""The prior weighs as much as so many rows."""
PRIOR_RATIO, PRIOR_DIFFERENCE = 2.0, 0.005
"""Before any row is seen, a rate that rose is taken to be that many times the bound, and larger by this at the least."""
REFRESH_ROWS = 32
"""Rows after which bets are made anew from what was seen since they began."""
LARGEST_LOG_WEALTH = 40 * np.log(10.0)
"""As in `detector`: evidence must be able to fall again."""
_LEAST_EDGES = 8
_NEVER = 1e-9
_ROSE = np.array([[True], [False]])
"""Which of the two detectors bets that the rate rose."""


def bet_on(feature: Feature) -> list[int]:
    """The bins that have bets of their own: the special ones, and of numbers the two thin intervals in the tails as well, since
    the whole feature's bets gather little where far values no longer come.
    """
    ends = {2, len(feature.edges) - 2} if feature.ordered and len(feature.edges) >= _LEAST_EDGES else set()
    return sorted({*special(feature), *ends})


def rate_bounds(hits: float, rows: float, tolerance: float) -> tuple[float, float]:
    """The least and the largest rate that `hits` in `rows` leave room for (Poisson, exact), and a tolerance (chi distance).

    The rarer of the event and its complement is taken, for which Poisson's bound is closest to the binomial one.
    """
    if rows <= 0:
        return 0.0, 1.0
    if hits > rows / 2:
        low, high = rate_bounds(rows - hits, rows, tolerance)
        return 1 - high, 1 - low
    low = chi2_isf(1 - DOUBT, round(2 * hits)) / (2 * rows)
    high = chi2_isf(DOUBT, round(2 * hits) + 2) / (2 * rows)
    return max(low - tolerance * low**0.5, 0.0), min(high + tolerance * high**0.5, 1.0)


class RateBets:
    """Two detectors for each of K bins of all features: row 0 bets that the rate rose, row 1 that it fell."""

    def __init__(self, features: Sequence[Feature], counts: Floats, tolerance: float) -> None:
        """`counts` (F, B) are the reference's."""
        pairs = [(at, bin_) for at, feature in enumerate(features) for bin_ in bet_on(feature)]
        self.feature: Numbers = np.array([at for at, _ in pairs], np.int64)
        """The feature of each bin (K,)."""
        self.bin: Numbers = np.array([bin_ for _, bin_ in pairs], np.int64)
        self.special: Mask = np.array([bin_ in special(features[at]) for at, bin_ in pairs], np.bool_)
        """Whether its rate has a criterion of its own (K,): not of the tails."""
        self.log_wealth = np.zeros((2, len(pairs)))
        """Logarithms of the detectors' evidence."""
        self.began = np.zeros((2, len(pairs)), np.int64)
        """Rows that had been judged when each began anew."""
        self._hits = np.zeros((2, len(pairs)))
        self._rows = np.zeros((2, len(pairs)))
        self._tolerance = tolerance
        self._refreshed = -REFRESH_ROWS
        self.use_reference(counts)

    def use_reference(self, counts: Floats) -> None:
        """From now on rates are compared with those of these counts (F, B)."""
        rows = counts.sum(axis=1)[self.feature]
        hits = counts[self.feature, self.bin]
        found = [rate_bounds(h, n, self._tolerance) for h, n in zip(hits.tolist(), rows.tolist(), strict=True)]
        low, high = np.array(found).reshape(-1, 2).T
        self._bound = np.clip(np.array([high, low]), _NEVER, 1 - _NEVER)
        self._idle = np.array([high >= 1, low <= 0]) | (rows <= 0)  # nothing there to bet on
        self._refresh()

    def update(self, counts: Floats, rows: Floats, share: Floats, beginning: float, judged: int) -> None:
        """Judge a block: weighted counts (F, B) and rows (F,), the independent share (F,), what evidence begins with, and how
        many rows were judged before it.
        """
        if judged - self._refreshed >= REFRESH_ROWS:
            self._refresh()
            self._refreshed = judged
        hits = counts.take(self.feature * counts.shape[1] + self.bin)
        seen, share = rows.take(self.feature), share.take(self.feature)
        gain = (hits * self._if_in + seen * self._if_not) * share
        anew = self.log_wealth < beginning
        np.copyto(self.log_wealth, beginning, where=anew)
        np.copyto(self.began, judged, where=anew)
        np.copyto(self._hits, 0.0, where=anew)
        np.copyto(self._rows, 0.0, where=anew)
        self.log_wealth += gain
        np.minimum(self.log_wealth, LARGEST_LOG_WEALTH, out=self.log_wealth)
        self._hits += hits
        self._rows += seen

    def _refresh(self) -> None:
        """Logarithms of the factors of a row that is not in the bin, and what one that is has beyond it (2, K)."""
        rate = (self._hits + _expected(self._bound) * PRIOR_ROWS) / (self._rows + PRIOR_ROWS)
        least = np.where(_ROSE | self._idle, self._bound, _NEVER)
        most = np.where(_ROSE & ~self._idle, 1 - _NEVER, self._bound)
        rate = np.minimum(np.maximum(rate, least), most)
        self._if_not = np.log1p(-rate) - np.log1p(-self._bound)
        self._if_in = np.log(rate) - np.log(self._bound) - self._if_not

    def reset(self, features: Numbers, judged: int) -> None:
        """Begin anew for some features."""
        chosen: Mask = np.isin(self.feature, features)
        self.log_wealth[:, chosen] = self._hits[:, chosen] = self._rows[:, chosen] = 0.0
        self.began[:, chosen] = judged
        self._refresh()


def _expected(bound: Floats) -> Floats:
    """The rates (2, K) that are bet on before any row was seen: such as would matter, and at most half the way to 1."""
    rose = np.minimum(np.maximum(bound[0] * PRIOR_RATIO, bound[0] + PRIOR_DIFFERENCE), (1 + bound[0]) / 2)
    return np.array([rose, bound[1] / PRIOR_RATIO])
