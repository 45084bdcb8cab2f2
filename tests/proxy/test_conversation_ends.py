"""How exchanges and conversations end: who is to blame, refusals, tunnels, other protocols, draining."""

from __future__ import annotations

import pytest

from harness.http_streams import DECLINED_UPGRADE, UPGRADE
from harness.talk import Talk
from sidecar.core.words.exchange import Outcome
from sidecar.proxy.http1 import IDLE, OPAQUE
from tests.proxy.said import COMPLETE, EMPTY, GET, INTERIM, OK, POST, ask


@pytest.mark.parametrize(
    ("ends", "by_upstream", "outcome"),
    [
        ("", False, "client_gone"),
        ("", True, "upstream_gone"),
        ("u", False, "upstream_gone"),
        ("u", True, "upstream_gone"),
        ("c", False, "client_gone"),
        ("c", True, "client_gone"),
        ("cu", False, "client_gone"),
        ("cu", True, "client_gone"),
        ("uc", False, "upstream_gone"),
        ("uc", True, "upstream_gone"),
    ],
)
def test_who_left_first_is_to_blame_for_what_was_in_flight(ends: str, by_upstream: bool, outcome: str) -> None:
    talk = Talk()
    talk.client(POST * 2)
    talk.upstream(OK[:-3])
    for side in ends:
        talk.upstream_eof() if side == "u" else talk.conversation.client_eof()
    first, second = talk.close(by_upstream)
    assert talk.counts == {("http1", outcome): 2}
    assert (first.status, first.response.body_bytes) == (200, 11)
    assert (second.status, second.response.head) == (0, b"")
    assert [each.status for each in talk.snapshot.requests] == [200]


def test_a_body_that_ends_with_the_connection_is_complete_when_it_ends() -> None:
    talk = Talk()
    ask(talk, GET, b"HTTP/1.1 200 OK\r\n\r\nhello")
    assert talk.exchanges == []
    talk.upstream_eof()
    (exchange,) = talk.close()
    assert (exchange.outcome, exchange.response.body) == (Outcome.COMPLETE, b"hello")


def test_a_body_that_should_end_with_the_connection_and_is_reset_is_not_complete() -> None:
    talk = Talk()
    ask(talk, GET, b"HTTP/1.1 200 OK\r\n\r\nhello")
    talk.close(by_upstream=True)
    assert talk.counts == {("http1", "upstream_gone"): 1}


def test_a_refused_request_is_answered_and_so_are_none_of_those_behind_it() -> None:
    talk = Talk()
    assert talk.conversation.refuse(POST[:10], 4).out == b""
    first = talk.conversation.refuse(POST[10:30], 5)
    assert (first.out, first.close) == (b"", False)
    step = talk.conversation.refuse(POST[30:] + GET, 6)
    assert (step.close, list(step.ended)) == (True, [])
    answer = step.out
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 503 ")
    assert b"\r\nx-sidecar-error: upstream-refused" in head
    assert b"\r\nRetry-After: 1" in head
    assert b"Content-Length: %d\r\n" % len(body) in head + b"\r\n"
    assert [(exchange.status, exchange.first_byte_ns) for exchange in talk.close()] == [(503, 0), (0, 0)]
    assert talk.counts == {("http1", "upstream_refused"): 2}


