"""river's ADWIN on the scenarios, at the level that gives the wanted rate of false alarms on clean rows of the same stream.

The directory that is the first argument has `jobs.json`: of each scenario its clean rows, its live ones with the row of the
change, and the rate of false alarms. That rate is too small to be measured, so it is measured at three levels, and followed down.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from river import drift

LEVELS = (10.0, 1.0, 0.1)
"""ADWIN's bound is wide, so levels beyond 1 make sense."""
LEAST_SLOPE = 0.05
LEAST = -250.0
"""The exponent of the least level that there is."""


def alarms(values: Any, level: float, after: int | None = None) -> list[int]:
    """Rows at which a stream alarms; only up to the first that is later than `after`."""
    detector = drift.ADWIN(delta=level)
    found = []
    for row, value in enumerate(values.tolist(), start=1):
        detector.update(value)
        if detector.drift_detected:
            found.append(row)
            if after is not None and row > after:
                break
    return found


def level_for(clean: Any, rate: float) -> float | None:
    """The level at which streams like these (rows, k) alarm so often a row and stream; None where none is quiet on them."""
    counts = [sum(len(alarms(column, level)) for column in clean.T) for level in LEVELS]
    rates = np.log10((np.array(counts) + 0.5) / clean.size)
    levels = np.log10(LEVELS)
    slope = max(float(np.polyfit(levels, rates, 1)[0]), LEAST_SLOPE)
    exponent = float(levels.mean() + (np.log10(rate) - rates.mean()) / slope)
    while exponent > LEAST and any(alarms(column, 10.0**exponent) for column in clean.T):
        exponent = 1.5 * min(exponent, -1.0)
    return 10.0**exponent if exponent > LEAST else None


def first(live: Any, level: float, change: int) -> int | None:
    """Rows from the change to the first alarm of any stream."""
    found = [row for column in live.T for row in alarms(column, level, change) if row > change]
    return min(found) - change if found else None


if __name__ == "__main__":
    directory = Path(sys.argv[1])
    delays = {}
    for job in json.loads((directory / "jobs.json").read_text()):
        level = level_for(np.load(directory / job["clean"]), job["rate"])
        lives = [(np.load(directory / name), change) for name, change in job["live"]]
        delays[job["name"]] = [first(live, level, change) if level else None for live, change in lives]
    sys.stdout.write("\n" + json.dumps(delays) + "\n")
