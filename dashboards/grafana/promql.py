"""The few shapes of PromQL that panels repeat, and the legends that go with them. Neighbour: `frame`, which has the selectors."""

from __future__ import annotations

from dashboards.grafana.panels import Query

BY_MODEL = "model_name, model_version"
BY_CONTAINER = "pod, container"


def legend(labels: str, lead: str = "") -> str:
    """A legend of these labels' values, perhaps after a word."""
    return " ".join([*([lead] if lead else []), *(f"{{{{{label}}}}}" for label in labels.split(", "))])


def rate(metric: str, by: str, selector: str) -> str:
    """How much a counter grows a second, added up by some labels."""
    return f"sum by ({by}) (rate({metric}{{{selector}}}[$__rate_interval]))"


def rates(metric: str, by: str, selector: str) -> Query:
    """The same, with a series for each value of the labels."""
    return Query(rate(metric, by, selector), legend(by))


def quantile(ratio: float, metric: str, selector: str, by: str = BY_MODEL) -> str:
    """A quantile of a histogram, by some labels."""
    return f"histogram_quantile({ratio}, {rate(f'{metric}_bucket', f'{by}, le', selector)})"


def quantiles(metric: str, selector: str, *ratios: float, exemplar: bool = False) -> list[Query]:
    """Several quantiles by model; the first may show exemplars."""
    return [
        Query(
            quantile(ratio, metric, selector), legend(BY_MODEL, f"p{ratio * 100:.0f}"), exemplar and ratio == ratios[0]
        )
        for ratio in ratios
    ]
