"""Which columns are taken for texts and vectors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from harness.profiles import frame
from sidecar.core.binning.bins import Kind
from sidecar.core.reference.builder import Builder, Recount
from sidecar.core.reference.choices import Choices
from sidecar.core.reference.infer import Inference
from sidecar.core.words.frame import Frame, Side

SENTENCES = [f"a sentence with the number {at} in it" for at in range(300)]


def names(*frames: Frame, **options: Any) -> list[str]:
    builder = Builder(Choices(**options))
    for one in frames:
        builder.add(one)
    side = builder.build().sides.get(Side.INPUT)
    return list(side.names) if side else []


def spread(name: str, size: int, rows: int = 50) -> dict[str, Any]:
    return {f"{name}[{at}]": np.random.default_rng(at).normal(size=rows).tolist() for at in range(size)}


def is_text(values: list[Any], **options: Any) -> bool:
    return "c.length" in names(frame({"c": values}), **options)


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (SENTENCES, True),
        ([*SENTENCES[:150], *[None] * 400], True),
        (SENTENCES[:99], False),
        (SENTENCES[:100] * 3, False),
        ([f"id {at}" for at in range(300)], False),
        ([f"{at}.00000000000000000001" for at in range(300)], False),
        (list(range(300)), False),
    ],
    ids=["sentences", "with nulls", "too few", "too often the same", "too short", "numbers", "no strings"],
)
def test_texts_are_many_long_and_different_strings(values: list[Any], text: bool) -> None:
    assert is_text(values) is text


def test_the_user_s_word_goes_before_what_the_values_seem() -> None:
    assert is_text(["yes", "no"], derive={"c": "text"})
    assert not is_text(SENTENCES, kinds={"c": Kind.CATEGORICAL})


@pytest.mark.parametrize(("size", "vector"), [(31, False), (32, True)])
def test_columns_that_count_up_are_a_vector_from_32_on(size: int, vector: bool) -> None:
    assert ("x.norm" in names(frame(spread("x", size)))) is vector


@pytest.mark.parametrize(("size", "vector"), [(127, False), (128, True)])
def test_a_row_without_names_is_a_vector_from_128_on(size: int, vector: bool) -> None:
    rows = np.random.default_rng(1).normal(size=(20, size))

    assert ("f.norm" in names(Frame(Side.INPUT, None, 20, size, rows.ravel()))) is vector


def test_a_tensor_is_a_vector_and_a_narrow_one_is_columns() -> None:
    tensors = {"image": np.ones((5, 4_000)), "point": np.ones((5, 2))}
    found = names(Frame(Side.INPUT, (), 5, 0, [], vectors=tensors))

    assert {"image.norm", "point[0]", "point[1]"} <= set(found)
    assert "point.norm" not in found


def test_the_user_s_word_on_vectors_holds() -> None:
    few, many = frame(spread("x", 3)), frame(spread("x", 40))

    assert "x.norm" in names(few, derive={"x": "vector"})
    assert "x.norm" not in names(many, kinds={"x": Kind.NUMERIC})
    assert "x.norm" not in names(many, kinds={"x[7]": Kind.CATEGORICAL})


def test_a_text_is_found_however_small_the_frames_are() -> None:
    found = names(*(frame({"age": [at % 50], "c": [text]}) for at, text in enumerate(SENTENCES)))

    assert found[0] == "age"
    assert "c.length" in found


def test_rows_after_the_decision_are_derived_as_those_before() -> None:
    texts = [f"{text} {'x' * (at % 50)}" for at, text in enumerate(SENTENCES * 6)]
    distinct = [f"{at} {text}" for at, text in enumerate(texts)]
    builder = Builder()
    for start in range(0, len(distinct), 90):
        builder.add(frame({"c": distinct[start : start + 90]}))
    (side,) = builder.build().sides.values()

    assert side.rows.tolist() == [len(distinct)] * len(side.features)
    assert side.moments.mean[0] == pytest.approx(np.mean([len(text) for text in distinct]))


def test_a_second_pass_counts_the_columns_as_the_first_did() -> None:
    data = frame({"c": SENTENCES, **spread("x", 40, rows=300)})
    builder = Builder()
    kept = builder.add(data)
    profile = builder.build()

    for again in (data, kept):
        recount = Recount(profile)
        recount.add(again)
        assert recount.profile().sides[Side.INPUT].counts.tolist() == profile.sides[Side.INPUT].counts.tolist()


def test_what_is_kept_of_wide_rows_is_small() -> None:
    kept = Builder().add(Frame(Side.INPUT, (), 4, 0, [], vectors={"image": np.ones((4, 150_528), np.uint8)}))

    assert (kept.vectors, kept.width) == (None, 11)


def test_rows_wait_until_texts_are_told_from_categories_and_none_is_lost() -> None:
    inference = Inference(Choices())
    parts = [frame({"c": SENTENCES[:100]}) for _ in range(12)]
    came = [inference.texts(inference.vectors(part)) for part in parts]

    assert [len(one) for one in came] == [0] * 9 + [10, 1, 1]
    assert sum(one.rows for ones in came for one in ones) == 1_200
    assert inference.settle() == []


def test_what_waits_at_the_end_is_settled_by_what_there_is() -> None:
    inference = Inference(Choices())
    assert inference.texts(frame({"c": SENTENCES})) == []

    (settled,) = inference.settle()

    assert settled.names == tuple(inference.definitions)
    assert {one.of for one in inference.definitions.values()} == {"c"}
    assert settled.rows == len(SENTENCES)


def test_of_one_name_the_size_that_came_first_is_the_vector_s() -> None:
    inference = Inference(Choices())
    for size in (40, 64):
        inference.vectors(frame(spread("x", size)))

    assert {one.size for one in inference.definitions.values()} == {40}
