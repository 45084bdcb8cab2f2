"""Schemas of TFDV in JSON: what both say comes back, what they cannot say is told."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given

from sidecar.core.reference.constraints import Constraint, ValueType
from sidecar.core.reference.constraints_tfdv import exported, imported, is_of
from sidecar.core.words.rules import Rule
from tests.core.reference.test_constraints_file import constraints

SCHEMA: dict[str, Any] = {
    "feature": [
        {"name": "age", "type": "INT", "presence": {"minFraction": 1.0, "minCount": "1"}, "shape": {"dim": [{"size": "1"}]},
         "intDomain": {"min": "0", "max": "120"}},
        {"name": "fare", "type": "FLOAT", "presence": {"minCount": "1"}, "valueCount": {"min": "1", "max": "1"},
         "floatDomain": {"min": 0.0, "disallowNan": True}, "driftComparator": {"infinityNorm": {"threshold": 0.01}}},
        {"name": "payment", "type": "BYTES", "presence": {"minFraction": 0.9}, "domain": "payment",
         "distributionConstraints": {"minDomainMass": 0.95}},
        {"name": "active", "type": "INT", "boolDomain": {}},
        {"name": "label", "type": "BYTES", "notInEnvironment": ["SERVING"]},
        {"name": "old", "lifecycleStage": "DEPRECATED"},
        {"name": "embedding", "type": "FLOAT", "shape": {"dim": [{"size": "384"}]}},
    ],
    "stringDomain": [{"name": "payment", "value": ["Cash", "Card"]}],
    "defaultEnvironment": ["TRAINING", "SERVING"],
}  # fmt: skip


def said(one: Constraint) -> Constraint:
    """What of it a schema can say."""
    rated = one.max_missing is not None and one.max_missing < 1
    missing = round(1 - round(1 - one.max_missing, 12), 12) if one.max_missing is not None and rated else None
    ranged = one.min is not None or one.max is not None
    allowed = {Rule.DOMAIN: round(1 - round(1 - one.allows(Rule.DOMAIN), 12), 12)} if one.domain else {}
    return Constraint(
        one.feature,
        type=one.type,
        required=one.required or rated,
        max_missing=missing,
        min=one.min if ranged else None,
        max=one.max if ranged else None,
        domain=one.domain,
        allowed=allowed,
    )


@given(constraints())
def test_what_a_schema_can_say_comes_back_and_all_else_is_told(one: Constraint) -> None:
    content, notes = exported([one])
    (back,), told = imported(msgspec.json.decode(msgspec.json.encode(content)))

    assert back == said(one)
    assert told == ()
    lost = back != msgspec.structs.replace(one, max_missing=back.max_missing, allowed=back.allowed)
    assert bool(notes) or not lost


def test_a_schema_of_theirs_is_understood_and_what_is_left_out_is_told() -> None:
    found, notes = imported(SCHEMA)

    assert is_of(SCHEMA)
    assert found == (
        Constraint("age", type=ValueType.INTEGER, max_missing=0.0, min=0, max=120),
        Constraint("fare", type=ValueType.NUMBER, min=0),
        Constraint(
            "payment", type=ValueType.STRING, max_missing=0.1, domain=("Cash", "Card"), allowed={Rule.DOMAIN: 0.05}
        ),
        Constraint("active", type=ValueType.BOOLEAN, required=False),
        Constraint("embedding", type=ValueType.NUMBER, required=False),
    )
    assert notes == (
        "fare: drift_comparator is left out; drift is judged by drift.*",
        "fare: disallow_nan is left out",
        "label: left out, since it is not in the environment SERVING",
        "old: left out, since its stage is DEPRECATED",
        "embedding: its shape is left out; a column has one value a row",
    )


def test_names_with_underscores_are_read_as_well() -> None:
    schema = {
        "feature": [{"name": "a", "type": "BYTES", "string_domain": {"value": ["x"]}, "presence": {"min_fraction": 1}}]
    }

    assert imported(schema).content == (
        Constraint("a", type=ValueType.STRING, max_missing=0.0, domain=("x",), allowed={Rule.DOMAIN: 0.0}),
    )


def test_names_of_values_stay_as_they_are_whatever_they_look_like() -> None:
    schema = {"feature": [{"name": "minFraction", "type": "BYTES", "stringDomain": {"value": ["camelCase"]}}]}

    (one,) = imported(schema).content

    assert (one.feature, one.domain) == ("minFraction", ("camelCase",))


def test_numbers_that_come_as_texts_are_numbers_and_that_is_told() -> None:
    found, notes = imported({"feature": [{"name": "a", "type": "BYTES", "intDomain": {"min": "0", "max": "3"}}]})

    assert found == (Constraint("a", type=ValueType.INTEGER, required=False, min=0, max=3),)
    assert notes == ("a: type BYTES with a range is read as a number",)


def test_what_it_has_no_words_for_is_told_by_column() -> None:
    one = Constraint("n", type=ValueType.NUMBER, unique=True, monotone="rising", required=False, max_missing=0.5,
                     allowed={Rule.TYPE: 0.2})  # fmt: skip
    _, notes = exported([one, Constraint("c", pattern="[a-z]")])

    assert notes == (
        "n: required: false is left out, since presence asks for the column",
        "n: unique is left out",
        "n: monotone is left out",
        "n: allowed type 0.2 is left out",
        "c: pattern is left out",
    )


@pytest.mark.parametrize("content", [{"feature": [{}]}, {"feature": 3}, {"feature": [{"name": "x", "presence": []}]}])
def test_what_is_no_schema_is_an_error(content: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        imported(content)
