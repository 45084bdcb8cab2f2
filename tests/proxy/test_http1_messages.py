"""Messages that are easily misread: long heads, upgrades, CONNECT, empty lines, and ends that a parser sees elsewhere."""

from __future__ import annotations

import pytest

from harness.http_streams import REQUESTS, RESPONSES
from sidecar.proxy.http1 import HEAD, IDLE, LAST, LENGTH, OPAQUE, RequestWatcher, ResponseWatcher
from sidecar.proxy.overload import Budget
from tests.proxy.watched import CHUNKS, GET, HEAD_MEMORY, LIMIT, LINE, Seen, feed, requests, responses, with_lines


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
    seen.watcher = watcher = ResponseWatcher(seen, LIMIT, Budget(HEAD_MEMORY))
    switch = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x05hello"
    assert watcher.feed(switch) == switch
    assert seen.reasons == ["upgrade"]


@pytest.mark.parametrize("size", [99, 100, 101, 102])
@pytest.mark.parametrize("cut", [0, 50, 97, 98, 99, 100])
def test_the_limit_of_a_head_is_exact_however_it_is_cut(size: int, cut: int) -> None:
    head = GET + b"X: %s\r\n\r\n" % (b"x" * (size - len(GET) - 7))
    assert len(head) == size
    watcher, seen = requests(limit=100)
    out = watcher.feed(head[:cut]) + watcher.feed(head[cut:])
    assert out == (head[:-2] + LINE + b"\r\n" if size <= 100 else head)
    assert seen.reasons == ([] if size <= 100 else ["head_too_large"])


def test_a_partial_head_beyond_the_limit_is_given_up_before_its_end_comes() -> None:
    watcher, seen = requests(limit=20)
    assert watcher.feed(GET + b"X: y") == GET + b"X: y"  # 20 bytes
    assert watcher.state is HEAD
    assert watcher.feed(b"z") == b"z"
    assert seen.reasons == ["head_too_large"]


def test_empty_lines_between_messages_are_forwarded_and_belong_to_none() -> None:
    for pieces in ([b"\r\n\r\n" * 3], [b"\r\n"] * 6, [b"\r\n\r", b"\n", b"\r\n\r\n\r", b"\n\r\n"]):
        watcher, seen = requests()
        assert watcher.feed(REQUESTS[3].raw).replace(LINE, b"") == REQUESTS[3].raw
        assert b"".join(map(watcher.feed, pieces)) == b"\r\n" * 6
        assert watcher.state is IDLE
        assert watcher.feed(REQUESTS[0].raw) == with_lines([REQUESTS[0]])
        assert seen.messages == [(REQUESTS[3].head, REQUESTS[3].body), (REQUESTS[0].head, b"")]


def test_a_connect_ends_with_its_head_whatever_length_it_declares() -> None:
    watcher, seen = requests()
    connect = b"CONNECT a:1 HTTP/1.1\r\nContent-Length: 3\r\n\r\n"
    watcher.feed(b"\r\n" + connect + REQUESTS[0].raw)
    assert [head for head, _ in seen.messages] == [b"\r\n" + connect, REQUESTS[0].head]
    assert seen.ended == 2


def test_a_declined_upgrade_is_watched_by_its_length_and_so_is_what_follows() -> None:
    body = b"0\r\n\r\nGET / HTTP/1.1\r\n\r\n"
    declined = b"POST / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: %d\r\n\r\n" % len(body)
    watcher, seen = requests()
    for _ in range(2):
        watcher.feed(declined + body)
        watcher.feed(REQUESTS[3].raw)
    assert seen.messages == [(declined, body), (REQUESTS[3].head, REQUESTS[3].body)] * 2
    assert seen.reasons == []


def test_an_upgrade_without_a_body_is_followed_by_the_next_request() -> None:
    watcher, seen = requests()
    upgrade = b"GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 0\r\n\r\n"
    watcher.feed(upgrade + REQUESTS[3].raw)
    assert seen.messages == [(upgrade, b""), (REQUESTS[3].head, REQUESTS[3].body)]


def test_a_chunked_body_that_also_has_a_length_is_a_parse_error() -> None:
    watcher, seen = requests()
    smuggled = b"POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    assert watcher.feed(smuggled) == smuggled
    assert seen.reasons == ["parse_error"]
    assert seen.messages == []


@pytest.mark.parametrize(
    ("before", "says", "rest"),
    [
        (b"POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\na", "on_message_begin", b"b"),
        (b"POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\na", "on_message_begin", b"bcd"),
        (b"POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\na", "on_message_complete", b"b"),
        (b"POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\na", "on_message_complete", b"bcd"),
        (CHUNKS + b"1\r\n", "on_message_begin", b"b\r\n0\r\n\r\n"),
        (GET, "on_headers_complete", b"X: y\r\n"),
        (GET, "on_headers_complete", b"X: y\r\n\r"),
    ],
)
def test_a_parser_that_finds_another_end_than_we_do_ends_the_watch(before: bytes, says: str, rest: bytes) -> None:
    """llhttp never does on what is known today, so its callback is called by hand."""
    watcher, seen = requests()
    out = watcher.feed(before)
    getattr(watcher, says)()
    assert (out + watcher.feed(rest)).replace(LINE, b"") == before + rest
    assert (watcher.state, seen.reasons) == (OPAQUE, ["framing"])


def test_a_body_is_told_in_the_pieces_in_which_it_is_read() -> None:
    class Pieces(Seen):
        def __init__(self) -> None:
            super().__init__()
            self.pieces: list[bytes] = []

        def on_body(self, piece: bytes) -> None:
            self.pieces.append(piece)

    seen = Pieces()
    watcher = RequestWatcher(seen, LIMIT, Budget(HEAD_MEMORY))
    body = b"x" * 30
    whole = bytes(body[10:20])
    watcher.feed(b"POST / HTTP/1.1\r\nContent-Length: 30\r\n\r\n" + body[:10])
    watcher.feed(whole)
    watcher.feed(body[20:] + GET)
    assert seen.pieces == [body[:10], whole, body[20:]]
    assert seen.pieces[1] is whole  # not a copy of it


def test_the_status_is_that_of_the_latest_head_and_a_bodyless_answer_says_nothing_of_the_next() -> None:
    watcher, seen = responses([RESPONSES[8]])
    assert (watcher.status, watcher.bodyless) == (0, False)
    watcher.feed(b"HTTP/1.1 201 Created\r\nContent-Length: 9\r\n\r\n")
    assert (watcher.status, watcher.bodyless, watcher.state) == (201, True, IDLE)
    watcher.feed(b"HTTP/1.1 404 No\r\nContent-Length: 9\r\n\r\nno")
    assert (watcher.status, watcher.bodyless, watcher.state) == (404, False, LENGTH)
    assert seen.ended == 1
