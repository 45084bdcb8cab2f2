from __future__ import annotations

import subprocess

import msgspec
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families

from harness.exposition import OPENMETRICS, everything, render, samples, value
from harness.observed import SETTINGS, TRACE, drifted_monitor, exchange, monitor, reference, snapshot
from sidecar.core.words.events import ExchangeSeen
from sidecar.core.words.view import MonitorView
from sidecar.settings import MetricsSettings, Settings
from sidecar.sink import Observed
from sidecar.sinks.prometheus import PrometheusSink

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
    "sidecar_observer_ends": {"reason"},
    "sidecar_faults": {"kind"},
    "sidecar_observed": {"result"},
    "sidecar_handoff_exchanges": set(),
    "sidecar_log_lines_lost": {"process"},
    "sidecar_connections": set(),
    "sidecar_connections_limit": set(),
    "sidecar_refused_connections": {"reason"},
    "sidecar_accept_pauses": set(),
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
    "model_mismatched_features": {"side", "explanation"},
    "model_window_rows": {"side"},
    "model_constraint_state": {"side", "feature", "rule", "state"},
    "model_constraint_evidence": {"side", "feature", "rule"},
    "model_constraint_violation_ratio": {"side", "feature", "rule"},
    "model_constraint_allowed_ratio": {"side", "feature", "rule"},
    "model_segment_rows": {"segment", "side"},
    "model_segment_drift_evidence": {"segment", "side", "feature"},
    "model_segment_drift_state": {"segment", "side", "feature", "state"},
}
"""The design's table: metric family and its labels beside `model_name` and `model_version`."""


@pytest.fixture(scope="module")
def observed() -> Observed:
    return everything()


def test_every_metric_of_the_contract_is_there_with_its_labels(observed: Observed) -> None:
    families = {family.name: family for family in text_string_to_metric_families(render(observed))}
    assert families.keys() == CONTRACT.keys()
    for name, labels in CONTRACT.items():
        assert families[name].samples, name
        for sample in families[name].samples:
            assert sample.labels.keys() - {"le"} == labels | {"model_name", "model_version"}, sample


@pytest.mark.system
def test_promtool_is_content(observed: Observed) -> None:
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=render(observed), text=True, capture_output=True, check=False
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_all_samples_say_which_model(observed: Observed) -> None:
    for family in text_string_to_metric_families(render(observed)):
        for sample in family.samples:
            assert (sample.labels["model_name"], sample.labels["model_version"]) == ("loans", "7")


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
