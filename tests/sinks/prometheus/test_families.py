"""Families whose samples say first which model they are of."""

from __future__ import annotations

from prometheus_client.core import Metric
from prometheus_client.samples import Exemplar

from harness.exposition import by_labels
from sidecar.core.words.snapshot import Histogram
from sidecar.settings import ModelSettings
from sidecar.sinks.prometheus.families import Families

FAMILIES = Families(ModelSettings(name="loans", version="7"))
MODEL = {"model_name": "loans", "model_version": "7"}


def labels(family: Metric) -> list[dict[str, str]]:
    return [sample.labels for sample in family.samples]


def test_a_counter_s_samples_end_in_total_and_a_gauge_s_do_not() -> None:
    rows = [(("a", "b"), 1.0), (("a", "c"), 2.0)]
    counter, gauge = (make("x", "Text.", ("one", "two"), rows) for make in (FAMILIES.counter, FAMILIES.gauge))

    assert [sample.name for sample in counter.samples] == ["x_total"] * 2
    assert [sample.name for sample in gauge.samples] == ["x"] * 2
    for family, kind in ((counter, "counter"), (gauge, "gauge")):
        assert (family.name, family.documentation, family.type) == ("x", "Text.", kind)
        assert labels(family) == [MODEL | {"one": "a", "two": "b"}, MODEL | {"one": "a", "two": "c"}]
        assert by_labels(family) == {("a", "b"): 1.0, ("a", "c"): 2.0}


def test_an_info_is_one_whatever_is_given() -> None:
    family = FAMILIES.info("x", "Text.", ("version",), [(("1.2",), 5.0)])

    assert [(sample.name, sample.value) for sample in family.samples] == [("x_info", 1)]
    assert labels(family) == [MODEL | {"version": "1.2"}]


def test_a_histogram_is_cumulated_with_its_sum_and_its_exemplars() -> None:
    exemplar = Exemplar({"trace_id": "ab"}, 0.3)
    row = (("r",), Histogram((1, 0, 2), 7.5), (None, exemplar, None))

    family = FAMILIES.histogram("x", "Text.", ("route",), (0.1, 0.5), [row])

    buckets = [sample for sample in family.samples if sample.name == "x_bucket"]
    assert [(sample.labels["le"], sample.value) for sample in buckets] == [("0.1", 1.0), ("0.5", 1.0), ("+Inf", 3.0)]
    assert [sample.exemplar for sample in buckets] == [None, exemplar, None]
    assert {sample.name: sample.value for sample in family.samples[3:]} == {"x_count": 3.0, "x_sum": 7.5}


def test_a_histogram_without_exemplars_has_all_its_buckets() -> None:
    family = FAMILIES.histogram("x", "Text.", (), (0.1, 0.5), [((), Histogram((1, 1, 1), 1.0), ())])

    assert [sample.value for sample in family.samples if sample.name == "x_bucket"] == [1.0, 2.0, 3.0]
