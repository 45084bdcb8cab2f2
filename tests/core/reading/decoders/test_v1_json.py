"""KServe V1 and TensorFlow Serving; `test_forms` has that all forms read the same table."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from harness.wire import exchange
from sidecar.core.reading.decoders.v1_json import V1Json
from sidecar.core.words.frame import Frame, Side
from sidecar.errors import DecodeError
from sidecar.settings import DecodeSettings

DECODER = V1Json(DecodeSettings())
PATH = "/v1/models/m:predict"


def asked(document: Any) -> Frame:
    body = orjson.dumps(document)
    return DECODER.request(exchange(PATH, body), body)


def answered(document: Any) -> Frame:
    body = orjson.dumps(document)
    return DECODER.response(exchange(PATH, b"{}", body), body)


@pytest.mark.parametrize(
    "path",
    [
        PATH,
        "/v1/models/m:explain",
        "/v1/models/m/versions/3:predict",
        "/v1/models/m/labels/stable:predict",
        "/serving/team-a/v1/models/m:predict",
        "/v1/models/m:predict?trace=1",
    ],
)
def test_a_path_of_the_protocol_is_certain(path: str) -> None:
    assert DECODER.priority(exchange(path, b"{}")) == 1.0


@pytest.mark.parametrize(
    "path",
    ["/v1/models/m", "/v1/models/m:classify", "/v1/models/:predict", "/v2/models/m:predict", "/v1/models/m:predict/x"],
)
def test_any_other_path_is_another_s(path: str) -> None:
    assert DECODER.priority(exchange(path, b"{}")) == 0.0


def test_only_what_is_posted_is_read() -> None:
    assert DECODER.priority(exchange(PATH, b"", method="GET")) == 0.0


def test_instances_are_rows_and_come_before_inputs() -> None:
    frame = asked({"instances": [{"a": 1}, {"a": 2}], "inputs": {"b": [9]}})

    assert (frame.side, frame.names, list(frame.values)) == (Side.INPUT, ("a",), [1, 2])


def test_inputs_are_columns_if_they_are_an_object_and_rows_if_not() -> None:
    assert asked({"inputs": {"a": [1, 2], "b": [3, 4]}}).names == ("a", "b")
    assert list(asked({"inputs": [[1, 3], [2, 4]]}).values) == [1, 3, 2, 4]


def test_predictions_are_rows_and_a_single_column_has_a_name() -> None:
    frame = answered({"predictions": [0.5, 0.25]})

    assert (frame.side, frame.names, list(frame.values)) == (Side.OUTPUT, ("prediction",), [0.5, 0.25])


def test_outputs_are_columns_if_they_are_an_object_and_rows_if_not() -> None:
    assert answered({"outputs": {"p": [1], "q": [2]}}).names == ("p", "q")
    assert answered({"outputs": [1, 2]}).names == ("prediction",)


def test_a_document_without_any_of_its_keys_is_refused_in_either_direction() -> None:
    for read in (asked, answered):
        with pytest.raises(DecodeError) as caught:
            read({"rows": [[1]]})
        assert caught.value.reason == "structure"
