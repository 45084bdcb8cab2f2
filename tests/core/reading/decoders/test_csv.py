"""CSV: when the first line is a header, and what a cell is."""

from __future__ import annotations

from typing import Any

import pytest

from harness.wire import exchange
from sidecar.core.reading.decoders.csv import Csv
from sidecar.core.words.frame import Frame
from sidecar.errors import DecodeError
from sidecar.settings import DecodeSettings

CSV = Csv(DecodeSettings())


def request(body: bytes, csv: Csv = CSV) -> Frame:
    return csv.request(exchange("/invocations", body, content_type=b"text/csv"), body)


def response(body: bytes) -> Frame:
    return CSV.response(exchange("/invocations", b"", body, content_type=b"text/csv"), body)


@pytest.mark.parametrize(
    ("body", "names", "values"),
    [
        (b"1,2\n3,4\n", None, ["1", "2", "3", "4"]),
        (b"1,2", None, ["1", "2"]),
        (b"a,b\n1,2\n", ("a", "b"), ["1", "2"]),
        (b"a, b\r\n1,2\r\n", ("a", "b"), ["1", "2"]),
        (b"a;b\n1;x,y\n", ("a", "b"), ["1", "x,y"]),
        (b",a\n0,1\n", ("Unnamed: 0", "a"), ["0", "1"]),
        (b"\xef\xbb\xbfa,b\n1,2\n", ("a", "b"), ["1", "2"]),
        (b'"a,1",b\n1,"two\nlines"\n', ("a,1", "b"), ["1", "two\nlines"]),
        (b"NL,31\nDE,45\n", None, ["NL", "31", "DE", "45"]),
        (b"country,city\nNL,Delft\n", ("country", "city"), ["NL", "Delft"]),
        (b"NL,Delft\n", None, ["NL", "Delft"]),
        (b"a,b\n,NA\n", ("a", "b"), ["", "NA"]),
        (b"a,b\n\n1,2\n   \n", ("a", "b"), ["1", "2"]),
        (b"1985-04-12,NL\n1990-01-02,DE\n", None, ["1985-04-12", "NL", "1990-01-02", "DE"]),
        (b"id,2026-01-01\n1,2.5\n", ("id", "2026-01-01"), ["1", "2.5"]),
    ],
)
def test_a_first_line_of_words_above_numbers_is_a_header(
    body: bytes, names: tuple[str, ...] | None, values: list[Any]
) -> None:
    frame = request(body)

    assert (frame.names, frame.values) == (names, values)


@pytest.mark.parametrize(
    ("body", "names", "values"),
    [
        (b"0.1\n0.9\n", ("prediction",), ["0.1", "0.9"]),
        (b"setosa\nversicolor\n", ("prediction",), ["setosa", "versicolor"]),
        (b"score\n0.1\n", ("score",), ["0.1"]),
        (b"0.1,0.9\n", None, ["0.1", "0.9"]),
        (b'{"predictions": [1, 0]}', ("prediction",), [1, 0]),
        (b'{"predictions": {"p": [1, 0]}}', ("p",), [1, 0]),
        (b"[1, 0]", ("prediction",), [1, 0]),
    ],
)
def test_predictions_may_be_lines_or_json(body: bytes, names: tuple[str, ...] | None, values: list[Any]) -> None:
    frame = response(body)

    assert (frame.names, frame.values) == (names, values)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "syntax"),
        (b"\n \n", "syntax"),
        (b"\xff\xfe", "syntax"),
        (b'"a', "syntax"),
        (b"a,b\n1\n", "ragged"),
        (b"1\n" * 100_002, "too_large"),
        (b"1\n" * 1_100_000, "too_large"),
        (b"1," * 2000 + b"1", "too_large"),
    ],
)
def test_what_is_no_csv_is_refused_with_its_reason(body: bytes, reason: str) -> None:
    with pytest.raises(DecodeError) as caught:
        request(body)

    assert caught.value.reason == reason


def test_as_many_rows_as_are_allowed_are_read_below_a_header() -> None:
    csv = Csv(DecodeSettings(max_cells=300_000))
    assert request(b"a\n" + b"1\n" * 100_000, csv).rows == 100_000


@pytest.mark.parametrize("row", [b"1", b"1," * 1_500 + b"1", b"1," * 2_500 + b"1"], ids=["rows", "cells", "columns"])
def test_lines_that_no_table_can_have_are_refused_before_they_are_read(row: bytes) -> None:
    with pytest.raises(DecodeError) as caught:
        request((row + b"\n") * (160_000 // (len(row) + 1)))

    assert caught.value.reason == "too_large"
