"""What a reference knows of pairs of features: correlations of their rank scores, and how surely each is known.

A `Joint` adds up as profiles do, so it can be merged over windows, pods and days. The scores are `rank_scores`'; live rows are
compared with it by `scores.joint_drift`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sidecar.core.binning.rank_scores import RankedRows
from sidecar.core.words.arrays import Floats


@dataclass(frozen=True, eq=False)
class Joint:
    """What a reference says of pairs of scores, over `rows` rows: correlations (K, K), and the mean square of a row's
    influence on each (K, K), which is its variance times the rows. A score that does not vary correlates with none, not even
    itself.
    """

    rows: int
    correlations: Floats
    influence: Floats

    def merge(self, other: Joint) -> Joint:
        """Both together: means weighted by rows, as is right for rows of one population."""
        share = other.rows / max(self.rows + other.rows, 1)
        correlations = self.correlations + share * (other.correlations - self.correlations)
        influence = self.influence + share * (other.influence - self.influence)
        return Joint(self.rows + other.rows, correlations, influence)


def joint_of(rows: RankedRows) -> Joint:
    """The reference that some rows make."""
    z = rows.scores()
    count = max(rows.count, 1)
    square = z * z
    r = z @ z.T / count
    # The influence of a row on r is z_i z_j - r (z_i^2 + z_j^2) / 2, here the mean of its square.
    squares = square @ square.T / count
    cross = (square * z) @ z.T / count
    ends = np.diag(squares)
    influence = squares - r * (cross + cross.T) + r**2 / 4 * (ends[:, None] + ends + 2 * squares)
    return Joint(rows.count, r, influence)
