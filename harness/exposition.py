"""A monitor's figures as the Prometheus sink renders them, and how a scraper reads them."""

from __future__ import annotations

from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from harness.observed import SEGMENTED, SETTINGS, drifted_monitor, exchange, reference, snapshot
from sidecar.core.reading.metrics_page import RESULTS, Merging
from sidecar.core.reference.constraints import Constraint
from sidecar.core.reference.constraints_file import with_constraints
from sidecar.core.words.containers import CgroupView, ContainersView, ProcessesView
from sidecar.core.words.frame import Side
from sidecar.observer.complaints import Complaints
from sidecar.settings import Settings
from sidecar.sink import Observed
from sidecar.sinks.prometheus import PrometheusSink

OPENMETRICS = "application/openmetrics-text; version=1.0.0"
UNKNOWN = "secret-of-client-77"
"""A column that a client made up."""


def everything() -> Observed:
    """Everything that may be told at one moment: `age` drifts and breaks a rule, one row had a column that nobody knows."""
    constraints = {Side.INPUT: (Constraint("age", max=4), Constraint("income", min=-100))}
    machine = drifted_monitor(SEGMENTED, with_constraints(reference(), constraints))
    machine.feed(exchange([{"age": 1.0, "income": 2.0, UNKNOWN: 1.0}]), 1_700_000_090.0)
    machine.tick(1_700_000_091.0)
    containers = ContainersView(CgroupView(2.5, 0.3, 100, 200, 1), ProcessesView(7.0, 200, 4, 9, 1_700_000_000.0))
    merging = Merging(None, dict.fromkeys(RESULTS, 1))
    sinks = {"otlp": {"sent": 5, "failed": 2}}
    return Observed(snapshot(), machine.view(), sinks, {}, containers, merging, Complaints().counts)


def render(observed: Observed, accept: str = "", settings: Settings = SETTINGS) -> str:
    """What a scraper with this `Accept` header gets."""
    body, _ = PrometheusSink(settings).render(observed, accept)
    return body.decode()


def samples(text: str, name: str) -> list[Sample]:
    """All samples of this name."""
    return [
        sample for family in text_string_to_metric_families(text) for sample in family.samples if sample.name == name
    ]


def value(text: str, name: str, **labels: str) -> float:
    """The value of the only sample of this name with these labels."""
    found = [one.value for one in samples(text, name) if labels.items() <= one.labels.items()]
    assert len(found) == 1, found
    return float(found[0])


def by_labels(family: Metric) -> dict[tuple[str, ...], float]:
    """The values of a family by the label values beside those of the model, which come first."""
    for sample in family.samples:
        assert list(sample.labels)[:2] == ["model_name", "model_version"]
    return {tuple(list(sample.labels.values())[2:]): sample.value for sample in family.samples}
