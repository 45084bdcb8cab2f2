"""whylogs: a profile a window, and the KS test of its sketches at 0.05."""

from __future__ import annotations

import functools
from importlib.metadata import version
from typing import Any

import pandas as pd
import whylogs as why
from whylogs.viz.drift.column_drift_algorithms import KS, calculate_drift_scores

from harness import WINDOWS, batch, run

_made: dict[int, Any] = {}


def profiled(rows: Any) -> Any:
    """The view of a profile of rows."""
    return why.log(pd.DataFrame(rows, columns=[f"x{at}" for at in range(rows.shape[1])])).view()


def flags(reference: Any, window: Any) -> list[bool]:
    """Each feature."""
    if id(reference) not in _made:
        _made.clear()
        _made[id(reference)] = profiled(reference)
    drift_map = {f"x{at}": KS() for at in range(window.shape[1])}
    found = calculate_drift_scores(profiled(window), _made[id(reference)], drift_map=drift_map, with_thresholds=True)
    return [bool(found[name]["pvalue"] < 0.05) for name in drift_map]


def log(reference: Any, rows: Any) -> None:
    """10,000 x 20."""
    profiled(rows)


if __name__ == "__main__":
    methods = {
        f"KS of sketches, windows of {window}": functools.partial(batch, flags, window=window) for window in WINDOWS
    }
    run(methods, {"log": log}, version("whylogs"))
