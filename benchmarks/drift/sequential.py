"""How often the e-detector cries wolf, and how soon it tells a change: `python -m benchmarks.drift.sequential`.

False alarms are counted as the sidecar raises them (evidence and effect together), and by evidence alone, for references of
several sizes and for rows that are independent, autocorrelated, repeated in bursts, or follow a daily cycle that the reference
knows. A feature that alarms begins anew. Delays are rows from a change to the alarm.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.null_rows import (
    AR,
    BLOCK,
    FEATURES,
    REPEATS,
    autocorrelated,
    blocks,
    bursts,
    cycle,
    independent,
    profile_of,
    seasonal_profile,
)
from sidecar.core.binning.binner import Binner
from sidecar.core.binning.runs import RunLengths
from sidecar.core.evidence.detector import Evidence
from sidecar.core.evidence.policy import Policy, policy, verdict
from sidecar.core.reference.seasons import Season, season_of
from sidecar.core.words.arrays import Floats, Numbers
from sidecar.core.words.events import State
from sidecar.settings import DriftSettings

Stream = Callable[[np.random.Generator, int], Floats]
"""Rows (F, n) of a stream, given a generator and n."""

PIECE = 16_384
"""Rows made at once."""
REFERENCES = (1_000, 10_000, 100_000)
ROWS_A_DAY = 21_600


@dataclass
class Found:
    """What one kind of stream came to."""

    rows: int = 0
    alarms: int = 0
    certain: int = 0
    """Alarms by evidence alone, whatever the effect."""

    def line(self, name: str, reference: int, budget: float) -> str:
        """A row of the table; with no alarm at all the mean is at least rows / 3 (95 %)."""
        means = [
            f"{self.rows / count:,.0f}" if count else f"> {self.rows / 3:,.0f}" for count in (self.alarms, self.certain)
        ]
        told = f"{self.alarms} | {means[0]} | {self.certain} | {means[1]}"
        return f"| {name} | {reference:,} | {budget:.0e} | {self.rows:,} | {told} |"


STREAMS: dict[str, Stream] = {"independent": independent, f"AR(1) {AR}": autocorrelated, f"bursts of {REPEATS}": bursts}


def watch(
    evidence: Evidence, codes: NDArray[np.int64], limits: Policy, found: Found, runs: Numbers | None = None
) -> NDArray[np.int64]:
    """One block; the features that are certain begin anew, and those whose verdict is drift are returned."""
    evidence.update(codes, runs)
    found.rows += codes.shape[1]
    logs = evidence.log10()
    certain = np.flatnonzero(logs >= limits.alarm)
    if not len(certain):
        return certain
    effects = evidence.effect(certain)[0].tolist()
    states = [
        verdict(limits, State.OK, float(logs[at]), size >= limits.material.psi)
        for at, size in zip(certain, effects, strict=True)
    ]
    drifting = certain[[state is State.DRIFT for state in states]]
    found.alarms += len(drifting)
    found.certain += len(certain)
    evidence.reset(certain)
    return drifting


def false_alarms(stream: Stream, reference_rows: int, rows: int, budget: float, references: int, seed: int) -> Found:
    """Null streams, each against a reference of independent rows of its own."""
    rng = np.random.default_rng(seed)
    found = Found()
    limits = policy(DriftSettings(mean_rows_between_false_alarms=budget), FEATURES, 0)
    for _ in range(references):
        reference = profile_of(independent(rng, reference_rows))
        binner = Binner(reference.features)
        evidence = Evidence(reference, binner.mask, DriftSettings().tolerance)
        lengths = RunLengths(FEATURES)
        for start in range(0, rows // references, PIECE):
            values = stream(rng, min(PIECE, rows // references - start))
            repeats, _ = lengths.add(values)
            for at, codes in enumerate(blocks(binner, values)):
                watch(evidence, codes, limits, found, repeats[:, at * BLOCK : (at + 1) * BLOCK])
    return found


def seasonal(reference_rows: int, rows: int, budget: float, references: int, seed: int) -> Found:
    """A daily cycle of `ROWS_A_DAY` rows a day against references that hold it by the hour."""
    rng = np.random.default_rng(seed)
    found = Found()
    limits = policy(DriftSettings(mean_rows_between_false_alarms=budget), FEATURES, 0)
    for _ in range(references):
        reference = seasonal_profile(rng, reference_rows)
        seasons = reference.seasons
        assert seasons is not None
        binner = Binner(reference.features)
        evidence = Evidence(reference, binner.mask, DriftSettings().tolerance)
        standing = -1
        moments = (np.arange(rows // references) * (86_400 // ROWS_A_DAY)) % 86_400
        for start in range(0, len(moments), BLOCK):
            now = moments[start : start + BLOCK]
            hour = season_of(Season.HOUR_OF_DAY, float(now[-1]))
            if hour != standing:
                evidence.use_reference(seasons.reference(hour, reference.counts.shape))
                standing = hour
            for block in blocks(binner, cycle(rng, now)):
                watch(evidence, block, limits, found)
    return found


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="null rows of each kind of stream and reference")
    parser.add_argument("--references", type=int, default=10, help="references drawn for each")
    parser.add_argument("--budget", type=float, default=1e5)
    arguments = parser.parse_args()
    print(
        "| rows | reference | budget | rows watched | alarms | mean rows between | by evidence alone | mean rows between |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for name, stream in STREAMS.items():
        for reference in REFERENCES:
            found = false_alarms(
                stream, reference, arguments.rows, arguments.budget, arguments.references, seed=reference
            )
            print(found.line(name, reference, arguments.budget), flush=True)
    default = DriftSettings().mean_rows_between_false_alarms
    found = false_alarms(independent, REFERENCES[1], 10 * arguments.rows, default, arguments.references, seed=1)
    print(found.line("independent", REFERENCES[1], default), flush=True)
    for reference in REFERENCES:
        found = seasonal(reference, arguments.rows, arguments.budget, arguments.references, seed=reference)
        print(found.line("daily cycle", reference, arguments.budget), flush=True)


if __name__ == "__main__":
    main()
