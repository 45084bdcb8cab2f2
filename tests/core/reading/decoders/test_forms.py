"""One table, sent in each form that a protocol has for it, is read as that table."""

from __future__ import annotations

import csv
import io
import struct
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.wire import exchange
from sidecar.core.reading.decoders import decoders
from sidecar.core.words.frame import Frame
from sidecar.settings import DecodeSettings

Rows = list[list[Any]]
ALL = {decoder.name: decoder for decoder in decoders(DecodeSettings())}
cell = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
tables = st.integers(2, 8).flatmap(
    lambda width: st.lists(st.lists(cell, min_size=width, max_size=width), min_size=1, max_size=60)
)
numbers = st.integers(2, 8).flatmap(
    lambda width: st.lists(
        st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=width, max_size=width),
        min_size=1,
        max_size=60,
    )
)
laws = settings(deadline=None, derandomize=True)


def names(rows: Rows) -> list[str]:
    return [f"c{at}" for at in range(len(rows[0]))]


def tensor(name: str, shape: list[int], data: Any) -> dict[str, Any]:
    return {"name": name, "shape": shape, "datatype": "FP64", "data": data}


def objects(rows: Rows) -> list[dict[str, Any]]:
    return [dict(zip(names(rows), row, strict=True)) for row in rows]


def columns(rows: Rows) -> dict[str, list[Any]]:
    return {name: [row[at] for row in rows] for at, name in enumerate(names(rows))}


def flat(rows: Rows) -> list[Any]:
    return [value for row in rows for value in row]


V2, V1, INVOCATIONS, ANY = "/v2/models/m/infer", "/v1/models/m:predict", "/invocations", "/predict"
UNNAMED: dict[str, tuple[str, str, Callable[[Rows], Any]]] = {
    "flat": ("v2_json", V2, lambda rows: {"inputs": [tensor("x", [len(rows), len(rows[0])], flat(rows))]}),
    "nested": ("v2_json", V2, lambda rows: {"inputs": [tensor("x", [len(rows), len(rows[0])], rows)]}),
    "three dimensions": (
        "v2_json", V2, lambda rows: {"inputs": [tensor("x", [len(rows), 1, len(rows[0])], [[row] for row in rows])]}
    ),
    "instances": ("v1_json", V1, lambda rows: {"instances": rows}),
    "inputs": ("v1_json", V1, lambda rows: {"inputs": rows}),
    "mlflow inputs": ("mlflow_json", INVOCATIONS, lambda rows: {"inputs": rows}),
    "mlflow instances": ("mlflow_json", INVOCATIONS, lambda rows: {"instances": rows}),
    "data": ("generic_json", ANY, lambda rows: {"data": rows}),
    "a list": ("generic_json", ANY, lambda rows: rows),
}  # fmt: skip
NAMED: dict[str, tuple[str, str, Callable[[Rows], Any]]] = {
    "pd": (
        "v2_json",
        V2,
        lambda rows: {
            "parameters": {"content_type": "pd"},
            "inputs": [tensor(name, [len(rows), 1], values) for name, values in columns(rows).items()],
        },
    ),
    "several tensors": (
        "v2_json", V2, lambda rows: {"inputs": [tensor(name, [len(rows)], v) for name, v in columns(rows).items()]}
    ),
    "objects": ("v1_json", V1, lambda rows: {"instances": objects(rows)}),
    "columns": ("v1_json", V1, lambda rows: {"inputs": columns(rows)}),
    "split": ("mlflow_json", INVOCATIONS, lambda rows: {"dataframe_split": {"columns": names(rows), "data": rows}}),
    "records": ("mlflow_json", INVOCATIONS, lambda rows: {"dataframe_records": objects(rows)}),
    "seldon": ("generic_json", ANY, lambda rows: {"data": {"names": names(rows), "ndarray": rows}}),
    "a list of objects": ("generic_json", ANY, objects),
}  # fmt: skip


def read(decoder: str, path: str, document: Any) -> Frame:
    body = orjson.dumps(document)
    return ALL[decoder].request(exchange(path, body), body)


@pytest.mark.slow
@pytest.mark.parametrize("form", UNNAMED)
@laws
@given(rows=tables)
def test_a_matrix_is_the_same_in_every_form(form: str, rows: Rows) -> None:
    decoder, path, encode = UNNAMED[form]

    frame = read(decoder, path, encode(rows))

    assert (frame.names, frame.rows, frame.width) == (None, len(rows), len(rows[0]))
    assert_same(frame.values, flat(rows))


@pytest.mark.slow
@pytest.mark.parametrize("form", NAMED)
@laws
@given(rows=tables)
def test_a_table_with_names_is_the_same_in_every_form(form: str, rows: Rows) -> None:
    decoder, path, encode = NAMED[form]

    frame = read(decoder, path, encode(rows))

    assert (frame.names, frame.rows, frame.width) == (tuple(names(rows)), len(rows), len(rows[0]))
    assert_same(frame.values, flat(rows))


def assert_same(came: list[Any], sent: list[Any]) -> None:
    """Equal, and a truth stays a truth, a word a word; a float may come as the whole number it is, and the other way."""
    assert came == sent
    assert [type(value) in (bool, str) for value in came] == [type(value) in (bool, str) for value in sent]


@laws
@given(rows=numbers)
def test_a_binary_tensor_is_what_its_json_is(rows: Rows) -> None:
    values = flat(rows)
    head = orjson.dumps(
        {
            "inputs": [
                {
                    "name": "x",
                    "shape": [len(rows), len(rows[0])],
                    "datatype": "FP64",
                    "parameters": {"binary_data_size": 8 * len(values)},
                }
            ]
        }
    )
    body = head + struct.pack(f"<{len(values)}d", *values)

    frame = ALL["v2_json"].request(
        exchange(V2, body, headers=b"Inference-Header-Content-Length: %d\r\n" % len(head)), body
    )

    assert list(frame.values) == values


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@laws
@given(rows=numbers, with_header=st.booleans())
def test_csv_is_read_as_it_was_written(separator: str, rows: Rows, with_header: bool) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=separator).writerows([names(rows), *rows] if with_header else rows)

    frame = ALL["csv"].request(exchange(INVOCATIONS, b"", content_type=b"text/csv"), text.getvalue().encode())

    assert frame.names == (tuple(names(rows)) if with_header else None)
    assert frame.values == list(map(repr, flat(rows)))
