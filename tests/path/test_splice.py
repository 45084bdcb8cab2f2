"""What a client and a model see of each other through the sidecar: the bytes that the other sent."""

from __future__ import annotations

import contextlib
import hashlib
import select
import threading
from pathlib import Path

import pytest

from harness.http_streams import LOOKS_LIKE_HEADS, REQUESTS, RESPONSES, Sent
from harness.program import Model, Sidecar, Wire, eventually, open_sockets, resident_bytes
from tests.path.conftest import Counts, Line, Start

GET = b"GET /v2/models/m HTTP/1.1\r\nHost: m\r\n\r\n"
POST_HEAD = b"POST /v2/models/m/infer HTTP/1.1\r\nHost: m\r\nContent-Length: %d\r\n\r\n" % len(LOOKS_LIKE_HEADS)
OK = b'HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n{"outputs":[]}'
EMPTY = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
MIB = 1 << 20


def answer(line: Line, response: bytes = OK) -> None:
    """The model answers, and the client gets it."""
    line.model.send(response)
    line.client.expect(response)


def test_a_head_may_be_split_at_every_byte(line: Line) -> None:
    for cut in range(1, len(POST_HEAD) + 1):
        held = 1 if POST_HEAD[:cut].endswith(b"\r\n\r") else 0  # the line goes before this byte
        whole = POST_HEAD[:cut].endswith(b"\r\n\r\n")
        line.client.send(POST_HEAD[:cut])
        if not whole:
            line.model.expect(POST_HEAD[: cut - held])  # so the sidecar reads the rest by itself
        line.client.send(POST_HEAD[cut:] + LOOKS_LIKE_HEADS)
        came = (b"" if whole else POST_HEAD[: cut - held]) + line.model.head()
        assert came.count(b"traceparent: ") == 1
        before, _, after = came.partition(b"traceparent: ")
        assert before + b"\r\n" == POST_HEAD
        assert after.endswith(b"\r\n\r\n")
        line.model.expect(LOOKS_LIKE_HEADS)
        answer(line)


def test_a_stream_of_single_bytes_is_passed_on(line: Line) -> None:
    line.client.send_each(GET + POST_HEAD + LOOKS_LIKE_HEADS)
    line.model.expect_request(GET)
    line.model.expect_request(POST_HEAD, LOOKS_LIKE_HEADS)
    line.model.send_each(OK + OK)
    line.client.expect(OK + OK)


def test_pipelined_requests_each_get_their_line_and_bodies_none(line: Line, counts: Counts) -> None:
    line.client.send((GET + POST_HEAD + LOOKS_LIKE_HEADS) * 3)
    for _ in range(3):
        line.model.expect_request(GET)
        line.model.expect_request(POST_HEAD, LOOKS_LIKE_HEADS)
    answer(line, OK * 6)
    counts.expect(complete=6)


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda each: each.head.split()[1].decode())
def test_every_kind_of_request_is_passed_on_and_the_next_one_too(line: Line, request_: Sent) -> None:
    line.client.send(request_.raw)
    line.model.expect_request(request_.head, request_.body)
    answer(line, b"HTTP/1.1 405 No\r\nContent-Length: 0\r\n\r\n")
    line.client.send(GET)
    line.model.expect_request(GET)
    answer(line)


@pytest.mark.parametrize("response", RESPONSES, ids=lambda each: each.head.split(b"\r\n")[0].decode())
def test_every_kind_of_response_is_passed_on_and_the_next_one_too(line: Line, counts: Counts, response: Sent) -> None:
    request = GET.replace(b"GET", b"HEAD") if response.to_head else GET
    line.client.send(request)
    line.model.expect_request(request)
    answer(line, response.raw)
    interim = response.head.startswith(b"HTTP/1.1 1")
    if interim:
        answer(line)
    line.client.send(GET)
    line.model.expect_request(GET)
    answer(line)
    counts.expect(complete=2)


