"""Bounds on what a message may cost, and JSON that strict parsers refuse."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest

from sidecar.core.reading.tables import Tables, parse
from sidecar.core.words.frame import Side
from sidecar.errors import DecodeError
from sidecar.settings import DecodeSettings

TABLES = Tables(DecodeSettings())
MIB = 1 << 20


def reason_of(data: bytes) -> str:
    with pytest.raises(DecodeError) as caught:
        TABLES.rows(Side.INPUT, TABLES.parse(data))
    return caught.value.reason


def keys(first: int, count: int) -> bytes:
    return b"{%s}" % b",".join(b'"k%d":1' % at for at in range(first, first + count))


SPARSE = b"[%s]" % b",".join([keys(0, 2000), *[b'{"k1":1}'] * 22_000])
DISTINCT = b"[%s]" % b",".join(keys(at, 1) for at in range(60_000))
LISTS = b"[%s[]]" % (b"[]," * 5_000_000)
NUMBERS = b"[%s1]" % (b"1.5," * 4_000_000)


NESTED_SPARSE = b"[%s]" % b",".join([b'{"a":%s}' % keys(0, 2000), *[b'{"a":{"k1":1}}'] * 11_000])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (NESTED_SPARSE, "ragged"),
        (SPARSE, "ragged"),
        (DISTINCT, "too_large"),
        (LISTS, "too_large"),
        (NUMBERS, "too_large"),
    ],
    ids=["sparse nested objects", "sparse objects", "a key for each row", "empty lists", "numbers"],
)
def test_a_message_made_to_grow_is_refused_before_it_does(data: bytes, reason: str) -> None:
    tracemalloc.start()
    try:
        assert reason_of(data) == reason
        assert tracemalloc.get_traced_memory()[1] < 40 * MIB
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("rows", "columns", "read"),
    [
        (3_409, 20, True),
        (3_410, 20, False),
        (25_000, 1, True),
        (25_001, 1, False),
        (37, 2_000, True),
        (38, 2_000, False),
    ],
)
def test_a_table_has_so_many_cells_and_each_row_counts_as_two_more(rows: int, columns: int, read: bool) -> None:
    asked = [[0.0] * columns] * rows
    if read:
        assert TABLES.rows(Side.INPUT, asked).rows == rows
    else:
        with pytest.raises(DecodeError, match=r"decode\.max_cells") as caught:
            TABLES.rows(Side.INPUT, asked)
        assert caught.value.reason == "too_large"


def test_lists_and_objects_that_no_table_can_have_are_refused_before_they_are_made() -> None:
    for unit in (b"[1],", b'{"a":1},'):
        assert reason_of(b"[%s]" % (unit * 33_400)[:-1]) == "too_large"


@pytest.mark.slow
def test_columns_of_many_lengths_are_not_filled_up_to_the_longest() -> None:
    columns: dict[str, Any] = {f"c{at}": [1] * at for at in range(2, 1400)} | {"a": [1] * 99_999, "b": [1] * 99_999}
    tracemalloc.start()
    try:
        with pytest.raises(DecodeError) as caught:
            TABLES.columns(Side.INPUT, columns)
        assert caught.value.reason == "ragged"
        assert tracemalloc.get_traced_memory()[1] < 100 * MIB
    finally:
        tracemalloc.stop()


def test_keys_that_are_left_out_are_null() -> None:
    frame = TABLES.rows(Side.INPUT, [{"a": 1}, {"b": 2}, {"b": 4, "a": 3}])

    assert frame.names == ("a", "b")
    assert frame.values == [1, None, None, 2, 3, 4]


def test_values_that_are_lists_are_spread_over_columns() -> None:
    frame = TABLES.rows(Side.INPUT, [{"age": [31], "at": [1, 2]}, {"age": [47], "at": [3, 4]}])

    assert frame.names == ("age", "at[0]", "at[1]")
    assert frame.values == [31, 1, 2, 47, 3, 4]


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([[]], "shape"),
        ([{}], "shape"),
        ([[], None, {}], "shape"),
        ([{"a": []}], "type"),
        ([{"a": [1] * 2001}], "too_large"),
        ([[{"a": 1}]], "type"),
        ([{"a": {}}], "type"),
        ([{"a": [{"b": 1}]}], "type"),
        ("rows", "structure"),
    ],
)
def test_of_what_nothing_can_be_read_is_refused_with_its_reason(rows: Any, reason: str) -> None:
    with pytest.raises(DecodeError) as caught:
        TABLES.rows(Side.INPUT, rows)

    assert caught.value.reason == reason


NESTED = {"a": {"b": {"c": {"d": 1, "e": {"f": 2}}}}}
TWO = ("a[0]", "a[1]")
WIDE = {f"k{at}": 1 for at in range(2001)}


@pytest.mark.parametrize(
    ("rows", "names", "values", "lost_rows", "lost_cells", "told"),
    [
        ([[1, 2], [3]], None, [1, 2], 1, {}, "row 1"),
        ([[3], [1, 2], [4, 5]], None, [1, 2, 4, 5], 1, {}, "row 0"),
        ([[1, 2], 3], None, [1, 2], 1, {}, "row 1"),
        ([[1, 2], {"a": 1}, [3, 4]], None, [1, 2, 3, 4], 1, {}, "row 1"),
        ([{"a": 1}, 2], ("a",), [1], 1, {}, "row 1"),
        ([{"a": 1}, [2], {"a": 3}], ("a",), [1, 3], 1, {}, "row 1"),
        ([{"a": 1}, None, {}, {"a": 3}], ("a",), [1, 3], 2, {}, "row 1"),
        ([[1, 2], None, [], [3, 4]], None, [1, 2, 3, 4], 2, {}, "row 1"),
        ([1, {"a": 1}, 2], ("value",), [1, 2], 1, {}, "row 1"),
        ([{"a": 1}, WIDE], ("a",), [1], 1, {}, "row 1"),
        ([[1] * 2001, [1]], None, [1], 1, {}, "row 0"),
        ([{"a": 1, "b": 2}, {"a": 3, "b": {"x": [1]}}], ("a", "b"), [1, 2, 3, None], 0, {1: 1}, "'b' of row 1"),
        ([{"a": 1, "b": [{"c": 1}]}], ("a", "b"), [1, None], 0, {1: 1}, "'b' of row 0"),
        ([{"a": [1, 2]}, {"a": [1]}, {"a": [3, 4]}], TWO, [1, 2, None, None, 3, 4], 0, {0: 1, 1: 1}, "'a[0]' of row 1"),
        ([{"a": {"b": 1}}, {"a": 5}, {"a": {"b": 4}}, {"a": {"b": 6}}], ("a.b",), [1, None, 4, 6], 0, {0: 1}, "'a' of row 1"),
        ([[1, {"a": 2}], [3, 4]], None, [1, None, 3, 4], 0, {1: 1}, "'column 1' of row 0"),
        ([{"a": WIDE, "b": 2}], ("a", "b"), [None, 2], 0, {0: 1}, "'a' of row 0"),
        ([{"a": [1] * 2000, "b": 2}], ("a", "b"), [None, 2], 0, {0: 1}, "'a' of row 0"),
        ([NESTED], ("a.b.c.d", "a.b.c.e"), [1, None], 0, {1: 1}, "'a.b.c.e' of row 0"),
        ([None, {"a": 1, "b": []}, {"a": 2, "b": 3}], ("a", "b"), [1, None, 2, 3], 1, {1: 1}, "row 0"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_costs_its_cell_or_its_row_and_the_complaint_says_where(
    rows: Any, names: Any, values: Any, lost_rows: int, lost_cells: Any, told: str
) -> None:
    frame = TABLES.rows(Side.INPUT, rows)

    assert (frame.names, frame.values) == (names, values)
    assert frame.lost
    assert (frame.lost.rows, frame.lost.cells) == (lost_rows, lost_cells)
    assert frame.lost.first.startswith(told)


@pytest.mark.parametrize(
    ("rows", "names", "values"),
    [
        ([{"a": {"b": 1, "c": {"d": "x"}}}], ("a.b", "a.c.d"), [1, "x"]),
        ([{"a.b": 1, "a": {"b": 2}}, {"a.b": 3}], ("a.b",), [1, 3]),
        ([{"b": 2, "a": 1}, {"a": 3, "b": 4}], ("b", "a"), [2, 1, 4, 3]),
        ([[[1, 2], [3, 4]], [[5, 6], [7, 8]]], None, [1, 2, 3, 4, 5, 6, 7, 8]),
        ([{"a": [[1, 2], [3, 4]]}], ("a[0]", "a[1]", "a[2]", "a[3]"), [1, 2, 3, 4]),
        ([{"image": {"b64": "AAECAw=="}, "id": 3}], ("image.bytes", "id"), [4, 3]),
        ([{"b64": "AAEC"}, {"b64": ""}], ("value.bytes",), [3, 0]),
        ([[1, {"b64": "AAE="}]], None, [1, 2]),
        ([{"features": [1, "a"]}, {"features": [2, None]}], None, [1, "a", 2, None]),
        ([{"data": {"features": {"values": [1, 2]}}}], None, [1, 2]),
        ([{"features": {"age": 1}}], ("age",), [1]),
        ([[{"label": "P", "score": 0.9}, {"label": "N", "score": 0.1}]], ("P", "N"), [0.9, 0.1]),
        ([1e400, 2**70, "true", None], ("value",), [float("inf"), 2**70, "true", None]),
    ],
)  # fmt: skip
def test_nested_rows_are_flat_tables_of_which_nothing_is_lost(rows: Any, names: Any, values: Any) -> None:
    frame = TABLES.rows(Side.INPUT, rows)

    assert (frame.names, frame.values, frame.lost) == (names, values, None)


def test_rows_are_as_wide_as_the_configured_names_though_most_are_not() -> None:
    tables = Tables(DecodeSettings(feature_names=("a", "b")))

    frame = tables.rows(Side.INPUT, [[1], [2, 3], [4]])

    assert (frame.values, frame.lost and frame.lost.rows) == ([2, 3], 2)


@pytest.mark.parametrize(
    ("columns", "names", "values", "lost_cells"),
    [
        ({"a": [1, 2], "b": [3, 4], "c": [5]}, ("a", "b", "c"), [1, 3, None, 2, 4, None], {2: 2}),
        ({"a": [1, {}], "b": [3, 4]}, ("a", "b"), [1, 3, None, 4], {0: 1}),
        ({"user": {"age": [1, 2]}, "b": [3, 4]}, ("user.age", "b"), [1, 3, 2, 4], None),
        ({"user": {"age": 1}, "b": True}, ("user.age", "b"), [1, True], None),
    ],
)
def test_columns_are_read_likewise(columns: Any, names: Any, values: Any, lost_cells: Any) -> None:
    frame = TABLES.columns(Side.INPUT, columns)

    assert (frame.names, frame.values) == (names, values)
    assert (frame.lost.cells if frame.lost else None) == lost_cells


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"\xef\xbb\xbf[1]", [1]),
        (b"[Infinity]", [float("inf")]),
        (b"[1e400]", [float("inf")]),
        (b"[1,%s]" % (b"9" * 400), [1, float("inf")]),
        (b'["\\ud83d\\ude00", 1e400]', ["\N{GRINNING FACE}", float("inf")]),
    ],
)
def test_json_that_servers_send_and_strict_parsers_refuse_is_read(data: bytes, value: list[Any]) -> None:
    assert parse(data) == value


def test_a_bare_nan_is_a_missing_number() -> None:
    (value,) = parse(b"[NaN]")

    assert value != value  # which only NaN is


@pytest.mark.parametrize("data", [b"", b"  ", b"[1", b"[" * 5000])
def test_what_is_no_json_is_a_syntax_error(data: bytes) -> None:
    with pytest.raises(DecodeError) as caught:
        parse(data)

    assert caught.value.reason == "syntax"


@pytest.mark.parametrize("data", [b'["\\ud800", 1]', b'["\xff", 1]', b'["\\udc00", 1]', b'["\xe9", 1]'])
def test_a_character_that_is_none_costs_itself_alone(data: bytes) -> None:
    assert parse(data) == ["\N{REPLACEMENT CHARACTER}", 1]
