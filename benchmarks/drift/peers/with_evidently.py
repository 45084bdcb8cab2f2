"""evidently: the drift of each column as its preset chooses the test (a normed Wasserstein distance above 0.1 here)."""

from __future__ import annotations

import functools
from typing import Any

import evidently
import pandas as pd
from evidently import Report
from evidently.presets import DataDriftPreset

from harness import WINDOWS, batch, run


def drifted(reference: Any, window: Any) -> list[bool]:
    """Each column."""
    names = [f"x{at}" for at in range(window.shape[1])]
    frames = (pd.DataFrame(rows, columns=names) for rows in (window, reference))
    found = Report([DataDriftPreset()]).run(*frames).dict()["metrics"]
    values = {one["config"].get("column"): one for one in found if one["config"].get("column")}
    return [bool(values[name]["value"] > values[name]["config"]["threshold"]) for name in names]


def report(reference: Any, rows: Any) -> None:
    """One window of 10,000 x 20."""
    drifted(reference, rows)


if __name__ == "__main__":
    window = WINDOWS[-1]  # a look takes a second, so there are few of them
    methods = {f"preset, windows of {window}": functools.partial(batch, drifted, window=window, most=15)}
    run(methods, {"preset report": report}, evidently.__version__)
