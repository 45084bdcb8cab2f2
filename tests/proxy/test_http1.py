"""The watchers of HTTP/1: whatever the bytes and however they are cut, the same bytes leave and the same is seen."""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harness.http_streams import LAST_REQUESTS, LAST_RESPONSES, REQUESTS, RESPONSES, Sent, messages, reads
from sidecar.proxy import http1
from sidecar.proxy.http1 import (
    CHUNKED,
    HEAD,
    IDLE,
    LAST,
    LENGTH,
    OPAQUE,
    TRANSITIONS,
    UNTIL_CLOSE,
    Event,
    RequestWatcher,
    ResponseWatcher,
    State,
    Watcher,
)
from tests.proxy.watched import CHUNKS, GET, LIMIT, LINE, feed, requests, responses, watch, with_lines


def framing(message: Sent) -> State | None:
    """The state of a watcher within this message's body; None where it has none."""
    if not message.body:
        return None
    if message in LAST_RESPONSES[:3]:
        return UNTIL_CLOSE
    return CHUNKED if b"chunked" in message.head.lower() else LENGTH


def forwarded_so_far(sent: list[Sent]) -> Iterator[tuple[bytes, State]]:
    """The naive watcher: what must be out, and the state, after 0, 1, 2 ... bytes of `sent`."""
    out = b""
    yield out, IDLE
    for message in sent:
        for size in range(1, len(message.head) + 1):
            head = message.head[:size]
            if size < len(message.head):
                yield out + (head[:-1] if head.endswith(b"\r\n\r") else head), HEAD
        out += message.head[:-2] + LINE + b"\r\n"
        after = LAST if message in (*LAST_REQUESTS, *LAST_RESPONSES) else IDLE
        within = framing(message)
        yield out, within or after
        for at in range(len(message.body)):
            out += message.body[at : at + 1]
            yield out, within if within is not None and (at < len(message.body) - 1 or within is UNTIL_CLOSE) else after


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


ONE_BY_ONE = [
    *((RequestWatcher, [message, REQUESTS[3]]) for message in REQUESTS),
    *((RequestWatcher, [message]) for message in LAST_REQUESTS),
    *((ResponseWatcher, [message, RESPONSES[0]]) for message in RESPONSES),
    *((ResponseWatcher, [message]) for message in LAST_RESPONSES),
]


@pytest.mark.parametrize(("kind", "sent"), ONE_BY_ONE, ids=lambda value: str(value)[:40])
def test_byte_for_byte_the_watcher_is_where_a_naive_one_is(kind: type[Watcher], sent: list[Sent]) -> None:
    stream = b"".join(message.raw for message in sent)
    expected = list(forwarded_so_far(sent))
    watcher, seen = watch(kind, sent)
    out = b""
    for size in range(len(stream) + 1):
        out += watcher.feed(stream[size - 1 : size]) if size else b""
        assert (out, watcher.state) == expected[size], stream[:size]
        assert watcher.underway == (watcher.state not in (IDLE, LAST))
    assert seen.reasons == []


@pytest.mark.parametrize(("kind", "sent"), ONE_BY_ONE, ids=lambda value: str(value)[:40])
def test_cut_in_two_anywhere_the_watcher_is_where_a_naive_one_is(kind: type[Watcher], sent: list[Sent]) -> None:
    stream = b"".join(message.raw for message in sent)
    expected = list(forwarded_so_far(sent))
    for cut in range(len(stream) + 1):
        watcher, seen = watch(kind, sent)
        first = watcher.feed(stream[:cut])
        assert (first, watcher.state) == expected[cut], stream[:cut]
        assert (first + watcher.feed(stream[cut:]), watcher.state) == expected[-1], stream[:cut]
        assert seen.messages == [(message.head, message.body) for message in sent]
        assert seen.ended == len(sent) - (watcher.state is UNTIL_CLOSE)


DECLINED_CHUNKS = b"POST / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nTransfer-Encoding: chunked\r\n\r\n"
SPOILT = [
    (IDLE, b"", b"garbage\r\n", "parse_error"),
    (IDLE, b"", b"PING\r\n\r", "parse_error"),
    (IDLE, b"", b"PING\r\n\r\n", "parse_error"),
    (IDLE, b"", b"GET / RTSP/1.0\r\n\r\n", "parse_error"),
    (IDLE, b"", GET + b"X: %s\r\n\r" % (b"x" * LIMIT), "head_too_large"),
    (IDLE, b"", GET + b"X: %s\r\n\r\n" % (b"x" * LIMIT), "head_too_large"),
    (HEAD, GET, b"\0", "parse_error"),
    (HEAD, GET, b"\0\r\n\r", "parse_error"),
    (HEAD, GET, b"\0\r\n\r\n", "parse_error"),
    (HEAD, GET + b"\r", b"x", "parse_error"),
    (HEAD, GET + b"\r", b"\r", "parse_error"),
    (HEAD, GET, b"X: %s\r\n\r" % (b"x" * LIMIT), "head_too_large"),
    (LAST, GET + b"Connection: close\r\n\r\n", GET, "parse_error"),
    (CHUNKED, CHUNKS, b"zz\r\n", "parse_error"),
    (CHUNKED, CHUNKS + b"1\r\na\r\n", b"\r\n\r", "parse_error"),
    (CHUNKED, DECLINED_CHUNKS, b"zz\r\n", "framing"),
    (CHUNKED, DECLINED_CHUNKS + b"1\r\na\r\n", b"-\r\n\r", "framing"),
]


