"""Evidence that more rows break a rule than it allows and, once it is violated, that they no longer do; to be read at any time.

A message is one observation: the share x of its rows that break the rule. Under "the rule is kept" the mean of x, given all that
came before, is at most the allowed rate p. So bets 1 + b (x - p), with 0 < b < 1/p, have a mean of at most 1, whatever rows of
one message have to do with each other; for messages of one row they are likelihood ratios. An e-detector adds them up over all
starts of a change (Shin, Ramdas and Rinaldo, 2022): if there is none, on average as many messages pass before a report as the
threshold says. A recovery bets the other way, from the alarm on, and is wrong with a declared probability. See docs/math.md,
"Rates of violations".

Letters: R rules, m messages, G sizes of bets.
"""

from __future__ import annotations

import numpy as np

from sidecar.core.words.arrays import Floats, Mask, Numbers

_SIZES = 8
"""Bets for changes from half as often again up to every row."""
_LARGEST = 0.95
"""Share of the largest bet that is valid."""
_RECOVERY = np.array([0.2, 0.6, 0.95])
"""Sizes of bets on recovery, as shares of the largest one."""
_MEMORY_ROWS = 1_000.0
"""Rows that a rate is told of where it did not change."""
_LN10 = float(np.log(10.0))


class Rates:
    """The rules of one side; `allowed` (R,) are rates between 0 and 1."""

    def __init__(self, allowed: Floats) -> None:
        rules = len(allowed)
        self._allowed = allowed[:, None]
        least = np.minimum(allowed / 2, _LARGEST / 2)
        shares = np.geomspace(least, np.full(rules, _LARGEST), _SIZES, axis=1) if rules else np.empty((0, _SIZES))
        self._bets = shares / self._allowed
        self._back = -_RECOVERY[None, :] / (1 - self._allowed)
        self._log = np.full((rules, _SIZES), -np.inf)
        self._sum = np.zeros((rules, _SIZES))
        self._since = np.zeros((2, rules, _SIZES))  # rows that broke it, and all, since the sum began
        self._recent = np.zeros((2, rules))
        self._return = np.full((rules, len(_RECOVERY)), -np.inf)
        self._returning = np.zeros(rules, np.bool_)
        self._starts = np.zeros(rules)
        self._empty()

    def add(self, broken: Numbers, sizes: Numbers, looked_at: Mask) -> None:
        """Take m messages of `sizes` (m,) rows, of which `broken` (R, m) break each rule; of rules that were not `looked_at` (R,)
        nothing is learned. They wait for `settle`.
        """
        single = sizes == 1
        self._messages += len(sizes) * looked_at
        self._rows += int(sizes.sum()) * looked_at
        self._bad += broken.sum(axis=1) * looked_at
        self._ones += broken[:, single].sum(axis=1) * looked_at
        self._zeros += (~broken[:, single].astype(np.bool_)).sum(axis=1) * looked_at
        if not single.all():
            shares = broken[:, ~single] / sizes[~single]
            self._shares.append(np.where(looked_at[:, None], shares, np.nan))

    def settle(self) -> None:
        """Bet on the messages that wait; those of one call begin at the same time."""
        if not self._messages.any():
            return
        shares = np.concatenate(self._shares, axis=1) if self._shares else np.empty((len(self._rows), 0))
        growth = self._growth(self._bets, shares)
        with np.errstate(divide="ignore"):  # of rules that were not looked at, nothing begins
            self._log = np.logaddexp(self._log, np.log(self._messages)[:, None]) + growth
        self._follow(growth)
        if self._returning.any():
            self._starts += self._messages > 0
            weight = np.log(6 / np.pi**2) - 2 * np.log(np.maximum(self._starts, 1))[:, None]
            begun = np.where(self._messages[:, None] > 0, weight, -np.inf)
            self._return = np.logaddexp(self._return, begun) + self._growth(self._back, shares)
        self._empty()

    def _empty(self) -> None:
        rules = len(self._allowed)
        self._messages, self._rows, self._bad, self._ones, self._zeros = np.zeros((5, rules), np.int64)
        self._shares: list[Floats] = []

    def log10(self) -> Floats:
        """Evidence (R,) that a rule is broken more often than allowed: log10 of the mean of its bets, not below 0."""
        return np.maximum(_log_mean(self._log) / _LN10, 0.0)

    def recovery_log10(self) -> Floats:
        """Evidence (R,) that a rule is kept again since `violated`."""
        return np.asarray(_log_mean(self._return) / _LN10)

    def violated(self, at: int) -> None:
        """The rule is violated from now on: bet on its recovery."""
        self._return[at], self._starts[at], self._returning[at] = -np.inf, 0, True

    def recovered(self, at: int) -> None:
        """The rule is kept again: what was gathered against it is forgotten."""
        self._log[at], self._returning[at] = -np.inf, False
        self._sum[at] = 0
        self._since[:, at] = 0
        self._recent[:, at] = 0

    def rate(self, at: int) -> tuple[float, int]:
        """The share of rows that break a rule, and of how many: since the change that shows most, or of the last ones."""
        best = int(np.argmax(self._log[at]))
        bad, rows = self._since[:, at, best]
        if not 0 < rows < _MEMORY_ROWS or self._sum[at, best] <= 0:
            bad, rows = self._recent[:, at]
        return (float(bad / rows), round(float(rows))) if rows else (0.0, 0)

    def _follow(self, growth: Floats) -> None:
        """A sum that begins anew where it falls to 0 tells since when rows are broken, as Page's does."""
        self._sum += growth
        self._since += np.stack([self._bad, self._rows])[:, :, None]
        over = self._sum <= 0
        self._sum[over] = 0
        self._since[:, over] = 0
        self._recent = self._recent * np.exp(-self._rows / _MEMORY_ROWS) + np.stack([self._bad, self._rows])

    def _growth(self, bets: Floats, shares: Floats) -> Floats:
        """Logarithm (R, G) of what bets grow by: over messages of one row by their number, over others by share (R, m)."""
        won, lost = np.log1p(bets * (1 - self._allowed)), np.log1p(-bets * self._allowed)
        grown = self._ones[:, None] * won + self._zeros[:, None] * lost
        if shares.shape[1]:
            factors = np.log1p(bets[:, :, None] * (shares - self._allowed)[:, None, :])
            grown = grown + np.nansum(factors, axis=2)
        return np.asarray(grown)


def _log_mean(logs: Floats) -> Floats:
    return np.asarray(np.logaddexp.reduce(logs, axis=1) - np.log(logs.shape[1]))
