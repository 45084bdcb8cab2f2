"""Constraints in a reference file: a section that people edit, beside what its digest covers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.observed import reference
from sidecar.core.reference.constraints import Constraint, ValueType
from sidecar.core.reference.constraints_file import (
    file_of,
    section_of,
    with_constraints,
    with_file,
    with_section,
)
from sidecar.core.reference.profile import Profile
from sidecar.core.reference.profile_file import digest, dumps, loads
from sidecar.core.words.frame import Side
from sidecar.core.words.rules import Rule
from sidecar.errors import ReferenceFileError

shares = st.floats(0, 0.999)
names = st.text(min_size=1, max_size=8)
bounds = st.tuples(st.floats(-1e6, 1e6), st.floats(0, 1e6)).map(lambda pair: (pair[0], pair[0] + pair[1]))


@st.composite
def constraints(draw: st.DrawFn) -> Constraint:
    """Any that do not contradict themselves."""
    kind = draw(st.sampled_from([None, *ValueType]))
    fields: dict[str, Any] = {
        "required": draw(st.booleans()),
        "max_missing": draw(st.none() | shares),
        "unique": draw(st.booleans()),
        "allowed": draw(st.dictionaries(st.sampled_from([rule for rule in Rule if rule is not Rule.MISSING]), shares)),
    }
    if kind in (ValueType.INTEGER, ValueType.NUMBER):
        low, high = draw(bounds)
        fields |= {
            "min": draw(st.sampled_from([None, low, 0.0 if high >= 0 else None])),
            "max": draw(st.sampled_from([None, high])),
        }
        fields["monotone"] = draw(st.sampled_from(["", "rising", "falling"]))
    elif kind is not ValueType.BOOLEAN:
        fields |= {
            "domain": tuple(draw(st.lists(names, max_size=4, unique=True))),
            "pattern": draw(st.sampled_from(["", "[a-z]+"])),
        }
    return Constraint(draw(names), type=kind, **fields)


def constrained(*found: Constraint, profile: Profile | None = None) -> Profile:
    return with_constraints(profile or reference(), {Side.INPUT: found})


@pytest.mark.slow
@given(st.lists(constraints(), max_size=4, unique_by=lambda one: one.feature))
def test_a_reference_and_a_file_keep_what_was_asked(found: list[Constraint]) -> None:
    profile = constrained(*found)

    assert loads(dumps(profile)).sides[Side.INPUT].constraints == tuple(found)
    assert with_file(reference(), orjson.loads(orjson.dumps(file_of(profile)))).sides[Side.INPUT].constraints == tuple(
        found
    )


def test_constraints_are_no_part_of_the_digest_and_a_file_without_them_is_as_it_was() -> None:
    profile = constrained(Constraint("age", min=0))

    assert digest(profile) == digest(reference())
    assert b"constraints" not in dumps(reference())


def test_a_section_may_be_edited_in_the_file() -> None:
    stored = orjson.loads(dumps(constrained(Constraint("age", min=0))))
    stored["constraints"]["input"][0]["max"] = 120

    (one,) = loads(orjson.dumps(stored)).sides[Side.INPUT].constraints

    assert (one.min, one.max) == (0, 120)


@pytest.mark.parametrize(
    ("section", "why"),
    [
        ({"input": [{"feature": "age", "maximum": 3}]}, "unknown field `maximum`"),
        ({"input": [{"feature": "age", "min": 3, "max": 1}]}, "above its largest"),
        ({"input": [{"feature": "age"}, {"feature": "age"}]}, "two constraints are of 'age'"),
        ({"inputs": []}, "unknown field `inputs`"),
        ({"streams": {"iris": {}}}, "the stream 'iris', which the reference has not"),
        ([], "Expected `object`"),
    ],
)
def test_a_section_that_cannot_be_used_is_an_error_that_names_the_file_and_the_place(section: Any, why: str) -> None:
    stored = orjson.loads(dumps(reference())) | {"constraints": section}

    with pytest.raises(ReferenceFileError, match=why) as failed:
        loads(orjson.dumps(stored), "reference.json")
    assert failed.value.what == "reference.json"
    assert "constraints" in failed.value.mend


def test_a_side_that_the_reference_has_not_cannot_be_constrained() -> None:
    inputs = replace(reference(), sides={Side.INPUT: reference().sides[Side.INPUT]})

    with pytest.raises(ValueError, match="of the output, which the reference has not"):
        with_section(inputs, {"output": [{"feature": "score"}]})


def test_each_stream_has_its_own() -> None:
    one = constrained(Constraint("age", min=0))
    two = constrained(Constraint("income", max=5))
    joined = Profile(one.sides, streams={"score": two})

    section: Mapping[str, Any] = orjson.loads(orjson.dumps(section_of(joined)))

    assert section["streams"] == {"score": {"input": [{"feature": "income", "max": 5.0}]}}
    assert loads(dumps(joined)).streams["score"].sides[Side.INPUT].constraints == (Constraint("income", max=5),)
    assert loads(dumps(joined)).sides[Side.INPUT].constraints == (Constraint("age", min=0),)


def test_merged_profiles_keep_the_constraints_of_the_first() -> None:
    merged = constrained(Constraint("age", min=0)).merge(reference())

    assert merged.sides[Side.INPUT].constraints == (Constraint("age", min=0),)


def test_a_file_of_another_version_is_refused() -> None:
    with pytest.raises(ValueError, match="version 2"):
        with_file(reference(), file_of(reference()) | {"version": 2})
