"""Whether a drift is over: a decision with a declared error, not the look of one window.

A verdict ends when recent rows contradict a change of half the material effect or more. They are looked at over several spans
(the pieces of `recent`), each time a window closes. For a true effect d, n times PSI is non-central chi-squared with mean
df + n d and variance 2 df + 4 n d; its lower tail is lighter than the normal one, so normal bounds err on the safe side. All
looks of one verdict share its error: the k-th has 6 / (pi k)^2 of it, divided by the spans.
"""

from __future__ import annotations

import enum
import math

import numpy as np

from sidecar.core.reference.materiality import HALF, Material, RateChange, is_over
from sidecar.core.stats.divergence import effect
from sidecar.core.stats.normal import normal_isf
from sidecar.core.words.arrays import Floats

LEAST_ROWS = 64.0


class Ending(enum.Enum):
    """What the rows of late say of a verdict."""

    GOES_ON = "goes on"
    LESSENED = "lessened"
    """Below what matters, but not below half of it."""
    OVER = "over"


def ending(
    reference: Floats,
    live: Floats,
    rows: Floats,
    change: RateChange | None,
    material: Material,
    error: float,
    look: int,
) -> Ending:
    """Of some features whose effects are summed: reference counts (f, B), live shares (J, f, B) over J spans, and what each is
    worth in rows (J, f). `change` is the rate that the verdict on a single feature rests on, if it rests on one; `error` is that
    of the whole verdict, `look` counts from 1.
    """
    known = rows.min(axis=1, initial=np.inf) >= LEAST_ROWS
    if not known.any() or not rows.size:
        return Ending.GOES_ON
    live, rows = live[known], rows[known]
    deviations = float(normal_isf(np.array(error * 6 / (math.pi * look) ** 2 / len(rows))))
    references = np.broadcast_to(reference, live.shape)
    found = effect(references, live * rows[:, :, None], rows).sum(axis=1)
    over, below = (
        found <= limit - deviations * _spread(limit, references, live, rows)
        for limit in (HALF * material.psi, material.psi)
    )
    if change is not None:
        m = float(reference.sum())
        ended = [
            is_over(change, one[0], float(n[0]), m, deviations, material) for one, n in zip(live, rows, strict=True)
        ]
        over, below = over & np.array(ended), below & np.array(ended)
    if over.any():
        return Ending.OVER
    return Ending.LESSENED if below.any() else Ending.GOES_ON


def _spread(true: float, reference: Floats, live: Floats, rows: Floats) -> Floats:
    """Standard deviation of the summed effect over each span (J,) if it is `true`; features taken as independent."""
    m = np.maximum(reference.sum(axis=2), 1.0)
    freedom = np.maximum(((reference > 0) | (live > 0)).sum(axis=2) - 1, 1)
    worth = 1 / (1 / rows + 1 / m)
    noise = (2 * freedom / worth**2).sum(axis=1)
    return np.asarray(np.sqrt(noise + 4 * true / worth.min(axis=1)))
