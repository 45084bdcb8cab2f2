"""Making a reference from rows as they stream by."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest

from harness import profiles
from sidecar.core.binning.bins import Kind, ranges
from sidecar.core.reference.builder import Builder, Recount
from sidecar.core.reference.choices import Choices
from sidecar.core.reference.profile import Profile, SideProfile
from sidecar.core.reference.profile_file import dumps
from sidecar.core.words.frame import Frame, Side


def built(column: list[Any], **options: Any) -> SideProfile:
    builder = Builder(Choices(**{"category_rows": 1, **options}))
    builder.add(Frame(Side.INPUT, ("x",), len(column), 1, column))
    return builder.build().sides[Side.INPUT]


def counts(side: SideProfile, at: int = 0) -> dict[str, int]:
    found = zip(ranges(side.features[at]), side.counts[at].tolist(), strict=False)
    return {text: count for text, count in found if count}


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        ([1.0, 2.5, None], Kind.NUMERIC),
        (["1.0", "2"], Kind.NUMERIC),
        ([1, True], Kind.NUMERIC),
        ([None, None], Kind.NUMERIC),
        ([True, False, None], Kind.BOOLEAN),
        (["true", "False"], Kind.BOOLEAN),
        (["a", "b"], Kind.CATEGORICAL),
        ([1.0, "n/a"], Kind.NUMERIC),
        ([1.0, "b"], Kind.CATEGORICAL),
        (["1", "02"], Kind.CATEGORICAL),
        (["true", "NA"], Kind.BOOLEAN),
    ],
)
def test_the_kind_is_inferred_from_the_values(column: list[Any], kind: Kind) -> None:
    assert built(column).features[0].kind is kind


@pytest.mark.parametrize("kind", list(Kind))
def test_the_user_s_word_on_a_kind_holds(kind: Kind) -> None:
    assert built([1, 0, "x"] * 10, kinds={"x": kind}).features[0].kind is kind


def test_numbers_of_a_categorical_feature_are_counted_by_name() -> None:
    side = built([1, 1.0, "1", 2, None], kinds={"x": Kind.CATEGORICAL})

    assert counts(side) == {"1": 3, "2": 1, "missing": 1}


def test_a_column_that_turns_out_to_hold_names_keeps_what_came_before() -> None:
    builder = Builder()
    for part in ([1, 2, 2] * 6_000, ["7", "01"], ["x", "01", 2]):
        builder.add(Frame(Side.INPUT, ("x",), len(part), 1, part))

    side = builder.build().sides[Side.INPUT]

    assert side.features[0].kind is Kind.CATEGORICAL
    found = counts(side)
    assert found["1"] == 6_000
    assert found["2"] == 12_001
    assert sum(found.values()) == 18_005


def test_infinite_values_are_out_of_range_and_counted() -> None:
    side = built([1.0, 2.0, float("inf"), float("-inf"), None])

    assert counts(side) == {"= 1": 1, "= 2": 1, "< 1": 1, "> 2": 1, "missing": 1}


def test_a_column_that_comes_late_was_missing_before() -> None:
    builder = Builder()
    builder.add(Frame(Side.INPUT, ("x",), 3, 1, [1.0, 2.0, 3.0]))
    builder.add(Frame(Side.INPUT, ("x", "late"), 2, 2, [1.0, 5.0, 2.0, 6.0]))

    side = builder.build().sides[Side.INPUT]

    assert counts(side, 1) == {"= 5": 1, "= 6": 1, "missing": 3}


def test_unnamed_columns_are_numbered() -> None:
    builder = Builder()
    builder.add(Frame(Side.OUTPUT, None, 1, 2, [1.0, 2.0]))

    assert builder.build().sides[Side.OUTPUT].names == ("f0", "f1")


def stream(rows: int, seed: int = 0) -> list[Frame]:
    rng = np.random.default_rng(seed)
    names = ("x", "c")
    frames = []
    for start in range(0, rows, 1_000):
        numbers = (rng.normal(size=1_000) + start / rows).tolist()  # the stream wanders, so that a head would not do
        colours = rng.choice(["red", "green"], 1_000).tolist()
        frames.append(
            Frame(Side.INPUT, names, 1_000, 2, [cell for row in zip(numbers, colours, strict=True) for cell in row])
        )
    return frames


def gathered(frames: list[Frame], **options: Any) -> Profile:
    builder = Builder(**options)
    for frame in frames:
        builder.add(frame)
    return builder.build()


def test_beyond_its_bound_a_profile_rests_on_a_sample_and_says_so() -> None:
    side = gathered(stream(20_000), sample_rows=3_000).sides[Side.INPUT]

    assert 1_000 <= side.rows[0] <= 3_000
    assert side.rows[1] == 20_000


def test_the_sample_is_spread_over_the_whole_stream() -> None:
    frames = stream(20_000)
    sampled = gathered(frames, sample_rows=3_000).sides[Side.INPUT]
    whole = gathered(frames).sides[Side.INPUT]

    error = 4 / np.sqrt(sampled.rows[0])
    assert sampled.moments.mean[0] == pytest.approx(whole.moments.mean[0], abs=1.1 * error)


def test_a_second_pass_counts_every_row_into_the_bins_found() -> None:
    frames = stream(20_000)
    first = gathered(frames, sample_rows=3_000)
    recount = Recount(first)
    for frame in frames:
        recount.add(frame)

    second = recount.profile().sides[Side.INPUT]

    assert second.features == first.sides[Side.INPUT].features
    assert second.rows.tolist() == [20_000, 20_000]


def test_two_passes_over_data_within_the_bound_equal_one() -> None:
    frames = stream(5_000)
    first = gathered(frames)
    recount = Recount(first)
    for frame in frames:
        recount.add(frame)

    again = recount.profile()

    assert again.sides[Side.INPUT].counts.tolist() == first.sides[Side.INPUT].counts.tolist()


def test_the_same_data_makes_the_same_profile() -> None:
    one, other = (dumps(gathered(stream(9_000), sample_rows=2_000)) for _ in range(2))

    assert one == other


def test_moments_are_those_of_all_finite_values() -> None:
    values = np.random.default_rng(1).lognormal(size=30_000)
    side = built([*values.tolist(), None, float("inf")])

    found = {name.name: float(getattr(side.moments, name.name)[0]) for name in dataclasses.fields(side.moments)}
    assert found["count"] == 30_000
    assert found["mean"] == pytest.approx(values.mean(), rel=1e-12)
    assert float(side.moments.sd()[0]) == pytest.approx(values.std(ddof=1), rel=1e-10)
    assert (found["low"], found["high"]) == (values.min(), values.max())


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
    side = profiles.profile_of({"x": column}).sides[Side.INPUT]

    assert side.rows.tolist() == [len(column)]
    assert all(len(text) < 400 for text in ranges(side.features[0]))


def test_what_a_learner_gathers_in_parts_is_what_it_gathers_at_once() -> None:
    rng = np.random.default_rng(4)
    column = rng.lognormal(size=3_000).tolist()
    parts = Builder()
    for at in range(0, 3_000, 7):
        parts.add(profiles.frame({"x": column[at : at + 7]}))

    assert dumps(parts.build()) == dumps(profiles.profile_of({"x": column}))


def test_an_empty_builder_makes_an_empty_profile() -> None:
    assert Builder().build().sides == Profile().sides
