"""Any other JSON: where pointers lead, and what is guessed without them."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from harness.wire import exchange
from sidecar.core.reading.decoders.generic_json import GenericJson, point
from sidecar.core.words.frame import Frame
from sidecar.errors import DecodeError
from sidecar.settings import DecodeSettings

GUESSING = GenericJson(DecodeSettings())
POINTED = GenericJson(
    DecodeSettings(rows_pointer="/a~1b/0/x", names_pointer="/names", predictions_pointer="/out", paths=("/predict",))
)


def request(decoder: GenericJson, document: Any) -> Frame:
    body = orjson.dumps(document)
    return decoder.request(exchange("/predict", body), body)


def response(decoder: GenericJson, document: Any) -> Frame:
    body = orjson.dumps(document)
    return decoder.response(exchange("/predict", b"", body), body)


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("", ...),
        ("/foo", ["bar", "baz"]),
        ("/foo/0", "bar"),
        ("/a~1b", 1),
        ("/m~0n", 8),
        ("/ ", 7),
        ("/", 0),
        ("/~01", 9),
    ],
)
def test_pointers_lead_where_rfc_6901_says(pointer: str, value: Any) -> None:
    document = {"foo": ["bar", "baz"], "": 0, "a/b": 1, " ": 7, "m~n": 8, "~1": 9}

    assert point(document, pointer) == (document if value is ... else value)


@pytest.mark.parametrize("pointer", ["/none", "/foo/2", "/foo/-", "/foo/x", "/foo/0/1"])
def test_a_pointer_to_nothing_is_a_structure_error(pointer: str) -> None:
    with pytest.raises(DecodeError) as caught:
        point({"foo": ["bar", "baz"]}, pointer)

    assert caught.value.reason == "structure"


def test_configured_pointers_find_rows_names_and_predictions() -> None:
    asked = request(POINTED, {"a/b": [{"x": [[1, 2], [3, 4]]}], "names": ["p", "q"], "data": [[9]]})
    answered = response(POINTED, {"out": [0, 1], "data": [[9]]})

    assert (asked.names, asked.values) == (("p", "q"), [1, 2, 3, 4])
    assert (answered.names, answered.values) == (("prediction",), [0, 1])


@pytest.mark.parametrize(
    ("document", "names", "values"),
    [
        ({"age": 31, "country": "NL"}, ("age", "country"), [31, "NL"]),
        ({"features": {"age": 31, "country": "NL"}}, ("age", "country"), [31, "NL"]),
        ({"features": [1, 2, 3]}, None, [1, 2, 3]),
        ({"input": 4.0}, ("value",), [4.0]),
        ({"input_data": {"columns": ["a", "b"], "index": [0], "data": [[1, 2]]}}, ("a", "b"), [1, 2]),
        ({"age": [31, 47], "country": ["NL", "DE"]}, ("age", "country"), [31, "NL", 47, "DE"]),
        ({"id": "r1", "rows": [{"a": 1}, {"a": 2}]}, ("a",), [1, 2]),
        ([[1, 2], [3, 4]], None, [1, 2, 3, 4]),
        ([1, 2, 3], None, [1, 2, 3]),
    ],
)
def test_rows_are_guessed_where_hand_written_servers_put_them(
    document: Any, names: tuple[str, ...] | None, values: list[Any]
) -> None:
    frame = request(GUESSING, document)

    assert (frame.names, frame.values) == (names, values)


@pytest.mark.parametrize(
    ("document", "names", "values"),
    [
        ([1, 0], ("prediction",), [1, 0]),
        ({"result": [6, 15]}, ("prediction",), [6, 15]),
        ({"prediction": "cat"}, ("prediction",), ["cat"]),
        ({"label": "cat", "score": 0.9}, ("label", "score"), ["cat", 0.9]),
        ({"prediction": 1, "probability": 0.9}, ("prediction", "probability"), [1, 0.9]),
        (
            {"predictions": [1, 0], "probs": [[0.1, 0.9], [0.8, 0.2]]},
            ("prediction", "probs[0]", "probs[1]"),
            [1, 0.1, 0.9, 0, 0.8, 0.2],
        ),
        ({"predictions": [{"label": "cat", "score": 0.9}]}, ("label", "score"), ["cat", 0.9]),
        ({"predictions": [[0.1, 0.9], [0.8, 0.2]]}, None, [0.1, 0.9, 0.8, 0.2]),
    ],
)
def test_predictions_are_guessed_likewise(document: Any, names: tuple[str, ...] | None, values: list[Any]) -> None:
    frame = response(GUESSING, document)

    assert (frame.names, frame.values) == (names, values)


@pytest.mark.parametrize(
    "content_type",
    [b"multipart/form-data; boundary=x", b"image/png", b"text/event-stream", b"application/grpc", b"application/x-npy"],
)
def test_what_cannot_be_json_is_not_claimed(content_type: bytes) -> None:
    assert GUESSING.priority(exchange("/predict", b"", content_type=content_type)) == 0


def test_with_paths_configured_only_those_are_claimed_and_before_others() -> None:
    assert POINTED.priority(exchange("/predict", b"")) > 0.9
    assert POINTED.priority(exchange("/other", b"")) == 0