def test_a_response_to_nothing_is_forwarded_and_not_taken_for_the_next_one() -> None:
    talk = Talk()
    talk.upstream(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 4\r\n\r\nla")
    talk.client(POST)
    talk.upstream(b"te" + OK)
    assert [(exchange.status, exchange.response.body_bytes) for exchange in talk.exchanges] == [(200, 14)]


def test_a_response_to_nothing_behind_one_with_a_remembered_head_belongs_to_none() -> None:
    talk = Talk()
    for _ in range(2):
        ask(talk)
    late = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 4\r\n\r\nlate"
    assert talk.upstream(late) == late
    assert [(exchange.status, exchange.response.body_bytes) for exchange in talk.close()] == [(200, 14)] * 2


def test_a_response_may_end_before_its_request_and_the_next_request_is_seen_all_the_same() -> None:
    talk = Talk()
    talk.client(POST[:-5])
    talk.upstream(b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n")
    assert not talk.conversation.idle
    talk.client(POST[-5:])
    assert talk.conversation.idle
    ask(talk)
    assert [exchange.status for exchange in talk.exchanges] == [401, 200]


def test_a_final_status_without_continue_ends_the_exchange() -> None:
    talk = Talk()
    talk.client(b"POST /predict HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n")
    talk.upstream(b"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n")
    assert talk.counts == {COMPLETE: 1}


def test_after_101_both_directions_are_opaque_and_the_connection_is_never_idle() -> None:
    talk = Talk()
    ask(talk, GET, OK)  # heads that are remembered now
    upgrade = b"GET /ws HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"
    ask(talk, upgrade, b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n" + OK)
    assert talk.client(GET) == GET
    assert talk.upstream(OK) == OK
    assert not talk.conversation.idle
    assert [exchange.status for exchange in talk.close()] == [200, 101]
    assert talk.counts == {COMPLETE: 2, ("opaque", "upgrade"): 1}


@pytest.mark.parametrize("remembered", [False, True])
def test_after_an_accepted_connect_the_tunnel_is_opaque(remembered: bool) -> None:
    talk = Talk()
    if remembered:
        ask(talk, GET, EMPTY)
    ask(talk, b"CONNECT db:5432 HTTP/1.1\r\nHost: db:5432\r\n\r\n", EMPTY)
    ask(talk, GET, EMPTY)
    assert talk.close()[-1].method == "CONNECT"
    assert talk.counts == {COMPLETE: 1 + remembered, ("opaque", "connect"): 1}


def test_a_connect_that_is_redirected_makes_no_tunnel() -> None:
    talk = Talk()
    ask(talk, b"CONNECT db:5432 HTTP/1.1\r\nHost: db:5432\r\n\r\n", EMPTY.replace(b"200 OK", b"300 Choose"))
    ask(talk, GET, EMPTY)
    assert [exchange.status for exchange in talk.exchanges] == [300, 200]
    assert talk.counts == {COMPLETE: 2}


def test_a_declined_connect_and_a_declined_upgrade_are_like_any_other_request() -> None:
    talk = Talk()
    ask(talk, b"CONNECT db:5432 HTTP/1.1\r\nHost: db:5432\r\n\r\n", b"HTTP/1.1 405 No\r\nContent-Length: 0\r\n\r\n")
    ask(talk, DECLINED_UPGRADE.raw, OK)
    ask(talk, GET, OK)
    assert [exchange.status for exchange in talk.exchanges] == [405, 200, 200]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00", "tls"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04", "http2"),
        (b"PING\r\n", "parse_error"),
        (b"get key\r\n", "parse_error"),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 5000, "head_too_large"),
    ],
)
def test_what_is_not_http_1_is_forwarded_and_counted_by_reason(data: bytes, reason: str) -> None:
    talk = Talk()
    assert talk.client(data) == data
    assert talk.upstream(OK) == OK
    assert talk.client(GET) == GET
    assert talk.close() == []
    assert talk.counts == {("opaque", reason): 1}
    assert talk.snapshot.requests == ()


def test_a_server_that_speaks_first_and_not_http_makes_the_connection_opaque() -> None:
    talk = Talk()
    ask(talk)  # on another connection, heads were remembered
    other = Talk(talk.services)
    assert other.upstream(b"220 mail ESMTP\r\n") == b"220 mail ESMTP\r\n"
    assert other.client(POST) == POST
    assert talk.counts == {COMPLETE: 1, ("opaque", "parse_error"): 1}


def test_requests_before_a_parse_error_still_get_their_responses_counted() -> None:
    talk = Talk()
    talk.client(POST + b"garbage\r\n")
    talk.upstream(OK[:5])
    talk.upstream(OK[5:])
    talk.upstream(b"anything")
    assert talk.counts == {COMPLETE: 1, ("opaque", "parse_error"): 1}


