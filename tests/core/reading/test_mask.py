"""What is masked, in every form in which users name a value, and what is withheld since it cannot be."""

from __future__ import annotations

import gzip
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.reading.mask import masked
from sidecar.core.words.exchange import Message

keys = st.sampled_from(["ssn", "SSN", "age", "name", "data"])
documents = st.recursive(
    st.sampled_from([1, None, "open", True]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=12,
)


def message(body: bytes, *lines: str) -> Message:
    head = "".join(f"{line}\r\n" for line in ("POST /x HTTP/1.1", *lines, ""))
    return Message(head.encode(), body, len(body))


def read(body: bytes, *lines: str) -> Any:
    found = masked(message(body, *lines), frozenset({"ssn"}))
    assert found is not None
    return orjson.loads(found)


def test_masked_keys_are_replaced_at_any_depth_and_in_any_case() -> None:
    body = b'{"SSN": "123", "people": [{"ssn": {"deep": "123"}, "age": 4}]}'

    assert read(body) == {"SSN": "***", "people": [{"ssn": "***", "age": 4}]}


@pytest.mark.parametrize("key", ["data", "contents", "values"])
def test_a_masked_tensor_keeps_its_shape_and_loses_its_values(key: str) -> None:
    body = orjson.dumps({"inputs": [{"name": "ssn", "shape": [2], "datatype": "INT64", key: [[123], [456]]}]})

    assert read(body) == {"inputs": [{"name": "ssn", "shape": [2], "datatype": "INT64", key: [[None], [None]]}]}


@pytest.mark.parametrize("rows", ["data", "rows", "ndarray"])
@pytest.mark.parametrize("names", ["columns", "names", "feature_names"])
def test_a_masked_column_loses_its_values(names: str, rows: str) -> None:
    body = orjson.dumps({"x": {names: ["age", "Ssn"], rows: [[4, 123], [5, 456]]}})

    assert read(body) == {"x": {names: ["age", "Ssn"], rows: [[4, None], [5, None]]}}


def test_a_row_that_is_none_beside_a_masked_column_is_withheld_whole() -> None:
    assert read(b'{"columns": ["ssn"], "data": [[1], 123, {"a": 123}]}')["data"] == [[None], None, None]


def test_masking_reads_through_compression() -> None:
    assert read(gzip.compress(b'{"ssn": 123, "age": 4}'), "Content-Encoding: gzip") == {"ssn": "***", "age": 4}


@pytest.mark.parametrize(
    "body", [b"ssn,age\n123,4\n", b'{"ssn": 123', b'\x00{"ssn": 123}', b'{"a":' * 600 + b"123" + b"}" * 600, b""],
    ids=["csv", "cut short", "binary", "nested beyond reason", "empty"],
)  # fmt: skip
def test_a_body_that_is_no_json_as_a_whole_cannot_be_masked(body: bytes) -> None:
    assert masked(message(body), frozenset({"ssn"})) is None


@given(document=documents)
def test_where_no_key_is_named_a_document_stays_as_it_is(document: Any) -> None:
    found = masked(message(orjson.dumps(document)), frozenset({"absent"}))

    assert found is not None
    assert orjson.loads(found) == document


@given(document=documents)
def test_no_value_under_a_masked_key_is_left(document: Any) -> None:
    found = masked(message(orjson.dumps(document)), frozenset({"ssn"}))

    assert found is not None
    assert all(value == "***" for value in under(orjson.loads(found)))


def under(node: Any) -> list[Any]:
    """All values of members called `ssn`, in any case."""
    if isinstance(node, list):
        return [value for item in node for value in under(item)]
    if not isinstance(node, dict):
        return []
    own = [value for key, value in node.items() if key.casefold() == "ssn"]
    return own + [value for item in node.values() for value in under(item)]
