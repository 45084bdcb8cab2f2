from __future__ import annotations

import subprocess

import msgspec
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from harness.observed import SEGMENTED, SETTINGS, TRACE, drifted_monitor, exchange, monitor, reference, snapshot
from sidecar.core.reading.metrics_page import RESULTS, Merging
from sidecar.core.words.containers import CgroupView, ContainersView, ProcessesView
from sidecar.core.words.events import ExchangeSeen
from sidecar.core.words.view import MonitorView
from sidecar.settings import MetricsSettings, SegmentSettings, Settings
from sidecar.sink import Observed
from sidecar.sinks.prometheus import PrometheusSink

OPENMETRICS = "application/openmetrics-text; version=1.0.0"

CONTRACT = {
    "http_server_request_duration_seconds": {"http_request_method", "http_route", "http_response_status_code"},
    "http_server_active_requests": set(),
    "http_server_request_body_size_bytes": {"http_route"},
    "http_server_response_body_size_bytes": {"http_route"},
    "sidecar_upstream_first_byte_seconds": {"http_route"},
    "sidecar_added_latency_seconds": set(),
    "sidecar_exchanges": {"protocol", "outcome"},
    "sidecar_shed": {"stage", "reason"},
    "sidecar_container_cpu_seconds": set(),
    "sidecar_container_cpu_throttled_seconds": set(),
    "sidecar_container_memory_bytes": set(),
    "sidecar_container_memory_limit_bytes": set(),
    "sidecar_container_oom_events": set(),
    "model_container_cpu_seconds": set(),
    "model_container_memory_bytes": set(),
    "model_container_threads": set(),
    "model_container_descriptors": set(),
    "model_container_start_time_seconds": set(),
    "sidecar_decoded": {"decoder", "result"},
    "sidecar_observer_up": set(),
    "sidecar_reference_reloads": {"result"},
    "sidecar_observer_restarts": set(),
    "sidecar_handoff_bytes": set(),
    "sidecar_build_info": {"version"},
    "sidecar_sink_events": {"sink", "result"},
    "sidecar_merge_up": set(),
    "sidecar_merges": {"result"},
    "sidecar_merge_clashes": set(),
    "model_answers": {"answered_version"},
    "model_rows": {"side", "answered"},
    "sidecar_streams": set(),
    "sidecar_unwatched_exchanges": {"why"},
    "model_feature_bin": {"side", "feature", "bin", "range", "profile"},
    "model_reference_bin_ratio": {"side", "feature", "bin", "range", "profile"},
    "model_reference_rows": {"side", "feature", "profile"},
    "model_reference_info": {"side", "profile", "digest", "source"},
    "model_feature_violations": {"feature", "kind"},
    "model_drift_score": {"side", "feature", "measure"},
    "model_joint_drift_effect": {"side"},
    "model_joint_drift_state": {"side", "state"},
    "model_independent_ratio": {"side", "feature"},
    "model_drift_evidence": {"side", "feature"},
    "model_drift_state": {"side", "feature", "state"},
    "model_drifted_features": {"side"},
    "model_window_rows": {"side"},
    "model_segment_rows": {"segment", "side"},
    "model_segment_drift_evidence": {"segment", "side", "feature"},
    "model_segment_drift_state": {"segment", "side", "feature", "state"},
}
"""The design's table: metric family and its labels beside `model_name` and `model_version`."""


@pytest.fixture(scope="module")
def observed() -> Observed:
    machine = drifted_monitor(SEGMENTED)
    machine.feed(exchange([{"age": 1.0, "income": 2.0, "secret-of-client-77": 1.0}]), 1_700_000_090.0)
    machine.tick(1_700_000_091.0)
    containers = ContainersView(CgroupView(2.5, 0.3, 100, 200, 1), ProcessesView(7.0, 200, 4, 9, 1_700_000_000.0))
    merging = Merging(None, dict.fromkeys(RESULTS, 1))
    return Observed(snapshot(), machine.view(), {"otlp": {"sent": 5, "failed": 2}}, {}, containers, merging)


def render(observed: Observed, accept: str = "", settings: Settings = SETTINGS) -> str:
    body, _ = PrometheusSink(settings).render(observed, accept)
    return body.decode()


def samples(text: str, name: str) -> list[Sample]:
    return [
        sample for family in text_string_to_metric_families(text) for sample in family.samples if sample.name == name
    ]


