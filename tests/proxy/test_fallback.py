"""The metrics that are answered while there is no observer."""

from __future__ import annotations

import msgspec
from prometheus_client.parser import text_string_to_metric_families

from sidecar.proxy.fallback import render
from sidecar.settings import ModelSettings
from tests.support.observed import snapshot


def test_they_say_that_the_observer_is_down_and_what_is_lost_and_can_be_parsed() -> None:
    text = render(
        msgspec.structs.replace(snapshot(7), shed=(("exchange", "items", 3),)), ModelSettings(name='a"b\\c\nd')
    )
    samples = {
        (sample.name, sample.labels.get("outcome", "")): sample
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert samples["sidecar_observer_up", ""].value == 0
    assert samples["sidecar_exchanges_total", "complete"].value == 7
    assert samples["sidecar_shed_total", ""].labels["stage"] == "exchange"
    assert samples["sidecar_shed_total", ""].value == 3
    assert {sample.labels["model_name"] for sample in samples.values()} == {'a"b\\c\nd'}
