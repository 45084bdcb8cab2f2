"""CloudEvents as the `cloudevents` package reads them."""

from __future__ import annotations

import gzip
from typing import Any

import msgspec
import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_http_event

from harness.observed import ROUTE, TRACE, exchange
from harness.wire import exchange as wired
from sidecar.capturing.cloud_events import HttpEvent, Origin, events
from sidecar.core.reading.capture import dumps
from sidecar.core.words.exchange import Exchange, Message, Outcome
from sidecar.errors import DataError

ORIGIN = Origin("/models/loans/pods/loans-7f", "loans", "credit", "predictor", "default")


def read(event: HttpEvent) -> tuple[dict[str, Any], Any]:
    made = from_http_event(HTTPMessage(event.headers, event.body))
    return dict(made.get_attributes()), made.get_data()


def both(one: Exchange) -> tuple[dict[str, Any], Any, dict[str, Any], Any]:
    request, response = events(dumps(one), ORIGIN)
    return *read(request), *read(response)


def test_a_request_and_its_response_are_events_as_kserves_logger_makes_them() -> None:
    asked, question, answered, answer = both(exchange(trace=TRACE))

    assert asked["type"] == "org.kubeflow.serving.inference.request"
    assert answered["type"] == "org.kubeflow.serving.inference.response"
    for attributes in (asked, answered):
        assert attributes["source"] == "/models/loans/pods/loans-7f"
        assert attributes["inferenceservicename"] == "loans"
        assert attributes["namespace"] == "credit"
        assert attributes["component"] == "predictor"
        assert attributes["endpoint"] == "default"
        assert attributes["metadata"] == "{}"
        assert attributes["datacontenttype"] == "application/json"
    assert question["inputs"][0]["name"] == "age"
    assert answer["outputs"][0]["name"] == "score"


def test_both_have_one_id_and_their_own_times_and_what_kserve_leaves_out() -> None:
    asked, _, answered, _ = both(exchange(trace=TRACE, status=503, duration_ns=20_000_000))

    assert asked["id"] == answered["id"]
    assert len(asked["id"]) == 32
    assert (answered["time"] - asked["time"]).total_seconds() == 0.02
    assert answered["statuscode"] == "503"
    assert "statuscode" not in asked
    assert (answered["httpmethod"], answered["httproute"]) == ("POST", ROUTE)
    assert answered["traceparent"] == f"00-{TRACE.trace_id}-{TRACE.span_id}-01"
    assert answered["outcome"] == "complete"


def test_the_id_is_the_same_after_a_restart_and_another_for_another_exchange() -> None:
    first, again, other = (both(one)[0]["id"] for one in (exchange(), exchange(), exchange([{"age": 1.0}])))

    assert first == again != other


def test_a_body_is_without_chunking_and_compression_and_has_its_own_content_type() -> None:
    body = gzip.compress(b'{"instances":[1]}')
    chunks = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    head = b"POST / HTTP/1.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n"
    answer = Message(b"HTTP/1.1 200 OK\r\nContent-Type: text/csv; charset=utf-8\r\n\r\n", b"1\n", 2)
    one = msgspec.structs.replace(exchange(), request=Message(head, chunks, len(chunks)), response=answer)

    _, question, answered, _ = both(one)

    assert question == {"instances": [1]}
    assert answered["datacontenttype"] == "text/csv; charset=utf-8"


def test_a_body_that_is_cut_or_coded_unreadably_goes_as_it_was_and_says_so() -> None:
    cut = Message(b"POST / HTTP/1.1\r\n\r\n", b'{"inst', 9000, truncated=True)
    brotli = Message(b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\n\r\n", b"\x0b\x00\x80", 3)
    request, response = events(dumps(msgspec.structs.replace(exchange(), request=cut, response=brotli)), ORIGIN)

    assert (request.headers["ce-truncated"], request.body) == ("true", b'{"inst')
    assert (response.headers["content-encoding"], response.body) == ("br", b"\x0b\x00\x80")


def test_headers_carry_any_text_and_no_line_of_anybodys() -> None:
    head = b"POST / HTTP/1.1\r\nContent-Type: text/x\ny: \xe9\r\n\r\n"
    one = msgspec.structs.replace(
        wired("/score/été %22", b"{}", b"{}"), request=Message(head, b"{}", 2), outcome=Outcome.CLIENT_GONE
    )
    request, _ = events(dumps(one), Origin("/s", 'a "model" é', "", "predictor", "default"))

    assert read(request)[0]["inferenceservicename"] == 'a "model" é'
    assert "ce-namespace" not in request.headers
    assert all(
        (text.isprintable() and text.isascii()) or name == "content-type" for name, text in request.headers.items()
    )
    assert "\n" not in request.headers["content-type"]


def test_a_line_that_is_no_record_is_a_data_error() -> None:
    with pytest.raises(DataError):
        events(b"{}\n", ORIGIN)
