"""Derived features in the place of their columns, in frames of any shape."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from harness.profiles import profile_of
from sidecar.core.binning.derive import Deriver, Source, columns_of
from sidecar.core.binning.derived.text import Text
from sidecar.core.binning.derived.vector import Vector
from sidecar.core.words.frame import Frame, Side

TEXT, VECTOR = Source("text", "comment"), Source("vector", "x", 3)
DEFINITIONS = TEXT.definitions() | VECTOR.definitions()
ORDER = ("age", "comment", "x[0]", "x[1]", "x[2]", "colour")
ROWS: list[list[Any]] = [[41, "Hello there", 1.0, 2.0, 2.0, "red"], [None, "Bye", 0.0, 0.0, 4.0, "blue"]]


def frame(names: tuple[str, ...] | None = ORDER, rows: list[list[Any]] | None = None, **more: Any) -> Frame:
    chosen = ROWS if rows is None else rows
    return Frame(Side.INPUT, names, len(chosen), len(chosen[0]), [value for row in chosen for value in row], **more)


def columns(frame: Frame) -> dict[str, list[Any]]:
    values = list(frame.values)
    return {name: values[at :: frame.width] for at, name in enumerate(frame.names or ())}


def test_derived_features_stand_where_their_columns_stood() -> None:
    found = columns(Deriver(DEFINITIONS).frame(frame()))

    assert list(found) == ["age", *TEXT.definitions(), *VECTOR.definitions(), "colour"]
    assert (found["age"], found["colour"]) == ([41, None], ["red", "blue"])
    assert (found["comment.length"], found["x.norm"]) == ([11, 3], [3.0, 4.0])


def test_columns_without_names_go_by_the_order_of_the_reference_s_columns() -> None:
    deriver = Deriver(DEFINITIONS, order=ORDER)

    assert columns(deriver.frame(frame(None))) == columns(deriver.frame(frame()))


def test_configured_names_go_before_the_order() -> None:
    deriver = Deriver(DEFINITIONS, order=tuple(reversed(ORDER)), configured=ORDER)

    assert columns(deriver.frame(frame(None))) == columns(deriver.frame(frame()))


def test_a_tensor_gives_what_its_columns_give() -> None:
    spread = Deriver(VECTOR.definitions()).frame(frame(ORDER[2:5], [row[2:5] for row in ROWS]))
    rows = np.array([row[2:5] for row in ROWS])
    whole = Deriver(VECTOR.definitions()).frame(Frame(Side.INPUT, (), 2, 0, [], vectors={"x": rows}))

    assert columns(whole) == columns(spread)
    assert whole.vectors is None


def test_an_array_gives_what_a_list_gives() -> None:
    numbers = [row[2:5] for row in ROWS]
    flat = Frame(Side.INPUT, ORDER[2:5], 2, 3, np.array(numbers).ravel())
    deriver = Deriver(VECTOR.definitions())

    assert columns(deriver.frame(flat)) == columns(deriver.frame(frame(ORDER[2:5], numbers)))


def test_the_only_tensor_may_have_another_name_if_its_size_fits_one_vector_only() -> None:
    tensor = {"input-0": np.ones((1, 3))}
    one = Deriver(VECTOR.definitions()).frame(Frame(Side.INPUT, (), 1, 0, [], vectors=tensor))
    two = Deriver(VECTOR.definitions() | Source("vector", "y", 3).definitions())

    assert one.names == tuple(VECTOR.definitions())
    assert two.frame(Frame(Side.INPUT, (), 1, 0, [], vectors=tensor)).names == tuple(
        f"input-0[{at}]" for at in range(3)
    )


def test_a_tensor_that_nobody_knows_and_is_too_wide_is_one_column_without_values() -> None:
    found = Deriver({}).frame(Frame(Side.INPUT, ("a",), 2, 1, [1, 2], vectors={"image": np.ones((2, 5_000))}))

    assert columns(found) == {"a": [1, 2], "image": [None, None]}


def test_a_vector_of_another_size_is_not_the_vector() -> None:
    found = Deriver(VECTOR.definitions()).frame(frame(ORDER[2:4], [row[2:4] for row in ROWS]))

    assert found.names == ("x[0]", "x[1]")


def test_a_word_in_a_vector_leaves_its_row_missing() -> None:
    found = columns(Deriver(VECTOR.definitions()).frame(frame(ORDER[2:5], [[1, 2, 2], [1, "?", 2]])))

    assert found["x.norm"][0] == 3.0
    assert np.isnan(found["x.norm"][1])


def test_a_column_that_is_called_as_a_derived_feature_gives_way() -> None:
    found = Deriver(TEXT.definitions()).frame(frame(("comment.length", "comment"), [[999, "four"]]))

    assert columns(found)["comment.length"] == [4.0]
    assert len(found.names or ()) == len(Text.parts)


def test_columns_keep_their_precision_and_derived_ones_have_none() -> None:
    for precisions in (("float16",), ("float16",) * len(ORDER)):
        found = Deriver(TEXT.definitions()).frame(frame(precisions=precisions))

        assert found.precisions == ("float16", *[""] * len(Text.parts), *["float16"] * 4)


def test_only_what_the_reference_has_is_derived() -> None:
    name = "comment.words"
    found = Deriver({name: TEXT.definitions()[name]}).frame(frame(("comment",), [["one two"]]))

    assert columns(found) == {name: [2.0]}


def test_frames_with_nothing_to_derive_stay_the_frames_they_are() -> None:
    plain = frame(("age", "colour"), [[1, "red"]])

    assert Deriver(DEFINITIONS).frame(plain) is plain
    assert list(Deriver({}).frames([plain])) == [plain]


def test_slices_stay_with_their_rows() -> None:
    assert Deriver(DEFINITIONS).frame(frame(segments=[3, 1])).segments == [3, 1]


def test_the_columns_of_a_reference_are_those_of_its_data_in_their_order() -> None:
    rng = np.random.default_rng(1)
    data: dict[str, Any] = {"age": rng.normal(size=40)}
    data |= {f"x[{at}]": rng.normal(size=40) for at in range(32)}
    data |= {"colour": ["red", "blue"] * 20}
    (side,) = profile_of(data).sides.values()

    assert columns_of(side.features) == tuple(data)
    assert set(side.names) == {"age", "colour", *(f"x.{part}" for part in Vector.parts)}


@pytest.mark.parametrize("source", [TEXT, VECTOR])
def test_a_definition_says_all_that_is_needed(source: Source) -> None:
    for name, one in source.definitions().items():
        assert Source(one.kind, one.of, one.size) == source
        assert name == f"{one.of}.{one.part}"
