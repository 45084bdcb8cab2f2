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


SPARSE = b"[%s]" % b",".join([keys(0, 2000), *[b'{"k1":1}'] * 90_000])
DISTINCT = b"[%s]" % b",".join(keys(at, 1) for at in range(60_000))
LISTS = b"[%s[]]" % (b"[]," * 5_000_000)
NUMBERS = b"[%s1]" % (b"1.5," * 4_000_000)


@pytest.mark.parametrize(
    ("data", "reason"),
    [(SPARSE, "ragged"), (DISTINCT, "too_large"), (LISTS, "too_large"), (NUMBERS, "too_large")],
    ids=["sparse objects", "a key for each row", "empty lists", "numbers"],
)
def test_a_message_made_to_grow_is_refused_before_it_does(data: bytes, reason: str) -> None:
    tracemalloc.start()
    try:
        assert reason_of(data) == reason
        assert tracemalloc.get_traced_memory()[1] < 40 * MIB
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
        ([[1, 2], [3]], "ragged"),
        ([[1, 2], 3], "ragged"),
        ([{"a": 1}, 2], "ragged"),
        ([{"a": [1]}, {"a": [1, 2]}], "ragged"),
        ([[]], "shape"),
        ([{}], "shape"),
        ([{"a": []}], "shape"),
        ([[[1]]], "type"),
        ([1, {"a": 1}], "type"),
        ([{"a": {"b": 1}}], "type"),
        ("rows", "structure"),
    ],
)
def test_what_is_no_table_is_refused_with_its_reason(rows: Any, reason: str) -> None:
    with pytest.raises(DecodeError) as caught:
        TABLES.rows(Side.INPUT, rows)

    assert caught.value.reason == reason


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


@pytest.mark.parametrize(
    "data", [b'["\\ud800"]', b'{"\\udc00": 1}', b'["\xed\xa0\x80"]', b"", b"  ", b"[1", b"[" * 5000]
)
def test_what_is_no_json_is_a_syntax_error_and_so_is_half_a_surrogate_pair(data: bytes) -> None:
    with pytest.raises(DecodeError) as caught:
        parse(data)

    assert caught.value.reason == "syntax"
