"""Recording rules of serving: requests, errors and latency by version, and the error budgets that alerts rest on."""

from __future__ import annotations

from dashboards.rules.rule import Group, Record, rate

DURATION = "http_server_request_duration_seconds"
AVAILABILITY = 0.995
"""The share of requests that must not end with 5xx."""
FAST_ENOUGH = 0.95
"""The share of requests that must be answered within `FAST_SECONDS`."""
FAST_SECONDS = "0.5"
"""One of the histogram's bounds, as its label `le` has it."""
WINDOWS = ("5m", "30m", "1h", "6h", "3d")
"""What error budgets are looked at over."""
_QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}


def group() -> Group:
    """All of them."""
    return Group(
        "drift-sidecar-service", "30s", [*_latencies(), *_rates(), *(rule for one in WINDOWS for rule in _ratios(one))]
    )


def _latencies() -> list[Record]:
    buckets = rate(f"{DURATION}_bucket", "le", window="5m")
    return [
        Record(f"model:latency_{name}:5m", f"histogram_quantile({ratio}, {buckets})")
        for name, ratio in _QUANTILES.items()
    ]


def _rates() -> list[Record]:
    """Requests a second, and those that failed or were slow. A model that never failed has no series of status 5xx, but a
    rate of 0.
    """
    requests = rate(f"{DURATION}_count", window="5m")
    failed = rate(f"{DURATION}_count", where='http_response_status_code=~"5.."', window="5m")
    in_time = rate(f"{DURATION}_bucket", where=f'le="{FAST_SECONDS}"', window="5m")
    return [
        Record("model:requests:rate5m", requests),
        Record("model:failures:rate5m", f"{failed} or 0 * model:requests:rate5m"),
        Record("model:slow:rate5m", f"model:requests:rate5m - {in_time}"),
    ]


def _ratios(window: str) -> list[Record]:
    """Added up from the rates, so that three days of a thousand pods cost as much as those of one."""
    requests = f"(sum_over_time(model:requests:rate5m[{window}]) > 0)"
    return [
        Record(f"model:error_ratio:{window}", f"sum_over_time(model:failures:rate5m[{window}]) / {requests}"),
        Record(f"model:slow_ratio:{window}", f"sum_over_time(model:slow:rate5m[{window}]) / {requests}"),
    ]
