"""The Prometheus sink: every metric of the contract, made from the last snapshot and the monitor's view at each scrape.

Nothing is counted here except clashes of merged names, so a scrape is as exact as what it reads; only exemplars (trace
ids of sampled exchanges) are collected from events. Labels come from closed sets and from the reference, never from a
client: `model`, `traffic`, `segments`, `constraints` and `features` ensure that. It opens no port; the admin server asks it to
render.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from sidecar import __version__
from sidecar.core.words.events import BY_URGENCY, Event, ExchangeSeen
from sidecar.core.words.view import FeatureView, SideView
from sidecar.settings import Settings
from sidecar.sink import RESULTS, Observed
from sidecar.sinks.prometheus.constraints import constraint_families
from sidecar.sinks.prometheus.containers import container_families
from sidecar.sinks.prometheus.exemplars import Exemplars
from sidecar.sinks.prometheus.families import Families
from sidecar.sinks.prometheus.features import FeatureText, Of
from sidecar.sinks.prometheus.merge import Merger
from sidecar.sinks.prometheus.model import model_families
from sidecar.sinks.prometheus.segments import segment_families
from sidecar.sinks.prometheus.traffic import traffic_families

_URGENCY = {state: at for at, state in enumerate(BY_URGENCY)}
_END = b"# EOF\n"
"""The end of an OpenMetrics exposition."""


def make(settings: Settings) -> PrometheusSink:
    """The sink for these settings."""
    return PrometheusSink(settings)


class PrometheusSink:
    """Renders `/metrics` as plain text or, on request, as OpenMetrics with exemplars."""

    name = "prometheus"
    every_exchange = False

    def __init__(self, settings: Settings) -> None:
        self.results: Mapping[str, int] = {}  # it is read, so no event can be lost
        self._families = Families(settings.model)
        self._features = FeatureText()
        self._max_features = settings.metrics.max_features
        self._by_drift = settings.metrics.choose == "drift"
        self._exemplars = Exemplars()
        self._merger = Merger()

    def handle(self, event: Event) -> None:
        """Keep the trace id of a sampled exchange; other events are ignored."""
        if isinstance(event, ExchangeSeen):
            self._exemplars.remember(event.exchange)

    def flush(self) -> None:
        """Does nothing: nothing is buffered."""

    def render(self, observed: Observed, accept: str) -> tuple[bytes, str]:
        """Body and content type for an `Accept` header; in the format of the model's page, if one is merged."""
        merging = observed.merging
        page = merging.page if merging else None
        encode, content_type = choose_encoder("text/plain" if page and not page.openmetrics else accept)
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Collected(self._collect(observed)))
        openmetrics = content_type.startswith("application/openmetrics-text")
        body = encode(registry).removesuffix(_END)
        sides = [
            Of.of(self._families.model_of(stream), side) for stream in observed.view.streams for side in stream.sides
        ]
        shown = [(of, one) for of in sides for one in self._chosen(of.side)]
        features = (text.encode() for text in self._features.write(shown, sides, openmetrics) if shown)
        ours = b"".join((body, *features))
        theirs = self._merger.beside(ours, page) if page else b""
        return ours + theirs + (_END if openmetrics else b""), content_type

    def _chosen(self, side: SideView) -> Sequence[FeatureView]:
        if not self._by_drift or len(side.features) <= self._max_features:
            return side.features[: self._max_features]
        return sorted(side.features, key=lambda one: (_URGENCY[one.state], -one.impact))[: self._max_features]

    def _collect(self, observed: Observed) -> Iterable[Metric]:
        families = self._families
        yield families.info("sidecar_build", "Version of the sidecar.", ("version",), [((__version__,), 1)])
        yield families.gauge("sidecar_observer_up", "1 while the observer runs.", (), [((), 1)])
        yield families.counter(
            "sidecar_sink_events",
            "Events that a sink sent, dropped or failed to send.",
            ("sink", "result"),
            [
                ((sink, result), results.get(result, 0))
                for sink, results in observed.sinks.items()
                for result in sorted({*results, *RESULTS})
            ],
        )
        yield families.counter(
            "sidecar_reference_reloads",
            "Times that the reference's file was read again.",
            ("result",),
            [((result,), observed.reloads.get(result, 0)) for result in ("ok", "unchanged", "failed")],
        )
        yield families.counter(
            "sidecar_faults",
            "Times that a part of the observer failed, by the part.",
            ("kind",),
            [((kind,), count) for kind, count in observed.faults.items()],
        )
        lost = [(("observer",), observed.log_lines_lost)]
        if observed.snapshot is not None:
            lost.append((("traffic",), observed.snapshot.log_lines_lost))
        yield families.counter(
            "sidecar_log_lines_lost",
            "Lines on standard output and error that nobody took in time.",
            ("process",),
            lost,
        )
        if observed.snapshot is not None:
            yield from traffic_families(families, observed.snapshot, self._exemplars)
        yield from model_families(families, observed.view)
        yield from constraint_families(families, observed.view)
        yield from segment_families(families, observed.view, self._max_features)
        yield from container_families(families, observed.containers)
        if observed.merging is not None:
            yield from self._merger.families(families, observed.merging)


class _Collected(Collector):
    """Families that are made while they are written, so that they are not all in memory at once."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        """The families; works once."""
        return self._families
