"""The watchers of HTTP/1: whatever the bytes and however they are cut, the same bytes leave and the same is seen."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harness.http_streams import LAST_REQUESTS, LAST_RESPONSES, REQUESTS, RESPONSES, Sent, messages, reads
from sidecar.proxy.http1 import LAST, OPAQUE, RequestWatcher, ResponseWatcher, Watcher

LINE = b"x-put-in: \xfe\xff\r\n"
LIMIT = 4096


class Seen:
    """An owner that writes down what it hears and asks for a line in every head."""

    def __init__(self, answers: list[Sent] | None = None) -> None:
        self.messages: list[tuple[bytes, bytes]] = []
        self.ended = 0
        self.reasons: list[str] = []
        self.watcher: Watcher | None = None
        self._answers = answers or []

    def on_head(self, raw: bytes, lowered: bytes) -> bytes:
        assert lowered == raw.lower()
        self.messages.append((raw, b""))
        if isinstance(self.watcher, ResponseWatcher) and len(self.messages) <= len(self._answers):
            self.watcher.bodyless = self._answers[len(self.messages) - 1].to_head
        return LINE

    def on_body(self, piece: bytes) -> None:
        head, body = self.messages[-1]
        self.messages[-1] = head, body + piece

    def on_end(self) -> None:
        self.ended += 1

    def on_opaque(self, reason: str) -> None:
        self.reasons.append(reason)


def requests(limit: int = LIMIT) -> tuple[RequestWatcher, Seen]:
    seen = Seen()
    return RequestWatcher(seen, limit), seen


def responses(answers: list[Sent] | None = None) -> tuple[ResponseWatcher, Seen]:
    seen = Seen(answers)
    seen.watcher = watcher = ResponseWatcher(seen, LIMIT)
    return watcher, seen


def feed(watcher: Watcher, pieces: list[bytes]) -> bytes:
    """All that is forwarded. On the way no more than one byte may ever be held back."""
    out = b""
    came = 0
    for piece in pieces:
        out += watcher.feed(piece)
        came += len(piece)
        assert came - 1 <= len(out.replace(LINE, b"")) <= came
    return out + watcher.release()


def with_lines(sent: list[Sent]) -> bytes:
    return b"".join(message.head[:-2] + LINE + b"\r\n" + message.body for message in sent)


@given(st.data())
def test_requests_are_forwarded_and_seen_the_same_however_they_are_cut(data: st.DataObject) -> None:
    sent = data.draw(messages(REQUESTS, LAST_REQUESTS))
    pieces = data.draw(reads(b"".join(message.raw for message in sent)))
    watcher, seen = requests()
    assert feed(watcher, pieces) == with_lines(sent)
    assert seen.messages == [(message.head, message.body) for message in sent]
    assert seen.ended == len(sent)
    assert watcher.state is not OPAQUE
    assert not watcher.underway


@given(st.data())
def test_responses_are_forwarded_and_seen_the_same_however_they_are_cut(data: st.DataObject) -> None:
    sent = data.draw(messages(RESPONSES, LAST_RESPONSES))
    pieces = data.draw(reads(b"".join(message.raw for message in sent)))
    watcher, seen = responses(sent)
    assert feed(watcher, pieces) == with_lines(sent)
    assert seen.messages == [(message.head, message.body) for message in sent]
    until_close = bool(sent) and sent[-1] in LAST_RESPONSES[:3]
    assert seen.ended == len(sent) - until_close
    assert watcher.underway == until_close
    assert watcher.state is not OPAQUE


@pytest.mark.parametrize("message", REQUESTS, ids=lambda message: message.head.split()[1].decode())
def test_a_request_is_seen_at_every_place_where_it_can_be_cut_in_two(message: Sent) -> None:
    stream = message.raw + REQUESTS[0].raw
    for cut in range(len(stream) + 1):
        watcher, seen = requests()
        assert feed(watcher, [stream[:cut], stream[cut:]]) == with_lines([message, REQUESTS[0]]), cut
        assert seen.ended == 2


@given(st.lists(st.binary(max_size=40) | st.sampled_from([b"\r\n\r\n", b"\r\n\r", b"GET / HTTP/1.1\r\n", b"0\r\n"])))
@example([b"GET / HTTP/1.1\r\n\r", b"x"])
@example([b"GET / HTTP/1.1\r\n\r", b"\r"])
@example([b"GET /\r\n", b"\r\n"])
@example([b"GET / RTSP/1.0\r\n\r\n"])
def test_arbitrary_bytes_are_forwarded_unchanged(pieces: list[bytes]) -> None:
    for watcher, _ in (requests(), responses()):
        assert feed(watcher, pieces).replace(LINE, b"") == b"".join(pieces)


@given(st.data())
def test_a_spoilt_stream_is_forwarded_with_lines_in_confirmed_heads_only(data: st.DataObject) -> None:
    stream = b"".join(message.raw for message in data.draw(messages(REQUESTS, ())))
    at = data.draw(st.integers(0, len(stream)))
    cut_out = data.draw(st.integers(0, 3))
    stream = stream[:at] + data.draw(st.binary(max_size=3)) + stream[at + cut_out :]
    watcher, seen = requests()
    out = feed(watcher, data.draw(reads(stream)))
    assert out.replace(LINE, b"") == stream
    assert out.count(LINE) == len(re.findall(rb"\r\n" + re.escape(LINE) + rb"\r\n", out)) <= len(seen.messages)
    assert len(seen.reasons) == (watcher.state is OPAQUE)


def test_after_a_parse_error_nothing_is_watched_or_held_back() -> None:
    watcher, seen = requests()
    assert watcher.feed(b"PING\r\n") == b"PING\r\n"
    assert watcher.feed(b"GET / HTTP/1.1\r\n\r") == b"GET / HTTP/1.1\r\n\r"
    assert seen.reasons == ["parse_error"]
    assert seen.messages == []


def test_a_byte_that_was_held_when_another_stopped_the_watcher_is_not_lost() -> None:
    watcher, _ = requests()
    out = watcher.feed(b"GET / HTTP/1.1\r\n\r")
    watcher.stop()
    assert out + watcher.feed(b"\nmore") == b"GET / HTTP/1.1\r\n\r\nmore"


def test_a_head_beyond_the_limit_makes_the_watcher_opaque_whole_or_in_pieces() -> None:
    head = b"GET / HTTP/1.1\r\nX: %s\r\n\r\n" % (b"x" * 200)
    for pieces in ([head], [head[:150], head[150:]], [head[i : i + 1] for i in range(len(head))]):
        watcher, seen = requests(limit=100)
        assert feed(watcher, pieces) == head
        assert seen.reasons == ["head_too_large"]


def test_a_head_at_the_limit_is_watched() -> None:
    head = b"GET / HTTP/1.1\r\nX: %s\r\n\r\n" % (b"x" * 77)
    watcher, seen = requests(limit=100)
    feed(watcher, [head])
    assert len(head) == 100
    assert seen.ended == 1


def test_http_0_9_and_rtsp_are_not_taken_for_http_1() -> None:
    for head in (b"GET /\r\n\r\n", b"GET / RTSP/1.0\r\n\r\n"):
        watcher, seen = requests()
        assert feed(watcher, [head]) == head
        assert seen.reasons == ["parse_error"]


def test_data_behind_a_request_that_closes_is_not_taken_for_a_request() -> None:
    watcher, seen = requests()
    feed(watcher, [b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n"])
    assert watcher.state is LAST
    assert not watcher.underway
    feed(watcher, [REQUESTS[0].raw])
    assert seen.reasons == ["parse_error"]
    assert len(seen.messages) == 1


def test_broken_chunks_of_a_declined_upgrade_end_the_watch() -> None:
    watcher, seen = requests()
    feed(
        watcher, [b"POST / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"]
    )
    assert seen.reasons == ["framing"]


def test_a_switch_of_protocol_may_stop_the_watcher_in_the_middle_of_a_read() -> None:
    class Switching(Seen):
        def on_head(self, raw: bytes, lowered: bytes) -> bytes:
            assert self.watcher is not None
            self.watcher.give_up("upgrade")
            return b""

    seen = Switching()
    seen.watcher = watcher = ResponseWatcher(seen, LIMIT)
    switch = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x05hello"
    assert watcher.feed(switch) == switch
    assert seen.reasons == ["upgrade"]
