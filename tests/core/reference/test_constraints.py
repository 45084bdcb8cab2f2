"""What may be asked of a column, and what contradicts itself."""

from __future__ import annotations

import msgspec
import pytest

from sidecar.core.reference.constraints import (
    ALLOWED,
    LEAST_ALLOWED,
    Constraint,
    ValueType,
    rule_count,
    without_doubles,
)
from sidecar.core.words.rules import Rule


def test_a_constraint_asks_what_is_written_and_that_the_column_is_there() -> None:
    assert Constraint("age").rules == (Rule.REQUIRED,)
    whole = Constraint("age", type=ValueType.INTEGER, min=0, max_missing=0.1, unique=True, monotone="rising")
    assert set(whole.rules) == {Rule.REQUIRED, Rule.TYPE, Rule.RANGE, Rule.MISSING, Rule.UNIQUE, Rule.MONOTONE}
    assert Constraint("age", required=False, max_missing=1.0).rules == ()
    assert rule_count((whole, Constraint("x"))) == 7


def test_one_row_in_a_hundred_may_break_a_rule_unless_it_says_otherwise_and_one_in_a_thousand_at_least() -> None:
    one = Constraint("x", min=0, domain=(), max_missing=0.2, allowed={Rule.RANGE: 0.0})

    assert one.allows(Rule.REQUIRED) == ALLOWED == 0.01
    assert one.allows(Rule.RANGE) == 0
    assert one.judged_at(Rule.RANGE) == LEAST_ALLOWED
    assert one.judged_at(Rule.MISSING) == 0.2


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"min": 2, "max": 1}, "least value 2 above its largest 1"),
        ({"type": "string", "min": 0}, "has a range or an order"),
        ({"type": "boolean", "monotone": "rising"}, "has a range or an order"),
        ({"type": "boolean", "domain": ["a"]}, "which is one"),
        ({"type": "integer", "pattern": "[0-9]+"}, "no fixed form"),
        ({"min": 0, "domain": ["a"]}, "no fixed form"),
        ({"pattern": "(a"}, "a group is not closed"),
        ({"allowed": {"missing": 0.1}}, "max_missing"),
        ({"allowed": {"range": 1.0}}, "< 1"),
        ({"max_missing": 1.5}, "<= 1"),
        ({"maximum": 3}, "unknown field `maximum`"),
        ({"type": "float"}, "Invalid enum value"),
    ],
)
def test_what_contradicts_itself_or_is_misspelt_is_an_error_that_says_why(fields: dict[str, object], why: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=why):
        msgspec.convert({"feature": "x", **fields}, Constraint)


def test_two_constraints_of_one_column_are_an_error() -> None:
    with pytest.raises(ValueError, match="two constraints are of 'x'"):
        without_doubles((Constraint("x"), Constraint("x", min=1)))


def test_every_rule_is_said_in_words() -> None:
    one = Constraint("x", min=0, max=1.5, max_missing=0.01, monotone="falling", unique=True)
    names = Constraint("y", type=ValueType.STRING, domain=tuple("abcdefg"), pattern="[a-g]")

    assert {rule: one.limit(rule) for rule in one.rules} == {
        Rule.RANGE: "0 to 1.5",
        Rule.MISSING: "at most 0.01 missing",
        Rule.REQUIRED: "in every message",
        Rule.UNIQUE: "no value twice among 1,000 rows",
        Rule.MONOTONE: "never rises",
    }
    assert names.limit(Rule.DOMAIN) == "one of a, b, c, d, e, ... (7)"
    assert Constraint("x", min=3).limit(Rule.RANGE) == "at least 3"
    assert Constraint("x", max=3).limit(Rule.RANGE) == "at most 3"