@pytest.mark.parametrize(("state", "before", "spoilt", "reason"), SPOILT, ids=range(len(SPOILT)))
def test_what_does_not_parse_is_forwarded_at_once_from_every_state(
    state: State, before: bytes, spoilt: bytes, reason: str
) -> None:
    watcher, seen = requests()
    out = watcher.feed(before)
    assert watcher.state is state
    heads = len(seen.messages)
    out += watcher.feed(spoilt)
    assert out.replace(LINE, b"") == before + spoilt
    assert out.count(LINE) == heads == len(seen.messages)
    assert (watcher.state, seen.reasons) == (OPAQUE, [reason])
    for piece in (GET, b"\r\n\r", b"\r\n", b""):
        assert watcher.feed(piece) == piece
    assert seen.reasons == [reason]
    assert watcher.release() == b""


STOPPED = [
    (RequestWatcher, IDLE, b""),
    (RequestWatcher, LAST, GET + b"Connection: close\r\n\r\n"),
    (RequestWatcher, HEAD, GET),
    (RequestWatcher, HEAD, GET + b"\r"),
    (RequestWatcher, LENGTH, b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n"),
    (RequestWatcher, CHUNKED, CHUNKS),
    (ResponseWatcher, UNTIL_CLOSE, b"HTTP/1.1 200 OK\r\n\r\n"),
]


@pytest.mark.parametrize(("kind", "state", "before"), STOPPED)
@pytest.mark.parametrize("how", ["stop", "give_up", "close"])
def test_stopped_in_any_state_it_forwards_what_it_held_with_the_next_read(
    kind: type[Watcher], state: State, before: bytes, how: str
) -> None:
    watcher, seen = watch(kind, [])
    out = watcher.feed(before)
    assert watcher.state is state
    for _ in range(2):
        watcher.give_up("asked") if how == "give_up" else getattr(watcher, how)()
        assert watcher.state is OPAQUE
        assert watcher.underway
    out += watcher.feed(b"\n\r\n\r")
    assert out.replace(LINE, b"") == before + b"\n\r\n\r"
    assert seen.reasons == (["asked"] if how == "give_up" else [])


def test_every_transition_of_the_table_happens_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    happened: set[tuple[State, Event]] = set()

    class Row(dict[Event, State]):
        def __getitem__(self, event: Event) -> State:
            happened.add((self.state, event))
            return super().__getitem__(event)

        def __init__(self, state: State) -> None:
            super().__init__(TRANSITIONS[state])
            self.state = state

    monkeypatch.setattr(http1, "TRANSITIONS", {state: Row(state) for state in TRANSITIONS})
    last_with_a_body = b"POST / HTTP/1.1\r\nConnection: close, Upgrade\r\nUpgrade: h2c\r\nContent-Length: 1\r\n\r\nx"
    declined = [
        b"Content-Length: 1\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n",
        b"\r\n",
        b"Connection: close\r\n\r\n",
    ]
    after_last = [last_with_a_body + b"POST / HTTP/1.1\r\n" + lines for lines in declined]
    blank = [b"\r\n\r\n", GET + b"Connection: close\r\n\r\n\r\n\r\n"]
    closing = [
        b"POST / HTTP/1.1\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx",
    ]
    streams = [(kind, b"".join(message.raw for message in sent)) for kind, sent in ONE_BY_ONE]
    streams += [(RequestWatcher, stream) for stream in (*after_last, *blank, *closing)]
    streams += [(RequestWatcher, before + spoilt) for _, before, spoilt, _ in SPOILT]
    for kind, stream in streams:
        for pieces in ([stream], [stream[at : at + 1] for at in range(len(stream))]):
            watcher, _ = watch(kind, [])
            for piece in pieces:
                watcher.feed(piece)
    for kind, _, before in STOPPED:
        watcher, _ = watch(kind, [])
        watcher.feed(before)
        watcher.stop()
        watcher.stop()
    listed = {(state, event) for state, row in TRANSITIONS.items() for event in row}
    assert listed - happened == {
        (LAST, Event.WITH_THE_REST)
    }  # only responses, and their parser takes none after the last


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


def test_what_is_held_back_can_be_had_once() -> None:
    watcher, _ = requests()
    assert watcher.feed(GET + b"\r") == GET
    assert watcher.release() == b"\r"
    assert watcher.release() == b""


def test_a_watcher_that_is_closed_lets_go_of_its_owner_and_of_the_parser() -> None:
    gc.collect()
    gc.disable()
    try:
        watcher, seen = requests()
        seen.watcher = watcher
        watcher.feed(GET)
        watcher.close()
        del watcher, seen
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_a_watcher_that_was_stopped_tells_nobody_anything() -> None:
    watcher, seen = requests()
    watcher.stop()
    watcher.feed(REQUESTS[3].raw)
    watcher.give_up("late")
    assert (seen.messages, seen.ended, seen.reasons) == ([], 0, [])
