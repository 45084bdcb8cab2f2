"""SageMaker's constraints.json: what both say comes back, what it cannot say is told."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given

from sidecar.core.reference.constraints import Constraint, ValueType
from sidecar.core.reference.constraints_sagemaker import exported, imported, is_of
from sidecar.core.words.rules import Rule
from tests.core.reference.test_constraints_file import constraints

SAYABLE = (Rule.TYPE, Rule.DOMAIN)
GUIDE: dict[str, Any] = {
    "version": 0,
    "features": [
        {
            "name": "Churn",
            "inferred_type": "Integral",
            "completeness": 1.0,
            "num_constraints": {"is_non_negative": True},
        },
        {
            "name": "Charge",
            "inferred_type": "Fractional",
            "completeness": 0.97,
            "num_constraints": {"is_non_negative": False},
        },
        {
            "name": "State",
            "inferred_type": "String",
            "completeness": 1.0,
            "string_constraints": {"domains": ["OH", "NJ"]},
        },
        {"name": "Note", "inferred_type": "Unknown", "completeness": 0.0},
    ],
    "monitoring_config": {
        "evaluate_constraints": "Enabled",
        "emit_metrics": "Enabled",
        "datatype_check_threshold": 0.1,
        "domain_content_threshold": 0.05,
        "distribution_constraints": {
            "perform_comparison": "Enabled",
            "comparison_threshold": 0.1,
            "comparison_method": "Robust",
        },
    },
}
"""In the form of Amazon's guide."""


def said(one: Constraint) -> Constraint:
    """What of it SageMaker can say."""
    domain = one.domain
    return Constraint(
        one.feature,
        type=ValueType.STRING if one.type is ValueType.BOOLEAN else one.type,
        max_missing=None if one.max_missing is None else round(1 - round(1 - one.max_missing, 12), 12),
        min=0.0 if one.min is not None and one.min >= 0 else None,
        domain=domain,
        allowed={
            rule: one.allows(rule)
            for rule in SAYABLE
            if rule in one.allowed and one.allows(rule) != 0.01 and (one.type if rule is Rule.TYPE else domain)
        },
    )


@given(constraints())
def test_what_sagemaker_can_say_comes_back_and_all_else_is_told(one: Constraint) -> None:
    content, notes = exported([one])
    (back,), _ = imported(msgspec.json.decode(msgspec.json.encode(content)))

    assert back == said(one)
    assert exported([back]).content == content
    lost = back != msgspec.structs.replace(one, max_missing=back.max_missing, allowed=back.allowed)
    assert bool(notes) or not lost


def test_a_file_of_theirs_is_understood() -> None:
    found, notes = imported(GUIDE)
    shares = {Rule.TYPE: 0.1}

    assert is_of(GUIDE)
    assert found == (
        Constraint("Churn", type=ValueType.INTEGER, max_missing=0.0, min=0.0, allowed=shares),
        Constraint("Charge", type=ValueType.NUMBER, max_missing=0.03, allowed=shares),
        Constraint(
            "State", type=ValueType.STRING, max_missing=0.0, domain=("OH", "NJ"), allowed=shares | {Rule.DOMAIN: 0.05}
        ),
        Constraint("Note"),
    )
    assert notes == ("the file: distribution_constraints are left out; drift is judged by drift.*",)


def test_a_feature_may_override_thresholds_or_be_left_out() -> None:
    features = [
        {**GUIDE["features"][0], "monitoringConfigOverrides": {"datatype_check_threshold": 0.5}},
        {**GUIDE["features"][1], "monitoringConfigOverrides": {"evaluate_constraints": "Disabled"}},
        {**GUIDE["features"][2], "monitoringConfigOverrides": {"domain_content_threshold": 1.0}},
        {**GUIDE["features"][3], "inferred_type": "Vector", "quantiles": []},
    ]
    found, notes = imported({"features": features})

    assert [(one.feature, dict(one.allowed), one.domain) for one in found] == [
        ("Churn", {Rule.TYPE: 0.5}, ()),
        ("State", {Rule.TYPE: 0.1}, ()),
        ("Note", {}, ()),
    ]
    assert notes == (
        "Charge: left out, since its constraints are not evaluated",
        "State: domain is left out, since domain_content_threshold allows every row to break it",
        "Note: quantiles is not understood",
        "Note: inferred_type Vector is not understood",
    )


def test_what_it_has_no_words_for_is_told_by_column() -> None:
    number = Constraint("n", type=ValueType.NUMBER, min=3, max=120, monotone="rising", unique=True, required=False,
                        allowed={Rule.RANGE: 0.2})  # fmt: skip
    names = Constraint("c", pattern="[a-z]", type=ValueType.STRING)
    _, notes = exported([number, names, Constraint("b", type=ValueType.BOOLEAN)])

    assert notes == (
        "n: min 3 is written as not negative",
        "n: max 120 is left out",
        "n: required: false is left out; a column that is listed is required",
        "n: unique is left out",
        "n: monotone is left out",
        "n: allowed range 0.2 is left out",
        "c: pattern is left out",
        "b: the type boolean is written as String",
    )


@pytest.mark.parametrize(
    "content", [{"features": [{}]}, {"features": {"a": 1}}, {"features": [{"name": "x", "completeness": "much"}]}]
)
def test_what_is_no_such_file_is_an_error(content: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        imported(content)
