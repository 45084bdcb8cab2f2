"""Seldon Core v1 on its own paths; `test_seldon_message` has the forms of the message, `test_recorded` what servers said."""

from __future__ import annotations

import pytest

from harness.wire import exchange
from sidecar.core.reading.decoders.seldon import Seldon
from sidecar.core.words.frame import Side
from sidecar.errors import DecodeError
from sidecar.settings import DecodeSettings

SELDON = Seldon(DecodeSettings())
PATH = "/api/v1.0/predictions"


@pytest.mark.parametrize(
    "path", [PATH, "/api/v0.1/predictions", "/seldon/ns/name/api/v1.0/predictions", PATH + "?trace=1"]
)
def test_a_path_of_the_protocol_is_claimed_whatever_the_content_type(path: str) -> None:
    for said in (b"application/json", b"application/x-www-form-urlencoded", b"text/plain"):
        assert SELDON.priority(exchange(path, b"{}", content_type=said)) > 0.5


@pytest.mark.parametrize(
    "path", ["/api/v1.0/feedback", "/api/v2.0/predictions", "/api/v1.0/predictions/1", "/predictions"]
)
def test_feedback_and_any_other_path_are_not(path: str) -> None:
    assert SELDON.priority(exchange(path, b"{}")) == 0


def test_only_what_is_posted_is_read() -> None:
    assert SELDON.priority(exchange(PATH, b"", method="GET")) == 0


def test_names_of_a_request_are_columns_and_those_of_an_answer_are_classes() -> None:
    body, answer = (
        b'{"data": {"names": ["a"], "ndarray": [[1], [2]]}}',
        b'{"data": {"names": ["no"], "ndarray": [[0.5]]}}',
    )
    sent = exchange(PATH, body, answer)

    asked, answered = SELDON.request(sent, body), SELDON.response(sent, answer)

    assert (asked.side, asked.names, asked.values) == (Side.INPUT, ("a",), [1, 2])
    assert (answered.side, answered.names, answered.values) == (Side.OUTPUT, ("no",), [0.5])


def test_a_single_column_without_a_name_is_a_value_or_a_prediction() -> None:
    body = b'{"data": {"ndarray": [1, 2]}}'

    assert SELDON.request(exchange(PATH, body), body).names == ("value",)
    assert SELDON.response(exchange(PATH, b"", body), body).names == ("prediction",)


@pytest.mark.parametrize("body", [b'{"meta": {}}', b"[[1, 2]]", b'{"data": {"rows": [[1]]}}', b"3"])
def test_what_is_no_message_is_refused_in_either_direction(body: bytes) -> None:
    for read in (SELDON.request, SELDON.response):
        with pytest.raises(DecodeError) as caught:
            read(exchange(PATH, body, body), body)
        assert caught.value.reason == "structure"
