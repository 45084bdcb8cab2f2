"""nannyml: univariate Jensen-Shannon per chunk, thresholds from the reference's own chunks, as it comes."""

from __future__ import annotations

import functools
from importlib.metadata import version
from typing import Any

import nannyml
import pandas as pd

from harness import WINDOWS, run


def look(reference: Any, live: Any, window: int) -> tuple[list[list[int]], int]:
    """Chunks of `window` rows."""
    names = [f"x{at}" for at in range(live.shape[1])]
    calculator = nannyml.UnivariateDriftCalculator(
        column_names=names, chunk_size=window, continuous_methods=["jensen_shannon"]
    )
    calculator.fit(pd.DataFrame(reference, columns=names))
    found = calculator.calculate(pd.DataFrame(live, columns=names)).filter(period="analysis").to_df()
    alarms = [
        [(at + 1) * window, number]
        for number, name in enumerate(names)
        for at, alert in enumerate(found[(name, "jensen_shannon", "alert")].tolist())
        if alert
    ]
    return sorted(alarms), len(found) * window


def report(reference: Any, rows: Any) -> None:
    """10,000 x 20 in one chunk."""
    look(reference, rows, 1_000)


if __name__ == "__main__":
    methods = {f"Jensen-Shannon, chunks of {window}": functools.partial(look, window=window) for window in WINDOWS}
    run(methods, {"Jensen-Shannon report": report}, version("nannyml"))
