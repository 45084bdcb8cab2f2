"""Rules of constraints as metrics."""

from __future__ import annotations

from harness.exposition import render, samples, value
from harness.observed import SETTINGS, STARTED, exchange, monitor, reference, snapshot
from sidecar.core.reference.constraints import Constraint
from sidecar.core.reference.constraints_file import with_constraints
from sidecar.core.words.frame import Side
from sidecar.sink import Observed
from sidecar.sinks.prometheus.constraints import constraint_families
from sidecar.sinks.prometheus.families import Families

FAMILIES = (
    "model_constraint_state",
    "model_constraint_evidence",
    "model_constraint_violation_ratio",
    "model_constraint_allowed_ratio",
)


def told(*constraints: Constraint) -> str:
    """A page after 300 messages without a customer, whose ages are 1,000."""
    machine = monitor(with_constraints(reference(), {Side.INPUT: constraints}))
    for at in range(300):
        machine.feed(exchange([{"age": 1_000.0, "income": 0.0}]), STARTED + at)
        machine.tick(STARTED + at + 0.5)
    return render(Observed(snapshot(), machine.view(), {}))


def test_a_rule_has_its_verdict_evidence_and_rates() -> None:
    page = told(Constraint("age", min=0, max=120, max_missing=0.2))
    labels = {"side": "input", "feature": "age"}

    assert value(page, "model_constraint_state", **labels, rule="range", state="violated") == 1
    assert value(page, "model_constraint_state", **labels, rule="range", state="ok") == 0
    assert value(page, "model_constraint_state", **labels, rule="missing", state="ok") == 1
    assert value(page, "model_constraint_evidence", **labels, rule="range") > 100
    assert value(page, "model_constraint_violation_ratio", **labels, rule="range") == 1
    assert value(page, "model_constraint_allowed_ratio", **labels, rule="missing") == 0.2
    assert value(page, "model_feature_violations_total", feature="age", kind="constraint_range") == 300


def test_a_column_that_is_only_constrained_is_named_as_the_reference_names_it() -> None:
    page = told(Constraint("customer"))

    assert value(page, "model_feature_violations_total", feature="customer", kind="constraint_required") == 300


def test_without_constraints_there_are_no_families() -> None:
    assert [one for name in FAMILIES for one in samples(told(), name)] == []
    assert list(constraint_families(Families(SETTINGS.model), monitor().view())) == []
