"""Whether memory grows: a regression of resident memory on time, with an intercept of its own for each process that lived."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

Samples = Sequence[tuple[float, float]]
"""(seconds, bytes)"""


class Slope(NamedTuple):
    """Bytes an hour with the standard error, and over how many seconds of how many lives."""

    bytes_per_hour: float
    error: float
    seconds: float
    lives: int

    @property
    def grows(self) -> bool:
        """By more than three standard errors, and by more than 1 MiB an hour."""
        return self.bytes_per_hour > max(3 * self.error, 1 << 20)


def slope(lives: Mapping[int, Samples], settling_seconds: float) -> Slope | None:
    """One slope for all lives, each without the time in which it settles; None if none lasted longer.

    Least squares with an intercept for each life. Neighbouring samples depend on each other, so each life counts as the
    number of samples that its autocorrelation leaves (lag one, as for an autoregression of order one).
    """
    parts = [_settled(samples, settling_seconds) for samples in lives.values()]
    parts = [part for part in parts if len(part) > 2]
    if not parts:
        return None
    x = np.concatenate([part[:, 0] - part[:, 0].mean() for part in parts])
    y = np.concatenate([part[:, 1] - part[:, 1].mean() for part in parts])
    spread = float(x @ x)
    rate = float(x @ y) / spread
    rest = y - rate * x
    total = float(rest @ rest)
    dependence = max(0.0, min(0.99, float(rest[1:] @ rest[:-1]) / total)) if total else 0.0
    freedom = max(1.0, len(x) * (1 - dependence) / (1 + dependence) - len(parts) - 1)
    error = math.sqrt(total / freedom / (spread * freedom / len(x))) if total else 0.0
    return Slope(3600 * rate, 3600 * error, float(sum(np.ptp(part[:, 0]) for part in parts)), len(parts))


def _settled(samples: Samples, seconds: float) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    every = np.array(samples, dtype=np.float64).reshape(-1, 2)
    return every[every[:, 0] >= every[:1, 0] + seconds]
