"""V2: tensors to columns, and what they must not be."""

from __future__ import annotations

import json
import struct
from typing import Any

import orjson
import pytest

from harness.wire import exchange
from sidecar.core.reading.decoders.v2_json import V2Json
from sidecar.core.words.frame import Frame
from sidecar.errors import DecodeError
from sidecar.settings import DecodeSettings

V2 = V2Json(DecodeSettings())
LONG = b" " * 5000
"""Blanks in front, which make the body long and its brackets far from the beginning."""


def request(*inputs: dict[str, Any], padding: bytes = b"", **more: Any) -> Frame:
    body = padding + json.dumps({"inputs": inputs, **more}).encode()
    return V2.request(exchange("/v2/models/m/infer", body), body)


def tensor(name: str, shape: list[Any], data: Any) -> dict[str, Any]:
    return {"name": name, "shape": shape, "datatype": "FP64", "data": data}


@pytest.mark.parametrize("shape", [[3], [3, 1], [3, 1, 1]])
def test_a_single_tensor_of_one_value_a_row_is_a_column_with_its_name(shape: list[int]) -> None:
    frame = request(tensor("age", shape, [1, 2, 3]))

    assert (frame.names, frame.rows, frame.width) == (("age",), 3, 1)


@pytest.mark.parametrize("padding", [b"", LONG])
def test_tensors_of_several_values_a_row_number_their_columns(padding: bytes) -> None:
    frame = request(tensor("a", [2, 2], [1, 2, 3, 4]), tensor("b", [2], ["x", None]), padding=padding)

    assert frame.names == ("a[0]", "a[1]", "b")
    assert frame.values == [1, 2, "x", 3, 4, None]


@pytest.mark.parametrize("padding", [b"", LONG])
@pytest.mark.parametrize(
    ("inputs", "reason"),
    [
        ([], "structure"),
        ([tensor("a", [2], [1])], "shape"),
        ([tensor("a", [0, -3], [])], "shape"),
        ([tensor("a", [-1, -1], [1])], "shape"),
        ([tensor("a", [5, 0], [])], "shape"),
        ([tensor("a", [], [1])], "shape"),
        ([tensor("a", [2, 0], []), tensor("b", [2], [1, 2])], "shape"),
        ([tensor("a", [2], [{}, {"b": 2}])], "type"),
        ([tensor("a", [0, 10**26], [])], "shape"),
        ([tensor("a", [10**4000, 0], [])], "shape"),
        ([tensor("a", [0, 2**40], [])], "shape"),
        ([tensor("a", [1.0, 1], [1])], "shape"),
        ([tensor("a", [1, 1.5], [1])], "shape"),
        ([tensor("a", ["1"], [1])], "shape"),
        ([tensor("a", [True], [1])], "shape"),
        ([tensor("a", [[1]], [1])], "shape"),
        ([tensor("a", [1] * 100_000, [1])], "shape"),
        ([tensor("a", [1], "x")], "structure"),
        ([{"name": "a", "shape": [1]}], "structure"),
        ([{"shape": [1], "data": [1]}], "structure"),
    ],
)
def test_what_is_no_tensor_is_refused_with_its_reason(padding: bytes, inputs: list[Any], reason: str) -> None:
    with pytest.raises(DecodeError) as caught:
        request(*inputs, padding=padding)

    assert caught.value.reason == reason


@pytest.mark.parametrize("padding", [b"", LONG])
@pytest.mark.parametrize("bad", [[], {}, [1], {"a": 1}, [{}]])
def test_what_is_no_cell_costs_itself_and_is_told_by_name_and_row(bad: Any, padding: bytes) -> None:
    frame = request(tensor("a", [2], [1, 2]), tensor("b", [2, 2], [3, 4, 5, bad]), padding=padding)

    assert frame.values == [1, 3, 4, 2, 5, None]
    assert frame.lost
    assert (frame.lost.rows, frame.lost.cells) == (0, {2: 1})
    assert "'b' of row 1" in frame.lost.first


@pytest.mark.parametrize("hidden", [[], {}, [1], {"a": 1}])
@pytest.mark.parametrize("at", [0, 1, 700, 1999])
def test_a_list_or_object_among_many_numbers_is_found_wherever_it_hides(hidden: Any, at: int) -> None:
    data: list[Any] = [0.125] * 2000
    data[at] = hidden

    frame = request(tensor("a", [1000, 2], data))

    assert frame.values == [None if place == at else 0.125 for place in range(2000)]
    assert frame.lost
    assert frame.lost.cells == {at % 2: 1}


