"""A profile as a file: what is written is read back, and nothing else is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.correlated_rows import REFERENCE
from harness.profiles import frame, profile_of, recounted
from sidecar.core.binning.binner import Binner
from sidecar.core.binning.bins import ranges, rare_key
from sidecar.core.reference.builder import Builder
from sidecar.core.reference.choices import Choices
from sidecar.core.reference.profile import Lineage, Profile
from sidecar.core.reference.profile_file import digest, dumps, loads
from sidecar.core.words.frame import Side
from sidecar.errors import ReferenceFileError

RNG = np.random.default_rng(3)
BINS = profile_of({"x": RNG.normal(size=500).tolist(), "c": RNG.choice(["a", "b"], 500).tolist()})
cells = st.none() | st.floats() | st.integers() | st.booleans() | st.text(max_size=8)


@given(st.lists(cells, min_size=1, max_size=60))
def test_any_column_makes_a_profile_that_survives_being_a_file(column: list[Any]) -> None:
    profile = profile_of({"x": column})

    again = loads(dumps(profile))

    side = again.sides[Side.INPUT]
    assert side.features == profile.sides[Side.INPUT].features
    assert side.counts.tolist() == profile.sides[Side.INPUT].counts.tolist()
    assert side.rows.tolist() == [len(column)]
    assert len(ranges(side.features[0])) == side.features[0].bins


def test_a_file_keeps_the_precision_of_its_numbers_and_one_that_is_not_known_is_refused() -> None:
    profile = profile_of({"x": RNG.normal(size=200).astype(np.float32).tolist(), "y": [0.25, 1.5] * 100})
    x, y = loads(dumps(profile)).sides[Side.INPUT].features
    assert (x.precision, x.places, y.precision, y.places, y.digits) == ("float32", None, "", 2, 2)

    unknown = replace(profile.sides[Side.INPUT], features=(msgspec.structs.replace(x, precision="float8"), y))
    with pytest.raises(ReferenceFileError, match="precision"):
        loads(dumps(Profile({Side.INPUT: unknown})))


def test_the_key_of_rare_names_is_in_the_file_and_one_that_has_none_is_read_as_before() -> None:
    column = ["a"] * 500 + ["b"] * 3 + ["c"] * 3
    profiles = []
    for secret in ("5a" * 16, ""):
        builder = Builder(Choices(secret=secret))
        builder.add(frame({"c": column}))
        profiles.append(builder.build())
    keyed, plain = (loads(dumps(one)).sides[Side.INPUT].features[0] for one in profiles)

    assert keyed.rare_secret == "5a" * 16
    assert keyed.rare == tuple(sorted(rare_key("c", name, "5a" * 16) for name in "bc"))
    assert b"rare_secret" not in dumps(profiles[1])
    assert plain.rare == tuple(sorted(rare_key("c", name) for name in "bc"))
    for feature in (keyed, plain):
        assert Binner([feature]).bins_of_names(0, ["b", "x"]) == [feature.other, feature.unseen]


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


def test_a_profile_keeps_its_relations_as_a_file() -> None:
    profile = recounted(dict(zip("abc", REFERENCE[:3, :2_000].tolist(), strict=True)))

    again = loads(dumps(profile))

    joint, before = again.sides[Side.INPUT].joint, profile.sides[Side.INPUT].joint
    assert joint is not None
    assert before is not None
    assert joint.rows == before.rows
    for read, written in ((joint.pairs, before.pairs), (joint.triples, before.triples)):
        assert len(read.mean)
        assert read.mean == pytest.approx(written.mean, abs=1e-5)
        assert read.square == pytest.approx(written.square, abs=1e-5)
    assert joint.largest == pytest.approx(before.largest, abs=1e-5)
    assert digest(again) == digest(profile)


def forged(change: Callable[[dict[str, Any]], None]) -> bytes:
    """A file that was changed by someone who made its digest anew."""
    document = json.loads(dumps(BINS))
    change(document["content"])
    content = orjson.dumps(document["content"], option=orjson.OPT_SORT_KEYS)
    document["digest"] = "sha256:" + hashlib.sha256(content).hexdigest()
    return json.dumps(document).encode()


def number(content: dict[str, Any]) -> dict[str, Any]:
    feature: dict[str, Any] = content["sides"]["input"][0]
    return feature


def test_a_forged_file_that_is_consistent_is_read() -> None:
    assert loads(forged(lambda content: number(content).update(name="y"))).sides[Side.INPUT].names == ("y", "c")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda content: number(content).update(name="c"), "same name"),
        (lambda content: number(content).update(edges=[2.0, 1.0]), "do not rise"),
        (lambda content: number(content).update(edges=[1.0]), "do not suit"),
        (lambda content: number(content).update(categories=["a"]), "do not suit"),
        (lambda content: number(content)["counts"].pop(), "counts for"),
        (lambda content: number(content)["counts"].__setitem__(0, -1), ">= 0"),
        (lambda content: content["sides"]["input"][1].update(categories=["a", "a"], counts=[1] * 5), "twice"),
        (lambda content: content.update(more=1), "unknown field"),
    ],
    ids=[
        "same name",
        "edges fall",
        "one edge",
        "a number with categories",
        "a count less",
        "below zero",
        "twice",
        "unknown",
    ],
)
def test_what_is_not_consistent_is_refused_even_with_the_right_digest(
    change: Callable[[dict[str, Any]], None], words: str
) -> None:
    with pytest.raises(ReferenceFileError, match=words):
        loads(forged(change))


def test_where_accepted_rows_came_from_is_kept_and_has_no_part_in_the_digest() -> None:
    plain = profile_of({"x": [1.0, 2.0, 3.0] * 40})
    accepted = replace(plain, lineage=Lineage("ab" * 32, 5.0, 65.5, "ana"))

    again = loads(dumps(accepted))

    assert again.lineage == accepted.lineage
    assert loads(dumps(plain)).lineage is None
    assert digest(again) == digest(plain)
