"""alibi-detect: KSDrift with Bonferroni's correction, per window."""

from __future__ import annotations

import functools
from typing import Any

import alibi_detect
from alibi_detect.cd import KSDrift

from harness import WINDOWS, batch, run

_made: dict[int, Any] = {}


def flags(reference: Any, window: Any) -> list[bool]:
    """KS per feature at 0.05 over all features."""
    if id(reference) not in _made:
        _made.clear()
        _made[id(reference)] = KSDrift(reference, p_val=0.05)
    found = _made[id(reference)].predict(window)["data"]
    return [bool(p < found["threshold"]) for p in found["p_val"]]


def report(reference: Any, rows: Any) -> None:
    """One window of 10,000 x 20."""
    KSDrift(reference, p_val=0.05).predict(rows)


if __name__ == "__main__":
    methods = {f"KSDrift, windows of {window}": functools.partial(batch, flags, window=window) for window in WINDOWS}
    run(methods, {"KSDrift report": report}, alibi_detect.__version__)