@pytest.mark.parametrize("width", [1, 50])
def test_a_tensor_of_another_length_costs_its_columns_alone(width: int) -> None:
    frame = request(tensor("a", [2], [1, 2]), tensor("b", [2], [3, 4]), tensor("c", [1, width], [0.5] * width))

    assert (frame.rows, frame.width) == (2, 2 + width)
    assert frame.values[:2] == [1, 3]
    assert frame.lost
    assert frame.lost.cells == dict.fromkeys(range(2, 2 + width), 2)


@pytest.mark.parametrize("more", [{}, {"parameters": {}}, {"parameters": {"a": "[{"}}, {"outputs": [{"name": "o"}]}])
def test_long_flat_data_is_handed_on_whatever_stands_around_it(more: dict[str, Any]) -> None:
    data = [0.125 * at for at in range(2000)]

    frame = request(tensor("a", [1000, 2], data), **more)

    assert (frame.names, frame.rows, frame.width, frame.values) == (None, 1000, 2, data)


def binary(datatype: str, shape: list[int], buffer: bytes, said: int | None = None) -> Frame:
    size = len(buffer) if said is None else said
    head = orjson.dumps(
        {"inputs": [{"name": "x", "shape": shape, "datatype": datatype, "parameters": {"binary_data_size": size}}]}
    )
    headers = b"Inference-Header-Content-Length: %d\r\n" % len(head)
    return V2.request(exchange("/v2/models/m/infer", head + buffer, headers=headers), head + buffer)


@pytest.mark.parametrize(
    ("datatype", "buffer", "values"),
    [
        ("BOOL", b"\x01\x00", [True, False]),
        ("UINT8", b"\xff\x00", [255, 0]),
        ("INT64", struct.pack("<2q", -1, 2**62), [-1, 2**62]),
        ("UINT64", struct.pack("<2Q", 1, 2**64 - 1), [1, 2**64 - 1]),
        ("FP16", struct.pack("<2e", 0.5, -2), [0.5, -2]),
        ("FP32", struct.pack("<2f", 0.5, -2), [0.5, -2]),
        ("BF16", struct.pack("<2f", 0.5, -2)[2:4] + struct.pack("<2f", 0.5, -2)[6:8], [0.5, -2]),
        ("BYTES", struct.pack("<I2sI0s", 2, b"NL", 0, b""), ["NL", ""]),
        ("BYTES", struct.pack("<I1sI1s", 1, b"\xff", 1, b"a"), ["\N{REPLACEMENT CHARACTER}", "a"]),
    ],
)
def test_a_buffer_is_read_as_its_datatype(datatype: str, buffer: bytes, values: list[Any]) -> None:
    frame = binary(datatype, [2], buffer)

    assert frame.values == values
    assert list(map(type, frame.values)) == list(map(type, values)) or datatype[:2] in ("FP", "BF")


@pytest.mark.parametrize(
    ("datatype", "buffer", "said", "reason"),
    [
        ("FP8", b"\0\0", None, "unsupported"),
        ("BF16", b"\0\0\0", None, "shape"),
        ("FP32", b"\0\0\0", None, "shape"),
        ("FP32", b"\0" * 8, 80, "shape"),
        ("FP32", b"\0" * 8, -8, "shape"),
        ("BYTES", b"\x05\0\0\0ab", None, "shape"),
        ("BYTES", b"\x05\0", None, "shape"),
    ],
)
def test_a_buffer_that_does_not_fit_is_refused(datatype: str, buffer: bytes, said: int | None, reason: str) -> None:
    with pytest.raises(DecodeError) as caught:
        binary(datatype, [2], buffer, said)

    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("datatype", "precisions"),
    [
        ("FP32", ("float32",)),
        ("FP16", ("float16",)),
        ("BF16", ("bfloat16",)),
        ("FP64", ()),
        ("INT64", ()),
        ("BYTES", ()),
    ],
)
def test_a_frame_knows_the_precision_of_its_datatype(datatype: str, precisions: tuple[str, ...]) -> None:
    one = tensor("a", [2, 2], [1, 2, 3, 4]) | {"datatype": datatype}

    assert request(one).precisions == precisions
    assert request(one, padding=LONG).precisions == precisions


