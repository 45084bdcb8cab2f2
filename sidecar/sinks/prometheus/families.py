"""Makes metric families whose samples all start with the labels of the model. The other modules of the sink need no
client library.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.samples import Exemplar
from prometheus_client.utils import floatToGoString

from sidecar.core.words.snapshot import Histogram
from sidecar.settings import ModelSettings

Rows = Iterable[tuple[Sequence[str], float]]
"""Label values (in the order of the family's label names) and value of each sample."""


class Families:
    """Makes families; label names are those beside `model_name` and `model_version`."""

    def __init__(self, model: ModelSettings) -> None:
        self._values = (model.name, model.version)

    def counter(self, name: str, text: str, labels: Sequence[str], rows: Rows) -> Metric:
        """A counter; `name` is without `_total`, which is added."""
        family = CounterMetricFamily(name, text, labels=self._names(labels))
        for values, value in rows:
            family.add_metric((*self._values, *values), value)
        return family

    def gauge(self, name: str, text: str, labels: Sequence[str], rows: Rows) -> Metric:
        """A gauge."""
        family = GaugeMetricFamily(name, text, labels=self._names(labels))
        for values, value in rows:
            family.add_metric((*self._values, *values), value)
        return family

    def info(self, name: str, text: str, labels: Sequence[str], rows: Rows) -> Metric:
        """An info metric, always 1; `name` is without `_info`, which is added."""
        family = InfoMetricFamily(name, text, labels=self._names(()))
        for values, _ in rows:
            family.add_metric(self._values, dict(zip(labels, values, strict=True)))
        return family

    def histogram(
        self,
        name: str,
        text: str,
        labels: Sequence[str],
        bounds: Sequence[float],
        rows: Iterable[tuple[Sequence[str], Histogram, Sequence[Exemplar | None]]],
    ) -> Metric:
        """A histogram; a row has one exemplar or None per bucket, or `()`."""
        family = HistogramMetricFamily(name, text, labels=self._names(labels))
        limits = [floatToGoString(bound) for bound in (*bounds, float("inf"))]  # type: ignore[no-untyped-call]
        for values, histogram, exemplars in rows:
            cumulated = itertools.accumulate(histogram.counts)
            buckets = [
                (limit, float(count), exemplar) if exemplar is not None else (limit, float(count))
                for limit, count, exemplar in itertools.zip_longest(limits, cumulated, exemplars)
            ]
            family.add_metric((*self._values, *values), buckets, histogram.total)
        return family

    @staticmethod
    def _names(labels: Sequence[str]) -> tuple[str, ...]:
        return ("model_name", "model_version", *labels)