def test_a_response_that_does_not_parse_ends_what_was_in_flight_as_opaque() -> None:
    talk = Talk()
    talk.client(POST * 2)
    talk.upstream(b"HTTP/1.1 2000 What\r\n\r\n")
    assert [exchange.outcome for exchange in talk.exchanges] == [Outcome.OPAQUE] * 2
    assert talk.counts == {("http1", "opaque"): 2, ("opaque", "parse_error"): 1}


def test_while_draining_each_response_says_close_once() -> None:
    talk = Talk()
    ask(talk)
    talk.services.draining = True
    talk.client(POST)
    assert talk.upstream(OK) == OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)
    assert talk.conversation.closing
    assert talk.conversation.idle
    talk.client(GET)
    closes = b"HTTP/1.1 200 OK\r\nconnection: Close\r\nContent-Length: 0\r\n\r\n"
    assert talk.upstream(closes) == closes


def test_while_draining_interim_responses_and_switches_are_left_alone() -> None:
    talk = Talk(draining=True)
    talk.client(UPGRADE.raw)
    switch = b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"
    assert talk.upstream(INTERIM) == INTERIM
    assert talk.upstream(switch) == switch


def test_while_draining_the_step_that_leaves_nothing_in_flight_says_close() -> None:
    talk = Talk(draining=True)
    talk.client(POST + GET[:9])
    step = talk.conversation.from_upstream(OK, 2)
    assert (step.close, len(step.ended)) == (False, 1)  # the next request has begun
    assert not talk.conversation.from_client(GET[9:], 3).close
    assert talk.conversation.from_upstream(EMPTY, 4).close


def test_while_draining_the_rest_of_a_body_whose_answer_is_out_says_close() -> None:
    talk = Talk(draining=True)
    talk.client(POST[:-5])
    assert not talk.conversation.from_upstream(EMPTY, 2).close
    assert not talk.conversation.from_client(POST[-5:-1], 3).close
    assert talk.conversation.from_client(POST[-1:], 4).close


def test_told_to_close_while_idle_it_closes_after_the_next_answer() -> None:
    talk = Talk()
    ask(talk)
    talk.conversation.closing = True
    assert not talk.conversation.from_client(POST, 5).close
    assert talk.conversation.from_upstream(OK, 6).close


def test_the_end_of_the_model_ends_a_body_that_has_no_other_end() -> None:
    talk = Talk()
    talk.client(GET)
    talk.upstream(b"HTTP/1.1 200 OK\r\n\r\nhello")
    step = talk.conversation.upstream_eof(9)
    assert (step.out, len(step.ended), step.close) == (b"", 1, False)
    assert list(talk.conversation.upstream_eof(10).ended) == []


def test_what_is_held_back_of_an_answer_leaves_with_the_end_of_the_model() -> None:
    talk = Talk()
    talk.client(GET)
    assert talk.upstream(b"HTTP/1.1 200 OK\r\n\r") == b"HTTP/1.1 200 OK\r\n"
    step = talk.conversation.upstream_eof(9)
    assert (step.out, list(step.ended)) == (b"\r", [])


def test_refused_another_protocol_gets_no_answer_and_is_closed() -> None:
    talk = Talk()
    step = talk.conversation.refuse(b"\x16\x03\x01", 5)
    assert (step.out, step.close, step.asked, list(step.ended)) == (b"", True, None, [])
    assert talk.counts == {("opaque", "tls"): 1}


def test_answers_to_requests_before_another_protocol_are_watched_and_none_behind_them() -> None:
    talk = Talk()
    talk.client(POST + GET + b"garbage\r\n")
    talk.upstream(OK)
    assert talk.conversation._responses.state is IDLE
    talk.upstream(EMPTY)
    assert talk.conversation._responses.state is OPAQUE
    assert talk.counts == {COMPLETE: 2, ("opaque", "parse_error"): 1}