def test_each_column_has_the_precision_of_its_own_tensor() -> None:
    narrow = tensor("a", [1, 1], [1]) | {"datatype": "FP64"}
    wide = tensor("b", [1, 2], [1, 2]) | {"datatype": "FP32"}

    assert request(narrow, wide).precisions == ("", "float32", "float32")


@pytest.mark.parametrize(
    ("path", "claimed"),
    [
        ("/v2/models/m/infer", True),
        ("/v2/models/m/versions/2/infer", True),
        ("/tenant/v2/models/m/infer", True),
        ("/v2/models/m/infer?trace=1", True),
        ("/v2/models/m/infer_stream", False),
        ("/v2/models/m/generate", False),
        ("/v2/models/m/ready", False),
        ("/v2/repository/index", False),
    ],
)
def test_it_claims_inference_and_nothing_else_of_the_protocol(path: str, claimed: bool) -> None:
    assert (V2.priority(exchange(path, b"")) > 0) is claimed


NARROW = V2Json(DecodeSettings(max_features=40))


def narrow(*inputs: dict[str, Any]) -> Frame:
    body = orjson.dumps({"inputs": inputs})
    return NARROW.request(exchange("/v2/models/m/infer", body), body)


def test_a_tensor_of_more_values_than_columns_are_read_is_a_vector() -> None:
    frame = narrow(tensor("image", [2, 3, 14], list(range(84))))

    assert (frame.names, frame.rows, frame.width, frame.values) == ((), 2, 0, [])
    assert frame.vectors is not None
    assert frame.vectors["image"].tolist() == [list(range(42)), list(range(42, 84))]


def test_beside_a_vector_narrow_tensors_are_columns() -> None:
    frame = narrow(
        tensor("x", [2, 50], [0.5] * 100), tensor("age", [2], [41, None]), tensor("at", [2, 2], [1, 2, 3, 4])
    )

    assert (frame.names, frame.values) == (("age", "at[0]", "at[1]"), [41, 1, 2, None, 3, 4])
    assert {name: rows.shape for name, rows in (frame.vectors or {}).items()} == {"x": (2, 50)}


def test_tensors_that_are_too_many_columns_together_are_vectors() -> None:
    frame = narrow(tensor("a", [1, 32], [0.0] * 32), tensor("b", [1, 32], [1.0] * 32))

    assert set(frame.vectors or {}) == {"a", "b"}


@pytest.mark.parametrize(
    ("inputs", "reason"),
    [
        ([tensor("a", [1, 50], ["x"] * 50)], "type"),
        ([tensor(f"a{at}", [1, 31], [0.0] * 31) for at in range(2)], "too_large"),
        ([tensor("a", [100_001, 41], [0.0] * 41)], "shape"),
    ],
)
def test_what_is_no_vector_either_is_refused_with_its_reason(inputs: list[Any], reason: str) -> None:
    with pytest.raises(DecodeError) as caught:
        narrow(*inputs)

    assert caught.value.reason == reason


@pytest.mark.parametrize(("datatype", "form"), [("UINT8", "B"), ("FP16", "e"), ("FP32", "f")])
def test_an_image_in_a_buffer_is_a_vector_that_takes_no_more_memory_than_its_bytes(datatype: str, form: str) -> None:
    numbers = [at % 200 for at in range(224 * 224 * 3)]
    buffer = struct.pack(f"<{len(numbers)}{form}", *numbers)

    frame = binary(datatype, [1, 224, 224, 3], buffer)

    assert frame.vectors is not None
    assert frame.vectors["x"].nbytes == len(buffer)
    assert frame.vectors["x"].ravel().tolist() == numbers


@pytest.mark.parametrize("padding", [b"", LONG])
@pytest.mark.parametrize(("named", "version"), [({"model_version": "3"}, "3"), ({}, ""), ({"model_version": 3}, "")])
def test_an_answer_says_which_version_gave_it_and_a_request_does_not(
    padding: bytes, named: dict[str, Any], version: str
) -> None:
    outputs = {"outputs": [tensor("score", [1], [0.5])], **named}
    answered = padding + orjson.dumps(outputs)

    assert V2.response(exchange("/v2/models/m/infer", b"", answered), answered).version == version
    assert request(tensor("age", [1], [1]), padding=padding, **named).version == ""