def test_a_client_that_expects_continue_gets_it_before_it_sends_its_body(line: Line) -> None:
    head = b"POST /predict HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
    line.client.send(head)
    line.model.expect_request(head)
    answer(line, b"HTTP/1.1 100 Continue\r\n\r\n")
    line.client.send(b"hello")
    line.model.expect(b"hello")
    answer(line)


def test_events_of_a_stream_are_passed_on_as_they_come(line: Line) -> None:
    line.client.send(GET)
    line.model.expect_request(GET)
    answer(line, b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
    for number in range(5):
        answer(line, b"b\r\ndata: %d\r\n\n\n\r\n" % number)
    answer(line, b"0\r\n\r\n")


def test_after_101_the_bytes_are_those_of_another_protocol(line: Line, counts: Counts) -> None:
    upgrade = b"GET /ws HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    line.client.send(upgrade)
    line.model.expect_request(upgrade)
    answer(line, b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x02hi")
    for frame in (b"\x81\x85\x00\x00\x00\x00hello", GET, b"\r\n\r\n\r"):
        line.client.send(frame)
        line.model.expect(frame)
    answer(line, b"\x88\x00")
    counts.expect(complete=1, upgrade=1)


def test_after_an_accepted_connect_the_bytes_are_those_of_a_tunnel(line: Line, counts: Counts) -> None:
    connect = b"CONNECT db:5432 HTTP/1.1\r\nHost: db:5432\r\n\r\n"
    line.client.send(connect)
    line.model.expect_request(connect)
    answer(line, b"HTTP/1.1 200 OK\r\n\r\n")
    line.client.send(GET)
    line.model.expect(GET)
    answer(line, OK)
    counts.expect(complete=1, connect=1)


@pytest.mark.parametrize(
    ("asked", "answered", "reason"),
    [
        (b"PING\r\n", b"+PONG\r\n", "parse_error"),
        (b"get key\r\n", b"VALUE key 0 1\r\nx\r\nEND\r\n", "parse_error"),
        (b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", b"\x15\x03\x03\x00\x02\x02\x28", "tls"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00", b"\x00" * 9, "http2"),
        (b"GET / HTTP/1.1\r\nBad Header: x\r\n\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n", "parse_error"),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 70_000 + b"\r\n\r\n", b"HTTP/1.1 431 Too Large\r\n\r\n", "head_too_large"),
    ],
    ids=["redis", "memcached", "tls", "http2", "bad head", "long head"],
)
def test_what_is_not_understood_is_passed_on_both_ways(
    line: Line, counts: Counts, asked: bytes, answered: bytes, reason: str
) -> None:
    for _ in range(2):
        line.client.send(asked)
        line.model.expect(asked)
        answer(line, answered)
    counts.expect(**{reason: 1})


def test_a_server_may_speak_first(line: Line) -> None:
    answer(line, b"220 smtp.example ESMTP\r\n")
    line.client.send(b"EHLO me\r\n")
    line.model.expect(b"EHLO me\r\n")
    answer(line, b"250 hello\r\n")


def test_a_response_to_nothing_is_passed_on(line: Line) -> None:
    answer(line, b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    line.model.close()
    line.client.expect_end()


def test_a_model_that_closes_between_requests_closes_the_client_s_connection_and_no_request_is_sent_into_it(
    line: Line,
) -> None:
    line.client.send(GET)
    line.model.expect_request(GET)
    answer(line)
    line.model.close()
    line.client.expect_end()


def test_a_client_that_sends_no_more_still_gets_its_answer(line: Line) -> None:
    line.client.send(GET)
    line.client.end()
    line.model.expect_request(GET)
    line.model.expect_end()
    answer(line)
    line.model.close()
    line.client.expect_end()


def test_a_client_that_says_nothing_and_sends_no_more_can_still_listen(line: Line) -> None:
    line.client.end()
    line.model.expect_end()
    answer(line, b"late news\r\n")
    line.model.close()
    line.client.expect_end()


def test_a_model_that_sends_no_more_can_still_listen(line: Line) -> None:
    line.model.end()
    line.client.expect_end()
    line.client.send(GET)
    line.model.expect_request(GET)
    line.client.close()
    line.model.expect_end()


def test_a_response_that_ends_with_the_connection_ends_with_it(line: Line, counts: Counts) -> None:
    line.client.send(GET)
    line.model.expect_request(GET)
    answer(line, b"HTTP/1.0 200 OK\r\n\r\nall of it")
    line.model.close()
    line.client.expect_end()
    counts.expect(complete=1)


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"])
def test_a_model_that_vanishes_in_the_middle_of_a_body_is_a_reset_to_the_client(
    line: Line, counts: Counts, head: bytes
) -> None:
    line.client.send(GET)
    line.model.expect_request(GET)
    answer(line, head + b"part of")
    line.model.reset()
    assert line.client.expect_reset() == b""
    counts.expect(upstream_gone=1)


def test_a_model_that_ends_in_the_middle_of_a_body_ends_the_stream(line: Line, counts: Counts) -> None:
    line.client.send(GET)
    line.model.expect_request(GET)
    answer(line, b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\npart of")
    line.model.close()
    line.client.expect_end()
    line.client.close()
    counts.expect(upstream_gone=1)


def test_a_client_that_leaves_a_stream_is_to_blame_though_the_model_then_closes_first(
    line: Line, counts: Counts
) -> None:
    line.client.send(GET)
    line.model.expect_request(GET)
    answer(line, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\ndata:\r\n")
    line.client.close()
    line.model.expect_end()
    line.model.close()
    counts.expect(client_gone=1)


def test_a_client_that_vanishes_is_a_reset_to_the_model(line: Line, counts: Counts) -> None:
    line.client.send(POST_HEAD + b"part of")
    line.model.expect_request(POST_HEAD, b"part of")
    line.client.reset()
    assert line.model.expect_reset() == b""
    counts.expect(client_gone=1)


def test_a_client_that_ends_in_the_middle_of_a_body_ends_the_stream(line: Line) -> None:
    line.client.send(POST_HEAD + b"part of")
    line.client.close()
    line.model.expect_request(POST_HEAD, b"part of")
    line.model.expect_end()


def test_a_model_that_answers_before_it_has_read_everything_and_leaves_is_heard(line: Line, counts: Counts) -> None:
    head = b"POST /predict HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (64 * MIB)
    line.client.send(head)
    line.model.expect_request(head)
    upload = threading.Thread(target=_send_what_goes, args=(line.client, 64 * MIB))
    upload.start()
    line.model.take(MIB)
    refusal = b"HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno"
    line.model.send(refusal)
    line.model.close()  # with bytes unread, which makes it a reset
    line.client.expect(refusal)
    upload.join()
    counts.expect(complete=1)


def _send_what_goes(wire: Wire, size: int) -> None:
    piece = b"x" * 65_536
    with contextlib.suppress(OSError):
        for _ in range(size // len(piece)):
            wire.send(piece)


class Flood(threading.Thread):
    """Sends much, as fast as the other side takes it, and knows the digest of it."""

    SIZE = 48 * MIB

    def __init__(self, wire: Wire, head: bytes) -> None:
        super().__init__()
        self._wire = wire
        block = bytes(range(256)) * 256
        self._data = head + block * (self.SIZE // len(block))
        self.digest = hashlib.sha256(self._data).digest()
        self.size = len(self._data)

    def run(self) -> None:
        self._wire.send(self._data)

    def wait_until_stuck(self) -> None:
        """Nothing has fitted for a moment: every buffer on the way is full."""
        while select.select([], [self._wire.sock], [], 0.25)[1]:
            pass
        assert self.is_alive()


def _digest(wire: Wire, size: int) -> bytes:
    digest = hashlib.sha256()
    while size:
        piece = wire.take(min(size, 65_536))
        assert piece
        digest.update(piece)
        size -= len(piece)
    return digest.digest()


def test_a_slow_client_holds_the_model_back_and_costs_no_memory(line: Line, sidecar: Sidecar) -> None:
    line.client.send(GET)
    line.model.expect_request(GET)
    before = resident_bytes(sidecar.pid)
    flood = Flood(line.model, b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % Flood.SIZE)
    flood.start()
    flood.wait_until_stuck()
    assert resident_bytes(sidecar.pid) - before < 4 * MIB
    assert _digest(line.client, flood.size) == flood.digest
    flood.join()


def test_a_slow_model_holds_the_client_back_and_costs_no_memory(line: Line, sidecar: Sidecar) -> None:
    head = b"POST /predict HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % Flood.SIZE
    line.client.send(head)
    line.model.expect_request(head)
    before = resident_bytes(sidecar.pid)
    flood = Flood(line.client, b"")
    flood.start()
    flood.wait_until_stuck()
    assert resident_bytes(sidecar.pid) - before < 4 * MIB
    assert _digest(line.model, flood.size) == flood.digest
    flood.join()
    answer(line)


def test_a_model_that_floods_before_anyone_asked_is_held_back_too(line: Line, sidecar: Sidecar) -> None:
    before = resident_bytes(sidecar.pid)
    flood = Flood(line.model, b"not http\r\n")
    flood.start()
    flood.wait_until_stuck()
    assert resident_bytes(sidecar.pid) - before < 4 * MIB
    assert _digest(line.client, flood.size) == flood.digest
    flood.join()


def test_a_trace_context_that_a_client_sends_is_not_touched(line: Line) -> None:
    carried = (
        b"GET / HTTP/1.1\r\nTraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00\r\n"
        b"tracestate: vendor=1,other=2\r\nbaggage: user=7\r\n\r\n"
    )
    line.client.send(carried)
    line.model.expect(carried)
    answer(line)
    begun = b"GET / HTTP/1.1\r\ntracestate: vendor=1\r\nbaggage: user=7\r\n\r\n"
    line.client.send(begun)
    line.model.expect_request(begun)
    answer(line)


def test_probes_are_passed_on_as_they_are_and_not_counted(line: Line, counts: Counts) -> None:
    probe = b"GET /v2/health/ready HTTP/1.1\r\nHost: m\r\n\r\n"
    for _ in range(3):
        line.client.send(probe)
        line.model.expect(probe)
        answer(line, EMPTY)
    line.client.send(GET)
    line.model.expect_request(GET)
    answer(line)
    counts.expect(complete=1)


def test_a_hundred_connections_come_and_go_and_leave_nothing_behind(sidecar: Sidecar, model: Model) -> None:
    at_rest = eventually(lambda: open_sockets(sidecar.pid))
    lines = []
    for _ in range(100):
        client = sidecar.connect()
        lines.append(Line(client, model.accept()))
    for line in lines:
        line.client.send(GET)
    for line in lines:
        line.model.expect_request(GET)
    eventually(lambda: sidecar.metrics().total("http_server_active_requests") == 100)
    for number, line in enumerate(lines):
        (line.client, line.model)[number % 2].reset()
    eventually(lambda: sidecar.metrics().total("http_server_active_requests") == 0)
    eventually(lambda: open_sockets(sidecar.pid) <= at_rest)
    for line in lines:
        line.client.close()
        line.model.close()


def test_a_model_behind_a_unix_socket(start: Start, tmp_path: Path) -> None:
    model = Model(tmp_path / "model.sock")
    sidecar = start(model.address)
    model.accept().close()
    with sidecar.connect() as client, model.accept() as accepted:
        client.send(POST_HEAD + LOOKS_LIKE_HEADS)
        accepted.expect(POST_HEAD + LOOKS_LIKE_HEADS)
        answer(Line(client, accepted))
        accepted.close()
        client.expect_end()
    model.close()
