"""One small table of three categories, reference and live, whose shares can be read off: for tests of measures."""

from __future__ import annotations

from harness.profiles import look
from sidecar.core.scores.measure import Pair

REFERENCE_ROWS, LIVE_ROWS = (500, 300, 200), (120, 50, 80)
Q = tuple(rows / 1000 for rows in REFERENCE_ROWS)
P = tuple(rows / 250 for rows in LIVE_ROWS)
INVERSE_ROWS = 1 / 1000 + 1 / 250
DEGREES = len(Q) - 1


def table(times: int = 1) -> Pair:
    """So many times the rows of the table."""
    names = ("red", "green", "blue")
    columns = [
        {"c": [name for name, count in zip(names, rows, strict=True) for _ in range(count * times)]}
        for rows in (REFERENCE_ROWS, LIVE_ROWS)
    ]
    return look(*columns)
