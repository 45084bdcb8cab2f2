"""JSON Lines: who claims them, and when an answer is one document. The law of decoders has the forms of rows."""

from __future__ import annotations

from typing import Any

import pytest

from harness.wire import exchange
from sidecar.core.reading.decoders.json_lines import JsonLines
from sidecar.core.reading.inference_like import GUESS
from sidecar.core.words.frame import Frame, Side
from sidecar.errors import DecodeError
from sidecar.settings import DecodeSettings

LINES = JsonLines(DecodeSettings())
TYPE = b"application/jsonlines"


def response(body: bytes) -> Frame:
    return LINES.response(exchange("/invocations", b"", body, content_type=TYPE), body)


@pytest.mark.parametrize(
    "said",
    [TYPE, b"application/json-lines", b"application/x-ndjson; charset=utf-8", b"Application/JSONL", b"application/json-seq"],
)  # fmt: skip
def test_a_content_type_of_lines_is_claimed_on_the_path_of_a_protocol(said: bytes) -> None:
    assert LINES.priority(exchange("/invocations", b"", content_type=said)) > GUESS


@pytest.mark.parametrize("said", [b"application/json", b"text/plain", b"text/jsonl", b""])
def test_any_other_content_type_is_another_s(said: bytes) -> None:
    assert LINES.priority(exchange("/invocations", b"", content_type=said)) == 0


def test_elsewhere_it_is_a_guess_unless_the_settings_name_the_path() -> None:
    sent = exchange("/rows", b"", content_type=TYPE)

    assert LINES.priority(sent) == GUESS
    assert JsonLines(DecodeSettings(paths=("/rows",))).priority(sent) > GUESS
    assert LINES.priority(exchange("/login", b"", content_type=TYPE)) == 0


def test_only_what_is_sent_is_read() -> None:
    priorities = [
        LINES.priority(exchange("/invocations", b"", content_type=TYPE, method=how)) for how in ("PUT", "GET")
    ]

    assert priorities[0] > GUESS
    assert priorities[1] == 0


def test_each_line_is_a_row_of_the_input() -> None:
    body = b'\x1e{"a": 1}\n\r\n\x1e{"a": 2}'
    frame = LINES.request(exchange("/invocations", body, content_type=TYPE), body)

    assert (frame.side, frame.names, frame.values) == (Side.INPUT, ("a",), [1, 2])


@pytest.mark.parametrize(
    ("body", "names", "values"),
    [
        (b"0.5\n0.25\n", ("prediction",), [0.5, 0.25]),
        (b"[0.5, 1]\n[0.25, 0]\n", None, [0.5, 1, 0.25, 0]),
        (b'{"p": 0.5}\n{"p": 0.25}\n', ("p",), [0.5, 0.25]),
        (b'{"p": 0.5}', ("p",), [0.5]),
        (b'{\n "predictions": [\n  0.5,\n  0.25\n ]\n}', ("prediction",), [0.5, 0.25]),
        (b"[\n 0.5,\n 0.25\n]", ("prediction",), [0.5, 0.25]),
    ],
)
def test_an_answer_is_lines_or_one_document(body: bytes, names: tuple[str, ...] | None, values: list[Any]) -> None:
    frame = response(body)

    assert (frame.side, frame.names, frame.values) == (Side.OUTPUT, names, values)


def test_more_than_a_thousand_broken_lines_are_given_up() -> None:
    with pytest.raises(DecodeError, match="more than 1000 lines are no JSON"):
        response(b'{"a":1}\n' + b"x\n" * 1_001)


def test_a_document_that_is_too_large_is_not_tried_again_as_lines() -> None:
    with pytest.raises(DecodeError) as caught:
        response(b"[" + b"0," * 1_000_001 + b"0]")

    assert caught.value.reason == "too_large"
