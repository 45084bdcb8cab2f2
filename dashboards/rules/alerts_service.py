"""Alerts about how the model serves: error budgets spent too fast, and no traffic."""

from __future__ import annotations

from collections.abc import Iterator

from dashboards.rules.rule import MODEL, Alert, by
from dashboards.rules.service import AVAILABILITY, DURATION, FAST_ENOUGH, FAST_SECONDS

_LEAST_RATE = 0.01
"""Requests a second, on the mean, below which a ratio of them says little."""


def _burn(ratio: str, budget: float, speed: float, windows: tuple[str, str]) -> str:
    """An error budget is spent `speed` times too fast, over a long window and a short one that ends it."""
    limit = round(speed * budget, 6)
    long, short = (f"model:{ratio}:{window} > {limit}" for window in windows)
    return f"{long} and {short} and avg_over_time(model:requests:rate5m[{windows[0]}]) >= {_LEAST_RATE}"


_PACES = (
    ("Fast", 14.4, ("1h", "5m"), "2m", "critical"),
    ("", 6.0, ("6h", "30m"), "15m", "critical"),
    ("Slow", 1.0, ("3d", "6h"), "1h", "warning"),
)
"""They spend two, five and ten hundredths of a month's budget (Site Reliability Workbook, chapter 5)."""


def _budget(name: str, ratio: str, objective: float, what: str) -> Iterator[Alert]:
    budget = 1 - objective
    for pace, speed, windows, lasting, severity in _PACES:
        yield Alert(
            f"Model{name}BudgetBurn{pace}",
            _burn(ratio, budget, speed, windows),
            lasting,
            severity,
            f"<model> spends its {name.lower()} budget {speed:.3g} times too fast",
            f"Over {windows[0]}, <percent> of the requests of <model><where> {what}; the objective allows for {budget:.3g}.",
        )


BUDGETS = (
    *_budget("Error", "error_ratio", AVAILABILITY, "ended with 5xx"),
    *_budget("Latency", "slow_ratio", FAST_ENOUGH, f"took longer than {FAST_SECONDS} s"),
)
TRAFFIC = (
    Alert(
        "ModelNoTraffic",
        f"sum {by(*MODEL)} (increase({DURATION}_count[15m])) == 0 and sum_over_time(model:requests:rate5m[1d]) > 0",
        "15m",
        "warning",
        "<model> gets no requests any more",
        """No request has reached <model><where> for 15 minutes, though there were some in the last day. A
        Service may have been changed to bypass the sidecar, or callers went away.""",
    ),
)
