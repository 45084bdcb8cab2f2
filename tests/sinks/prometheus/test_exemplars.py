"""The way from a bucket of a histogram to the trace of an exchange in it."""

from __future__ import annotations

import pytest

from harness.exposition import OPENMETRICS, everything
from harness.observed import ROUTE, SETTINGS, TRACE, exchange, histogram
from sidecar.core.words.events import ExchangeSeen
from sidecar.core.words.exchange import Trace
from sidecar.core.words.snapshot import DURATION_BOUNDS, Histogram
from sidecar.sink import Observed
from sidecar.sinks.prometheus import PrometheusSink
from sidecar.sinks.prometheus.exemplars import Exemplars

ALL = Histogram((1,) * (len(DURATION_BOUNDS) + 1), 1.0)


@pytest.fixture(scope="module")
def observed() -> Observed:
    return everything()


def test_exemplars_are_bounded_however_many_statuses_a_model_invents() -> None:
    sink = PrometheusSink(SETTINGS)
    for status in range(100, 1000):
        sink.handle(ExchangeSeen(exchange(status=status, trace=TRACE), 0))
    assert len(sink._exemplars._series) == 512


def test_an_exemplar_waits_until_its_bucket_has_a_count(observed: Observed) -> None:
    sink = PrometheusSink(SETTINGS)
    sink.handle(ExchangeSeen(exchange(trace=TRACE, duration_ns=9_000_000_000), 0))
    assert TRACE.trace_id not in sink.render(observed, OPENMETRICS)[0].decode()


def found(exemplars: Exemplars, durations: Histogram = ALL) -> dict[int, str]:
    """Trace ids by bucket."""
    of_series = exemplars.of("POST", ROUTE, 200, durations)
    return {at: one.labels["trace_id"] for at, one in enumerate(of_series) if one}


@pytest.mark.parametrize(
    ("seconds", "bucket"), [(0.0005, 0), (0.001, 0), (0.0011, 1), (0.02, 4), (9.9, 15), (60.0, len(DURATION_BOUNDS))]
)
def test_an_exemplar_is_in_the_bucket_of_its_duration(seconds: float, bucket: int) -> None:
    exemplars = Exemplars()
    exemplars.remember(exchange(trace=TRACE, duration_ns=round(seconds * 1e9)))

    assert found(exemplars) == {bucket: TRACE.trace_id}
    assert found(exemplars, histogram(DURATION_BOUNDS, seconds, 1)) == {bucket: TRACE.trace_id}


def test_of_each_bucket_the_last_one_wins() -> None:
    exemplars = Exemplars()
    for trace in (TRACE, Trace("ab" * 16, "cd" * 8, sampled=True)):
        exemplars.remember(exchange(trace=trace))

    assert found(exemplars) == {4: "ab" * 16}


def test_an_exchange_without_a_sampled_trace_leaves_none() -> None:
    exemplars = Exemplars()
    exemplars.remember(exchange())
    exemplars.remember(exchange(trace=Trace("ab" * 16, "cd" * 8, sampled=False)))

    assert found(exemplars) == {}


def test_it_says_how_long_the_exchange_took_and_when_it_ended() -> None:
    exemplars = Exemplars()
    exemplars.remember(exchange(trace=TRACE, duration_ns=20_000_000))

    (one,) = filter(None, exemplars.of("POST", ROUTE, 200, ALL))
    assert (one.value, one.timestamp) == (0.02, 1_700_000_000.02)
