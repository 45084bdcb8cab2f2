"""Count, mean, variance and range of each numeric feature, as a monoid: batches merge in any order.

Vectorised over features. Missing and infinite values are ignored; a feature without values has count 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sidecar.core.words.arrays import Floats


@dataclass(frozen=True, eq=False, slots=True)
class Moments:
    """One figure per numeric feature; `squares` is the sum of squared deviations from the mean."""

    count: Floats
    mean: Floats
    squares: Floats
    low: Floats
    high: Floats

    @classmethod
    def empty(cls, features: int) -> Moments:
        """The neutral element."""
        zeros = np.zeros(features)
        return cls(zeros, zeros, zeros, np.full(features, np.inf), np.full(features, -np.inf))

    @classmethod
    def of(cls, numbers: Floats) -> Moments:
        """The moments of numbers (numeric features, n)."""
        finite = np.isfinite(numbers)
        count = finite.sum(axis=1).astype(np.float64)
        whole = bool(finite.all())
        values = numbers if whole else np.where(finite, numbers, 0.0)
        some = np.maximum(count, 1)
        with np.errstate(over="ignore", invalid="ignore"):  # sums may exceed the range of floats: see `sd`
            mean = values.sum(axis=1) / some
            distance = values - mean[:, None]
            distance = distance if whole else np.where(finite, distance, 0.0)
            squares = np.einsum("fr,fr->f", distance, distance)
        low = numbers.min(axis=1, where=finite, initial=np.inf)
        high = numbers.max(axis=1, where=finite, initial=-np.inf)
        return cls(count, mean, np.maximum(squares, 0.0), low, high)

    def merge(self, other: Moments) -> Moments:
        """Both together (Chan, Golub & LeVeque, 1979)."""
        count = self.count + other.count
        some = np.maximum(count, 1)
        with np.errstate(over="ignore", invalid="ignore"):
            step = other.mean - self.mean
            mean = self.mean + step * (other.count / some)
            squares = self.squares + other.squares + step**2 * (self.count * other.count / some)
        return Moments(count, mean, squares, np.minimum(self.low, other.low), np.maximum(self.high, other.high))

    def sd(self) -> Floats:
        """Standard deviation; 0 with fewer than two values, not finite where the sums are not."""
        return np.asarray(np.sqrt(self.squares / np.maximum(self.count - 1, 1)))