def value(text: str, name: str, **labels: str) -> float:
    found = [one.value for one in samples(text, name) if labels.items() <= one.labels.items()]
    assert len(found) == 1, found
    return float(found[0])


def test_every_metric_of_the_contract_is_there_with_its_labels(observed: Observed) -> None:
    families = {family.name: family for family in text_string_to_metric_families(render(observed))}
    assert families.keys() == CONTRACT.keys()
    for name, labels in CONTRACT.items():
        assert families[name].samples, name
        for sample in families[name].samples:
            assert sample.labels.keys() - {"le"} == labels | {"model_name", "model_version"}, sample


def test_promtool_is_content(observed: Observed) -> None:
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=render(observed), text=True, capture_output=True, check=False
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_all_samples_say_which_model(observed: Observed) -> None:
    for family in text_string_to_metric_families(render(observed)):
        for sample in family.samples:
            assert (sample.labels["model_name"], sample.labels["model_version"]) == ("loans", "7")


def test_histograms_are_cumulated_and_end_with_their_count(observed: Observed) -> None:
    text = render(observed)
    buckets = {one.labels["le"]: one.value for one in samples(text, "http_server_request_duration_seconds_bucket")}
    assert (buckets["0.01"], buckets["0.025"], buckets["+Inf"]) == (0, 10, 10)
    assert value(text, "http_server_request_duration_seconds_count") == 10
    assert value(text, "http_server_request_duration_seconds_sum") == pytest.approx(0.2)


def test_bins_of_a_feature_add_up_to_its_rows(observed: Observed) -> None:
    text = render(observed)
    bins = [one.value for one in samples(text, "model_feature_bin_total") if one.labels["feature"] == "age"]
    assert sum(bins) == 3001
    ratios = [one.value for one in samples(text, "model_reference_bin_ratio") if one.labels["feature"] == "age"]
    assert sum(ratios) == pytest.approx(1)


def test_the_state_is_one_hot_and_the_drifted_feature_is_the_one_that_moved(observed: Observed) -> None:
    text = render(observed)
    states = {
        one.labels["state"]: one.value for one in samples(text, "model_drift_state") if one.labels["feature"] == "age"
    }
    assert states == {"insufficient": 0, "ok": 0, "warning": 0, "drift": 1}
    assert value(text, "model_drifted_features", side="input") == 1
    assert value(text, "model_drift_state", feature="income", state="drift") == 0


def test_a_name_that_a_client_made_up_is_no_label(observed: Observed) -> None:
    text = render(observed)
    assert "secret-of-client-77" not in text


def test_a_slice_has_its_rows_and_a_verdict_for_each_feature(observed: Observed) -> None:
    text = render(observed)
    rows = {
        one.labels["segment"]: one.value
        for one in samples(text, "model_segment_rows_total")
        if one.labels["side"] == "input"
    }
    assert rows == {"acme": 0, "other": 3001}
    assert value(text, "model_segment_drift_state", segment="other", feature="age", state="drift") == 1
    assert value(text, "model_segment_drift_state", segment="acme", feature="age", state="insufficient") == 1
    assert value(text, "model_segment_drift_evidence", segment="other", feature="age") > 10


def test_a_slice_that_a_client_named_is_no_label() -> None:
    undeclared = msgspec.structs.replace(SETTINGS, segments=SegmentSettings(by="header:x-tenant"))
    machine = monitor(settings=undeclared)
    machine.feed(exchange(request_lines="x-tenant: evil-77\r\n"), 1_700_000_001.0)
    view = machine.view()
    assert "evil-77" in {one.segment for one in view.segments}
    assert "segment" not in render(Observed(snapshot(), view, {}))


def test_violations_by_unknown_features_are_counted_together(observed: Observed) -> None:
    violations = {("made-up-1", "extra_feature"): 2, ("made-up-2", "extra_feature"): 3}
    stream = msgspec.structs.replace(observed.view.primary, violations=violations)
    text = render(observed._replace(view=msgspec.structs.replace(observed.view, streams=(stream,))))
    assert value(text, "model_feature_violations_total", feature="_unknown", kind="extra_feature") == 5


