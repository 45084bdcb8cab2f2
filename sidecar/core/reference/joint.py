"""What a reference knows of pairs of features: the correlations of their rank scores, and the precision of each.

A `Joint` can be merged over windows, pods and days, as profiles can. The scores are made by `rank_scores`;
`scores.joint_drift` compares live rows with it. Derivation: docs/math.md, "Correlations between features".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sidecar.core.binning.rank_scores import RankedRows
from sidecar.core.words.arrays import Floats


@dataclass(frozen=True, eq=False)
class Joint:
    """Correlations (K, K) of scores over `rows` rows, and the mean square `influence` (K, K) of a row on each, which is
    the variance of the correlation times the rows. A score that does not vary has correlation 0 with all scores, also
    with itself.
    """

    rows: int
    correlations: Floats
    influence: Floats

    def merge(self, other: Joint) -> Joint:
        """Both together: means weighted by rows, which assumes rows of one population."""
        share = other.rows / max(self.rows + other.rows, 1)
        correlations = self.correlations + share * (other.correlations - self.correlations)
        influence = self.influence + share * (other.influence - self.influence)
        return Joint(self.rows + other.rows, correlations, influence)


def joint_of(rows: RankedRows) -> Joint:
    """The correlations of these rows."""
    z = rows.scores()
    count = max(rows.count, 1)
    square = z * z
    r = z @ z.T / count
    # Mean square of the influence function of r: z_i z_j - r (z_i^2 + z_j^2) / 2 (Devlin, Gnanadesikan & Kettenring, 1975).
    squares = square @ square.T / count
    cross = (square * z) @ z.T / count
    ends = np.diag(squares)
    influence = squares - r * (cross + cross.T) + r**2 / 4 * (ends[:, None] + ends + 2 * squares)
    return Joint(rows.count, r, influence)
