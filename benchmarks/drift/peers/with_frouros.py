"""frouros: KS test per feature and window at 0.05, without any correction, as its examples have it; and at the level that
gives one false alarm in 100,000 rows over all features, by Bonferroni."""

from __future__ import annotations

import functools
from importlib.metadata import version
from typing import Any

from frouros.detectors.data_drift import KSTest

from harness import WINDOWS, batch, run

BUDGET = 1e5


def flags(reference: Any, window: Any, level: float = 0.05) -> list[bool]:
    """Each feature at the level."""
    found = []
    for at in range(window.shape[1]):
        detector = KSTest()
        detector.fit(X=reference[:, at])
        found.append(bool(detector.compare(X=window[:, at])[0].p_value < level))
    return found


def report(reference: Any, rows: Any) -> None:
    """One window of 10,000 x 20."""
    flags(reference, rows)


if __name__ == "__main__":
    methods = {f"KS test, windows of {window}": functools.partial(batch, flags, window=window) for window in WINDOWS}
    for window in WINDOWS:
        fair = functools.partial(flags, level=window / BUDGET / 20)
        methods[f"KS test, windows of {window}, a false alarm in 1e5 rows"] = functools.partial(
            batch, fair, window=window
        )
    run(methods, {"KS test report": report}, version("frouros"))