def test_features_beyond_the_limit_are_counted_but_not_exported() -> None:
    machine = monitor(reference(tuple(f"x{at}" for at in range(6))))
    text = render(Observed(snapshot(), machine.view(), {}), settings=Settings(metrics=MetricsSettings(max_features=2)))
    shown = {one.labels["feature"] for one in samples(text, "model_drift_evidence") if one.labels["side"] == "input"}
    assert shown == {"x0", "x1", "*"}


def test_features_that_drift_are_exported_first_where_that_is_chosen() -> None:
    machine = drifted_monitor()  # `age` drifts, `income` does not
    few = msgspec.structs.replace(SETTINGS, metrics=MetricsSettings(max_features=1, choose="drift"))
    reversed_sides = tuple(msgspec.structs.replace(side, features=side.features[::-1]) for side in machine.view().sides)
    stream = msgspec.structs.replace(machine.view().primary, sides=reversed_sides)
    view = msgspec.structs.replace(machine.view(), streams=(stream,))

    text = render(Observed(snapshot(), view, {}), settings=few)

    exported = {one.labels["feature"] for one in samples(text, "model_reference_rows") if one.labels["side"] == "input"}
    assert exported == {"age"}


def test_containers_are_told_as_far_as_they_can_be_seen(observed: Observed) -> None:
    own = CgroupView(2.5, 0.3, 100, None, 1)
    model = ProcessesView(7.0, 200, 4, None, 1_700_000_000.0)

    text = render(observed._replace(containers=ContainersView(own, model)))

    assert value(text, "sidecar_container_cpu_seconds_total") == 2.5
    assert value(text, "sidecar_container_cpu_throttled_seconds_total") == 0.3
    assert value(text, "model_container_memory_bytes") == 200
    assert value(text, "model_container_start_time_seconds") == 1_700_000_000
    assert samples(text, "sidecar_container_memory_limit_bytes") == []
    assert samples(text, "model_container_descriptors") == []
    assert "container" not in render(observed._replace(containers=ContainersView()))


def test_a_measure_without_enough_rows_has_no_score() -> None:
    text = render(Observed(snapshot(), monitor().view(), {}))
    assert samples(text, "model_drift_score") == []


def test_an_observer_that_heard_nothing_yet_still_says_that_it_is_up() -> None:
    text = render(Observed(None, MonitorView((), {}), {}))
    assert value(text, "sidecar_observer_up") == 1


def test_openmetrics_carries_the_trace_of_a_sampled_exchange_in_its_bucket(observed: Observed) -> None:
    sink = PrometheusSink(SETTINGS)
    sink.handle(ExchangeSeen(exchange(trace=TRACE), 0))
    body, content_type = sink.render(observed, OPENMETRICS)
    assert content_type.startswith("application/openmetrics-text")
    exemplars = {
        sample.labels["le"]: sample.exemplar
        for family in parse_openmetrics(body.decode())  # type: ignore[no-untyped-call]
        for sample in family.samples
        if sample.exemplar
    }
    assert list(exemplars) == ["0.025"]
    assert exemplars["0.025"].labels == {"trace_id": TRACE.trace_id}
    assert exemplars["0.025"].value == pytest.approx(0.02)


def test_plain_text_carries_no_exemplar(observed: Observed) -> None:
    sink = PrometheusSink(SETTINGS)
    sink.handle(ExchangeSeen(exchange(trace=TRACE), 0))
    assert TRACE.trace_id not in sink.render(observed, "text/plain")[0].decode()


def test_an_exemplar_waits_until_its_bucket_has_a_count(observed: Observed) -> None:
    sink = PrometheusSink(SETTINGS)
    sink.handle(ExchangeSeen(exchange(trace=TRACE, duration_ns=9_000_000_000), 0))
    assert TRACE.trace_id not in sink.render(observed, OPENMETRICS)[0].decode()


def test_exemplars_are_bounded_however_many_statuses_a_model_invents() -> None:
    sink = PrometheusSink(SETTINGS)
    for status in range(100, 1000):
        sink.handle(ExchangeSeen(exchange(status=status, trace=TRACE), 0))
    assert len(sink._exemplars._series) == 512


def test_label_values_are_escaped(observed: Observed) -> None:
    machine = monitor(reference(('a"b\\c\nd', "income")))
    text = render(Observed(snapshot(), machine.view(), {}))
    assert {one.labels["feature"] for one in samples(text, "model_reference_rows")} >= {'a"b\\c\nd'}
