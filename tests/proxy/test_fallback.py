"""The metrics that are answered while there is no observer."""

from __future__ import annotations

import msgspec
from prometheus_client.parser import text_string_to_metric_families

from harness.observed import snapshot
from sidecar.core.words.view import MonitorView
from sidecar.proxy.fallback import render
from sidecar.settings import ModelSettings, Settings
from sidecar.sink import Observed
from sidecar.sinks.prometheus import PrometheusSink


def test_they_say_that_the_observer_is_down_and_what_is_lost_and_can_be_parsed() -> None:
    last = msgspec.structs.replace(snapshot(7), shed=(("exchange", "items", 3),), observed=(("error", 2),))
    text = render(last, ModelSettings(name='a"b\\c\nd'))
    samples = {
        (sample.name, sample.labels.get("outcome", sample.labels.get("stage", ""))): sample
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert samples["sidecar_observer_up", ""].value == 0
    assert samples["sidecar_exchanges_total", "complete"].value == 7
    assert samples["sidecar_shed_total", "exchange"].value == 3
    assert samples["sidecar_shed_total", "observer"].value == 2
    assert {sample.labels["model_name"] for sample in samples.values()} == {'a"b\\c\nd'}


def test_how_the_model_serves_reads_as_it_does_while_the_observer_runs() -> None:
    name = "http_server_request_duration_seconds"
    model = ModelSettings(name="loans", version="7")
    observed = Observed(snapshot(7), MonitorView((), {}), {})

    with_observer = PrometheusSink(Settings(model=model)).render(observed, "text/plain")[0].decode()

    assert _samples(render(snapshot(7), model), name) == _samples(with_observer, name)
    assert len(_samples(with_observer, name)) == 19


def _samples(text: str, name: str) -> dict[str, float]:
    """By series."""
    return {
        f"{sample.name}{sorted(sample.labels.items())}": sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if family.name == name
    }
