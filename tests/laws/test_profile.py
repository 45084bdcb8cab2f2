"""Laws of profiles: they add up, they survive being a file, and nothing they are made of breaks them."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.profiles import counted, frame, profile_of
from sidecar.core.binning.bins import ranges
from sidecar.core.reference.builder import Builder
from sidecar.core.reference.profile import Profile
from sidecar.core.reference.profile_file import digest, dumps, loads
from sidecar.core.words.frame import Side
from sidecar.errors import ReferenceFileError

RNG = np.random.default_rng(3)
BINS = profile_of({"x": RNG.normal(size=500).tolist(), "c": RNG.choice(["a", "b"], 500).tolist()})
cells = st.none() | st.floats() | st.integers() | st.booleans() | st.text(max_size=8)
numbers = st.none() | st.floats()
names = st.none() | st.sampled_from(["a", "b", "z"])


@given(st.lists(st.tuples(numbers, names), min_size=2, max_size=40), st.integers(1, 39))
def test_merging_two_parts_equals_one_pass(rows: list[tuple[Any, Any]], cut: int) -> None:
    cut = min(cut, len(rows) - 1)
    full = (1 / 3, "a")  # a column of coarse numbers would be allotted at random
    rows = [full, *rows[:cut], full, *rows[cut:]]
    cut += 1
    columns = {"x": [row[0] for row in rows], "c": [row[1] for row in rows]}
    first = counted({name: column[:cut] for name, column in columns.items()}, BINS)
    second = counted({name: column[cut:] for name, column in columns.items()}, BINS)

    merged, whole = first.merge(second), counted(columns, BINS)

    assert merged.counts.tolist() == whole.counts.tolist()
    assert merged.rows.tolist() == [len(rows)] * 2


@given(st.lists(cells, min_size=1, max_size=60))
def test_any_column_makes_a_profile_that_survives_being_a_file(column: list[Any]) -> None:
    profile = profile_of({"x": column})

    again = loads(dumps(profile))

    side = again.sides[Side.INPUT]
    assert side.features == profile.sides[Side.INPUT].features
    assert side.counts.tolist() == profile.sides[Side.INPUT].counts.tolist()
    assert side.rows.tolist() == [len(column)]
    assert len(ranges(side.features[0])) == side.features[0].bins


@pytest.mark.parametrize(
    "column",
    [
        [5.0] * 100,
        [None] * 100,
        [math.inf, -math.inf, math.nan, 1.0] * 10,
        [7.0],
        ["only"] * 50,
        [2**60 + at for at in range(50)],
        ["x" * 10_000, "y"] * 20,
        [True, False] * 20,
    ],
    ids=["constant", "missing", "infinite", "one row", "one category", "huge", "long", "boolean"],
)
def test_awkward_references_have_bins_for_all_their_rows(column: list[Any]) -> None:
    side = profile_of({"x": column}).sides[Side.INPUT]

    assert side.rows.tolist() == [len(column)]
    assert all(len(text) < 400 for text in ranges(side.features[0]))


def test_a_file_keeps_the_precision_of_its_numbers_and_one_that_is_not_known_is_refused() -> None:
    profile = profile_of({"x": RNG.normal(size=200).astype(np.float32).tolist(), "y": [0.25, 1.5] * 100})
    x, y = loads(dumps(profile)).sides[Side.INPUT].features
    assert (x.precision, x.places, y.precision, y.places, y.digits) == ("float32", None, "", 2, 2)

    unknown = replace(profile.sides[Side.INPUT], features=(msgspec.structs.replace(x, precision="float8"), y))
    with pytest.raises(ReferenceFileError, match="precision"):
        loads(dumps(Profile({Side.INPUT: unknown})))


def test_profiles_of_other_bins_do_not_merge() -> None:
    other = profile_of({"x": [1.0, 2.0], "c": ["a", "b"]})

    with pytest.raises(ValueError, match="different bins"):
        BINS.merge(other)


def test_the_digest_is_that_of_the_content_alone() -> None:
    assert digest(loads(dumps(BINS))) == digest(BINS)
    assert digest(profile_of({"x": [1.0, 2.0]})) != digest(BINS)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"version": 2}, "version 2"),
        ({"format": "other"}, "format"),
        ({"digest": "sha256:00"}, "digest"),
        ({"content": {"sides": {}}}, "digest"),
    ],
)
def test_a_changed_file_is_refused_with_its_reason(change: dict[str, Any], words: str) -> None:
    document = json.loads(dumps(BINS)) | change

    with pytest.raises(ReferenceFileError) as caught:
        loads(json.dumps(document).encode(), "reference.json")

    assert words in str(caught.value)
    assert "reference.json" in str(caught.value)


@given(st.binary(max_size=60))
def test_arbitrary_bytes_are_refused_as_a_reference_file_error(data: bytes) -> None:
    with pytest.raises(ReferenceFileError):
        loads(data)


def test_three_hundred_numeric_features_fit_a_config_map() -> None:
    rng = np.random.default_rng(1)
    profile = profile_of({f"feature_{at}": rng.normal(size=400).tolist() for at in range(300)})

    assert len(dumps(profile)) < 1_048_576


def test_what_a_learner_gathers_in_parts_is_what_it_gathers_at_once() -> None:
    rng = np.random.default_rng(4)
    column = rng.lognormal(size=3_000).tolist()
    parts = Builder()
    for at in range(0, 3_000, 7):
        parts.add(frame({"x": column[at : at + 7]}))

    assert dumps(parts.build()) == dumps(profile_of({"x": column}))


def test_an_empty_builder_makes_an_empty_profile() -> None:
    assert Builder().build().sides == Profile().sides
