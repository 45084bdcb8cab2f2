"""Appends the model's own metrics to ours: the metrics about merging, and the page without families that are ours."""

from __future__ import annotations

import re
from collections.abc import Iterable

from prometheus_client.core import Metric

from sidecar.core.reading.metrics_page import Merging, ModelPage, family_of
from sidecar.sinks.prometheus.families import Families

_TYPE = re.compile(rb"^# TYPE (\S+)", re.MULTILINE)


class Merger:
    """Merges pages, and counts the lines that are left out."""

    def __init__(self) -> None:
        self._clashes = 0

    def families(self, families: Families, merging: Merging) -> Iterable[Metric]:
        """The metrics about merging: whether it succeeded, results, and lines left out."""
        merged = float(merging.page is not None)
        yield families.gauge("sidecar_merge_up", "1 if the model's own metrics are in this answer.", (), [((), merged)])
        yield families.counter(
            "sidecar_merges",
            "Times that the model was asked for its own metrics.",
            ("result",),
            [((result,), times) for result, times in merging.results.items()],
        )
        yield families.counter(
            "sidecar_merge_clashes",
            "Lines of the model's metrics that were left out in earlier answers, because their names are ours.",
            (),
            [((), self._clashes)],
        )

    def beside(self, ours: bytes, page: ModelPage) -> bytes:
        """The model's page without the families of `ours`."""
        kept, clashes = page.without({family_of(found.decode()) for found in _TYPE.findall(ours)})
        self._clashes += clashes
        return kept
