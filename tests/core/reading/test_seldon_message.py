"""The forms of Seldon's message."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.core.reading.seldon_message import message, unformed
from sidecar.core.reading.tables import Tables
from sidecar.core.words.frame import Frame, Side
from sidecar.errors import DecodeError
from sidecar.settings import DecodeSettings

TABLES = Tables(DecodeSettings())
AB = ("a", "b")


def read(document: Any) -> Frame | None:
    return message(TABLES, Side.INPUT, document, "value")


@settings(derandomize=True, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_form_field_is_unpacked_as_it_was_packed(text: str) -> None:
    assert unformed(urlencode({"json": text, "other": "1"}).encode()) == text.encode()


def test_what_is_no_form_stays_as_it_is() -> None:
    assert unformed(b'{"strData": "a+b%20c&json=1"}') == b'{"strData": "a+b%20c&json=1"}'


@pytest.mark.parametrize(
    ("document", "names", "values"),
    [
        ({"data": {"names": ["a", "b"], "ndarray": [[1, 2], [3, 4]]}}, AB, [1, 2, 3, 4]),
        ({"data": {"names": [], "ndarray": [[1, 2], [3, 4]]}}, None, [1, 2, 3, 4]),
        ({"data": {"names": ["a", "b"], "ndarray": [1, 2]}}, AB, [1, 2]),
        ({"data": {"names": ["a"], "ndarray": [1, 2]}}, ("a",), [1, 2]),
        ({"data": {"names": [0, 1], "ndarray": [[1, 2]]}}, ("0", "1"), [1, 2]),
        ({"data": {"names": ["a", "b"], "tensor": {"shape": [2, 2], "values": [1, 2, 3, 4]}}}, AB, [1, 2, 3, 4]),
        ({"data": {"tensor": {"shape": [2], "values": [1, 2]}}}, None, [1, 2]),
        ({"data": {"ndarray": [[1]], "tensor": {"shape": [1], "values": [2]}}}, None, [1]),
        ({"jsonData": {"a": 1, "b": {"c": 2}}}, ("a", "b.c"), [1, 2]),
        ({"jsonData": [[1, 2]]}, None, [1, 2]),
        ({"strData": "hello"}, ("value",), ["hello"]),
        ({"binData": "AAEC"}, ("value.bytes",), [3]),
        ({"data": {"rows": 1}, "strData": "hello"}, ("value",), ["hello"]),
    ],
)
def test_each_form_is_the_rows_that_it_means(document: Any, names: tuple[str, ...] | None, values: list[Any]) -> None:
    frame = read(document)

    assert frame is not None
    assert (frame.names, frame.values) == (names, values)


@pytest.mark.parametrize("document", [None, 3, [], {}, {"data": [[1]]}, {"data": {"rows": []}}, {"meta": {}}])
def test_what_is_no_message_is_none_and_no_error(document: Any) -> None:
    assert read(document) is None


@pytest.mark.parametrize(
    ("tensor", "reason"),
    [
        (None, "structure"),
        ({"shape": [1, 2]}, "structure"),
        ({"values": [1, 2]}, "shape"),
        ({"shape": [2, 2], "values": [1, 2]}, "shape"),
        ({"shape": [-1, -2], "values": [1, 2]}, "shape"),
    ],
)
def test_a_tensor_that_is_none_is_refused_with_its_reason(tensor: Any, reason: str) -> None:
    with pytest.raises(DecodeError) as caught:
        read({"data": {"tensor": tensor}})

    assert caught.value.reason == reason
