"""The families of a snapshot of the traffic process."""

from __future__ import annotations

import itertools

import msgspec
import pytest
from prometheus_client.core import Metric

from harness.exposition import by_labels, everything, render, samples, value
from harness.observed import ROUTE, SETTINGS, TRACE, exchange, snapshot
from sidecar.core.words.snapshot import SIZE_BOUNDS, Histogram, RouteSeries, Snapshot
from sidecar.sink import Observed
from sidecar.sinks.prometheus.exemplars import Exemplars
from sidecar.sinks.prometheus.families import Families
from sidecar.sinks.prometheus.traffic import traffic_families

GAUGES = {"http_server_active_requests": 3.0, "sidecar_handoff_bytes": 100.0, "sidecar_observer_restarts": 1.0}


@pytest.fixture(scope="module")
def observed() -> Observed:
    return everything()


def families(last: Snapshot, exemplars: Exemplars | None = None) -> dict[str, Metric]:
    found = traffic_families(Families(SETTINGS.model), last, exemplars or Exemplars())
    return {family.name: family for family in found}


def test_histograms_are_cumulated_and_end_with_their_count(observed: Observed) -> None:
    text = render(observed)
    buckets = {one.labels["le"]: one.value for one in samples(text, "http_server_request_duration_seconds_bucket")}
    assert (buckets["0.01"], buckets["0.025"], buckets["+Inf"]) == (0, 10, 10)
    assert value(text, "http_server_request_duration_seconds_count") == 10
    assert value(text, "http_server_request_duration_seconds_sum") == pytest.approx(0.2)


def test_counts_and_gauges_are_the_snapshot_s() -> None:
    last = snapshot(10)
    found = families(last)

    assert by_labels(found["sidecar_exchanges"]) == {(p, o): count for p, o, count in last.exchanges}
    assert by_labels(found["sidecar_shed"]) == {(s, r): count for s, r, count in (*last.shed, last.shed_by_faults)}
    assert by_labels(found["sidecar_observed"]) == {(result,): count for result, count in last.observed}
    assert {name: by_labels(found[name])[()] for name in GAUGES} == GAUGES


def test_each_histogram_by_route_is_its_own() -> None:
    counts = [tuple(range(at, at + len(SIZE_BOUNDS) + 1)) for at in (1, 2)]
    sizes = [Histogram(one, float(sum(one))) for one in counts]
    durations = snapshot(7).routes[0].first_byte
    last = msgspec.structs.replace(snapshot(10), routes=(RouteSeries(ROUTE, durations, *sizes),))
    found = families(last)

    for name, one in zip(("request", "response"), counts, strict=True):
        family = found[f"http_server_{name}_body_size_bytes"]
        buckets = [sample.value for sample in family.samples if sample.name.endswith("_bucket")]
        assert buckets == list(itertools.accumulate(one))
        assert {sample.labels["http_route"] for sample in family.samples} == {ROUTE}
    (count,) = [one for one in found["sidecar_upstream_first_byte_seconds"].samples if one.name.endswith("_count")]
    assert count.value == 7


def test_durations_carry_the_exemplars_of_their_series() -> None:
    exemplars = Exemplars()
    exemplars.remember(exchange(trace=TRACE))
    exemplars.remember(exchange(trace=TRACE, status=503))

    found = families(snapshot(10), exemplars)["http_server_request_duration_seconds"]

    carried = [sample for sample in found.samples if sample.exemplar]
    assert [(sample.labels["le"], sample.labels["http_response_status_code"]) for sample in carried] == [
        ("0.025", "200")
    ]
