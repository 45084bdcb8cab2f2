"""Probabilities of classes are one output, whatever form the answer gives them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.reading.classes import MOST_CLASSES, with_classes
from sidecar.core.words.frame import Frame, Lost, Side

PARTS = ("prediction.class", "prediction.top", "prediction.entropy")
BOTH = math.log(2)


def frame(names: Any, width: int, values: Any, **more: Any) -> Frame:
    return Frame(Side.OUTPUT, names, len(values) // width, width, values, **more)


def test_rows_of_probabilities_get_their_class_its_probability_and_their_entropy() -> None:
    found = with_classes(frame(None, 2, [0.25, 0.75, 0.5, 0.5]), 2)

    assert found.names == ("prediction[0]", "prediction[1]", *PARTS)
    assert found.rows == 2
    assert found.values == pytest.approx(
        [0.25, 0.75, "1", 0.75, 0.5623351446188083, 0.5, 0.5, "0", 0.5, BOTH], nan_ok=False
    )


@pytest.mark.parametrize(
    ("names", "values", "every", "label"),
    [
        (("no", "yes"), [0.1, 0.9], ("no", "yes", *PARTS), "yes"),
        (("p[0]", "p[1]", "label"), [0.1, 0.9, "x"], ("p[0]", "p[1]", "label", "p.class", "p.top", "p.entropy"), "1"),
        (("id", "s.no", "s.yes"), [7, 0.9, 0.1], ("id", "s.no", "s.yes", "s.class", "s.top", "s.entropy"), "no"),
    ],
)
def test_classes_are_called_what_the_answer_calls_them(names: Any, values: Any, every: Any, label: str) -> None:
    found = with_classes(frame(names, len(values), values), 1)

    assert found.names == every
    assert found.values[: len(values)] == values
    assert found.values[len(values)] == label


@pytest.mark.parametrize(
    ("sent", "found"),
    [
        ((), ()),
        (("float32",), ("float32", "float32", "", "float32", "")),
        (("", "float16"), ("", "float16", "", "", "")),
    ],
)
def test_what_is_added_has_a_precision_of_its_own(sent: Any, found: Any) -> None:
    assert with_classes(frame(None, 2, [0.25, 0.75], precisions=sent), 1).precisions == found


def test_a_flat_list_for_one_row_is_one_row() -> None:
    found = with_classes(frame(("prediction",), 1, [0.1, 0.2, 0.7]), 1)

    assert (found.rows, found.width) == (1, 6)
    assert found.values[3:5] == ["2", 0.7]


def test_labels_with_scores_for_one_row_are_one_row() -> None:
    sent = frame(("label", "score"), 2, ["NEG", 0.25, "POS", 0.75])

    found = with_classes(sent, 1)

    assert found.names == ("NEG", "POS", *PARTS)
    assert found.values[:4] == [0.25, 0.75, "POS", 0.75]
    assert with_classes(sent, 2) is sent


@pytest.mark.parametrize("asked", [None, 0, 2, 3])
def test_a_flat_list_for_other_numbers_of_rows_is_as_many_rows_as_it_is_long(asked: int | None) -> None:
    sent = frame(("prediction",), 1, [0.1, 0.2, 0.7])

    assert with_classes(sent, asked) is sent


@pytest.mark.parametrize(
    "values",
    [
        [0.5, 0.6],
        [-0.5, 1.5],
        [0, 1],
        [True, False],
        ["0.5", 0.5],
        [None, None],
        [float("nan"), 1.0],
        [float("inf"), 0.0],
        [10**400, 0.5],
        [0.5, 0.51],
    ],
)
def test_what_are_no_probabilities_stays_what_it_is(values: Any) -> None:
    sent = frame(None, 2, values)

    assert with_classes(sent, 1) is sent


def test_a_row_without_all_its_probabilities_has_no_class() -> None:
    found = with_classes(frame(None, 2, [0.25, 0.75, None, 0.5]), 2)

    assert found.values[5:] == [None, 0.5, None, None, None]


def test_coarsely_printed_probabilities_need_not_add_up_to_one() -> None:
    assert with_classes(frame(None, 3, [0.33, 0.33, 0.33]), 1).width == 6
    assert with_classes(frame(None, 3, [0.333, 0.33, 0.33]), 1).width == 3


def test_of_very_many_classes_the_probabilities_are_not_kept() -> None:
    many = MOST_CLASSES + 1
    sent = frame(
        ("id", *(f"p[{at}]" for at in range(many))), many + 1, [7, *[1 / many] * many], lost=Lost(0, {0: 1}, "x")
    )

    found = with_classes(sent, 1)

    assert found.names == ("id", "p.class", "p.top", "p.entropy")
    assert found.values == [7, "0", pytest.approx(1 / many), pytest.approx(math.log(many))]
    assert found.lost == sent.lost


@given(
    logits=st.lists(st.lists(st.floats(-30, 30), min_size=3, max_size=3), min_size=1, max_size=5),
    dtype=st.sampled_from(["<f2", "<f4", "<f8"]),
)
def test_any_softmax_in_any_precision_is_seen_as_probabilities(logits: list[list[float]], dtype: str) -> None:
    powers = np.exp(np.array(logits) - np.max(logits, axis=1, keepdims=True))
    rows = (powers / powers.sum(axis=1, keepdims=True)).astype(dtype)

    found = with_classes(frame(None, 3, rows.ravel().tolist()), len(rows))

    assert found.width == 6
    assert found.values[3::6] == [str(top) for top in rows.argmax(axis=1)]
    assert all(0 <= entropy <= math.log(3) + 0.01 for entropy in found.values[5::6])


names_of = st.sampled_from(["p[0]", "p[1]", "p[2]", "q.a", "q.b", "label", "score", "p.class", "[0]", ".", ".a", ""])
cells = st.sampled_from([0.25, 0.75, 0.5, 0.0, 1.0, 1, 0, -0.0, None, True, "x", float("nan"), float("inf"), 10**400])


@given(data=st.data(), asked=st.sampled_from([None, 0, 1, 2]), rows=st.integers(0, 3), width=st.integers(1, 6))
def test_whatever_an_answer_holds_it_stays_a_table_with_its_own_columns_first(
    data: st.DataObject, asked: int | None, rows: int, width: int
) -> None:
    names = data.draw(st.none() | st.lists(names_of, min_size=width, max_size=width).map(tuple))
    values = data.draw(st.lists(cells, min_size=rows * width, max_size=rows * width))
    sent = Frame(Side.OUTPUT, names, rows, width, values)

    found = with_classes(sent, asked)

    assert len(found.values) == found.rows * found.width
    assert found.names is None or len(found.names) == found.width
    if found.rows == sent.rows:
        assert [found.values[at :: found.width] for at in range(width)] == [values[at::width] for at in range(width)]
