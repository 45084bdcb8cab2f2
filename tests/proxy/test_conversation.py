"""What is said on a connection becomes exchanges, each counted once with the right outcome, whatever happens."""

from __future__ import annotations

import gc
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.http_streams import (
    DECLINED_UPGRADE,
    LAST_REQUESTS,
    LAST_RESPONSES,
    LOOKS_LIKE_HEADS,
    REQUESTS,
    RESPONSES,
    UPGRADE,
    reads,
)
from harness.talk import EPOCH, Talk, make_services, timeless
from sidecar.core.words.exchange import Outcome
from sidecar.proxy.http1 import IDLE, OPAQUE, Watcher
from sidecar.settings import TapSettings, TraceSettings

GET = b"GET /v2/models/m HTTP/1.1\r\nHost: m\r\n\r\n"
POST = b'POST /v2/models/m/infer HTTP/1.1\r\nHost: m\r\nContent-Length: 13\r\n\r\n{"inputs":[]}'
OK = b'HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n{"outputs":[]}'
EMPTY = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
TRACE = TraceSettings(endpoint="http://collector", sample_ratio=0.5)
COMPLETE = ("http1", "complete")


def ask(talk: Talk, request: bytes = POST, response: bytes = OK) -> None:
    talk.client(request)
    talk.upstream(response)


def test_an_exchange_has_heads_bodies_sizes_times_route_and_status() -> None:
    talk = Talk()
    talk.now = 100
    talk.client(POST)  # at 101
    talk.upstream(OK[:20])  # at 102
    talk.upstream(OK[20:])  # at 104, forwarded at 105
    (exchange,) = talk.exchanges
    assert (exchange.started_ns, exchange.first_byte_ns, exchange.duration_ns) == (EPOCH + 101, 1, 4)
    assert (exchange.method, exchange.target) == ("POST", "/v2/models/m/infer")
    assert (exchange.route, exchange.status) == ("/v2/models/{model}/infer", 200)
    assert exchange.outcome is Outcome.COMPLETE
    assert exchange.request.head + exchange.request.body == POST
    assert exchange.response.head + exchange.response.body == OK
    assert (exchange.request.body_bytes, exchange.response.body_bytes) == (13, 14)


# Transactions in which every response follows its request, as nearly all do.
TRANSACTIONS = [
    (request, response)
    for request in REQUESTS
    for response in RESPONSES
    if not response.head.startswith(b"HTTP/1.1 1")
    and response.to_head == request.head.startswith(b"HEAD")
    and not request.head.startswith(b"CONNECT")
]
INTERIM = b"HTTP/1.1 100 Continue\r\n\r\n"


@given(st.data())
def test_remembered_heads_give_the_same_exchanges_as_parsed_ones(data: st.DataObject) -> None:
    talks = Talk(trace=TRACE), Talk(trace=TRACE, remember=False), Talk(trace=TRACE, remember=False)
    warm, cold, cut = talks
    transactions = data.draw(st.lists(st.sampled_from(TRANSACTIONS), max_size=3))
    for request, response in data.draw(st.permutations(transactions * 2)):  # each twice: the second time from memory
        for talk in (warm, cold):
            ask(talk, request.raw, response.raw)
        for piece in data.draw(reads(request.raw)):
            cut.client(piece)
        for piece in data.draw(reads(response.raw)):
            cut.upstream(piece)
    assert warm.exchanges == cold.exchanges
    assert timeless(warm.exchanges) == timeless(cut.exchanges)
    assert len(warm.exchanges) == 2 * len(transactions)
    for talk in talks:
        assert talk.counts == ({COMPLETE: 2 * len(transactions)} if transactions else {})
        assert (talk.to_upstream, talk.to_client) == (warm.to_upstream, warm.to_client)


@given(st.data())
def test_pipelined_requests_are_joined_with_their_responses(data: st.DataObject) -> None:
    transactions = data.draw(st.lists(st.sampled_from(TRANSACTIONS), max_size=5))
    talk = Talk()
    for piece in data.draw(reads(b"".join(request.raw for request, _ in transactions))):
        talk.client(piece)
    for piece in data.draw(reads(b"".join(INTERIM + response.raw for _, response in transactions))):
        talk.upstream(piece)
    assert [(e.request.head, e.request.body, e.response.head, e.response.body) for e in talk.exchanges] == [
        (*request[:2], *response[:2]) for request, response in transactions
    ]
    assert all(exchange.first_byte_ns > 0 for exchange in talk.exchanges)


PIECES = st.one_of(
    st.binary(max_size=20),
    st.sampled_from([*(m.raw for m in (*REQUESTS, *LAST_REQUESTS, *RESPONSES, *LAST_RESPONSES)), GET, POST, OK, EMPTY]),
    st.sampled_from([b"\r\n\r", b"\n", b"HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", b"0\r\n\r\n"]),
)
STEPS = st.one_of(
    st.tuples(st.sampled_from(["client", "upstream"]), PIECES),
    st.tuples(st.sampled_from(["client_eof", "upstream_eof", "drain", "refused"]), st.just(b"")),
)


@given(st.lists(STEPS, max_size=12), st.booleans(), st.floats(0, 1), st.integers(0, 200))
def test_whatever_happens_everything_is_forwarded_counted_once_and_given_back(
    steps: list[tuple[str, bytes]], by_upstream: bool, ratio: float, memory: int
) -> None:
    talk = Talk(tap=TapSettings(memory_limit_bytes=memory, sample_ratio=ratio))
    sent = {"client": b"", "upstream": b""}
    refused = False
    for step, piece in steps:
        if step in sent:
            sent[step] += piece
            getattr(talk, step)(piece)
        elif step == "drain":
            talk.services.draining = True
        elif step == "refused":
            refused = True
            talk.conversation.refuse(b"", talk.now)
            break
        else:
            getattr(talk, step)()
        assert talk.services.tally.active_requests >= 0
        assert talk.services.tap.used <= memory
    talk.client_eof()
    talk.upstream_eof()
    talk.close(by_upstream)
    if refused:  # there is no model to forward to
        assert sent["client"].startswith(talk.to_upstream)
    else:
        assert talk.to_upstream == sent["client"]
    assert talk.to_client.replace(b"Connection: close\r\n", b"") == sent["upstream"].replace(
        b"Connection: close\r\n", b""
    )
    assert talk.services.tally.active_requests == 0
    assert talk.services.tap.used == 0
    assert len(talk.exchanges) <= sum(count for (protocol, _), count in talk.counts.items() if protocol == "http1")


def test_a_probe_is_forwarded_and_left_out_of_everything() -> None:
    talk = Talk(trace=TraceSettings(endpoint="http://collector", sample_ratio=1))
    probe = b"GET /healthz?full=1 HTTP/1.1\r\nHost: m\r\n\r\n"
    for _ in range(2):
        assert talk.client(probe) == probe
        assert talk.services.tally.active_requests == 0
        assert talk.upstream(OK) == OK
    assert talk.close() == []
    assert talk.counts == {}
    assert talk.snapshot.requests == ()


@pytest.mark.parametrize(
    ("by_upstream", "eof", "outcome"),
    [(False, False, "client_gone"), (True, False, "upstream_gone"), (False, True, "upstream_gone")],
)
def test_who_left_first_is_to_blame_for_what_was_in_flight(by_upstream: bool, eof: bool, outcome: str) -> None:
    talk = Talk()
    talk.client(POST * 2)
    talk.upstream(OK[:-3])
    if eof:
        talk.upstream_eof()
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


def test_a_body_beyond_the_limit_is_counted_and_offered_without_its_bytes() -> None:
    talk = Talk(tap=TapSettings(body_limit_bytes=12))
    ask(talk)
    (exchange,) = talk.exchanges
    assert (exchange.request.body, exchange.request.body_bytes, exchange.request.truncated) == (b"", 13, True)


def test_without_sampling_nothing_is_offered_but_everything_is_counted() -> None:
    talk = Talk(tap=TapSettings(sample_ratio=0))
    for _ in range(3):
        ask(talk)
    assert talk.close() == []
    assert talk.counts == {COMPLETE: 3}


def test_a_traceparent_is_put_into_requests_that_have_none_and_into_no_others() -> None:
    talk = Talk(trace=TraceSettings(endpoint="http://collector", sample_ratio=1))
    for _ in range(2):  # parsed, then remembered
        out = talk.client(POST)
        head = out.partition(b"\r\n\r\n")[0]
        assert head.rpartition(b"\r\n")[2].startswith(b"traceparent: 00-")
        assert out.replace(head.rpartition(b"\r\n")[2] + b"\r\n", b"") == POST
        talk.upstream(OK)
    carried = POST.replace(b"Host: m\r\n", b"TraceParent: 00-%s-%s-01\r\ntracestate: a=b\r\n" % (b"a" * 32, b"b" * 16))
    assert talk.client(carried) == carried
    talk.upstream(OK)
    *_, exchange = talk.exchanges
    assert exchange.trace is not None
    assert (exchange.trace.trace_id, exchange.trace.parent_id) == ("a" * 32, "b" * 16)


def test_the_recorded_head_is_the_one_the_client_sent() -> None:
    talk = Talk(trace=TraceSettings(endpoint="http://collector", sample_ratio=1))
    ask(talk)
    assert talk.exchanges[0].request.head + talk.exchanges[0].request.body == POST


def test_bodies_that_look_like_heads_are_bodies() -> None:
    talk = Talk(trace=TraceSettings(endpoint="http://collector"))
    request = b"POST /predict HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(LOOKS_LIKE_HEADS) + LOOKS_LIKE_HEADS
    rng = random.Random(3)
    for _ in range(20):
        cut = rng.randrange(len(request))
        talk.client(request[:cut])
        talk.client(request[cut:])
        talk.upstream(EMPTY)
    assert talk.counts == {COMPLETE: 20}
    assert talk.to_upstream.count(b"traceparent: ") == 20
    assert {exchange.request.body for exchange in talk.exchanges} == {LOOKS_LIKE_HEADS}


def test_services_of_one_process_are_shared_by_its_conversations() -> None:
    services = make_services()
    for _ in range(3):
        ask(Talk(services))
    assert Talk(services).counts == {COMPLETE: 3}


def test_what_a_conversation_took_is_free_as_soon_as_it_is_over() -> None:
    services = make_services()
    gc.collect()
    gc.disable()
    try:
        for request, response in TRANSACTIONS[:50]:
            talk = Talk(services)
            ask(talk, request.raw, response.raw)
            talk.client(b"GET / HTTP/1.1\r\nHos")
            talk.close()
        del talk
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_a_step_says_what_to_write_whose_time_to_note_and_what_has_ended() -> None:
    talk = Talk()
    step = talk.conversation.from_client(POST, 1)
    assert (step.out, step.asked is not None, list(step.ended), step.close) == (POST, True, [], False)
    asked = step.asked
    step = talk.conversation.from_upstream(OK[:20], 2)
    assert (step.out, step.asked, list(step.ended), step.close) == (OK[:20], None, [], False)
    step = talk.conversation.from_upstream(OK[20:], 3)
    assert (step.out, step.asked, list(step.ended), step.close) == (OK[20:], None, [asked], False)
    assert talk.exchanges == []  # it is told only once it is written
    talk.conversation.forwarded(step, 5)
    assert asked is not None
    assert (len(talk.exchanges), asked.added) == (1, 2)
    step = talk.conversation.from_client(POST[:50], 6)
    assert step.asked is None


@pytest.mark.parametrize("remembered", [False, True])
def test_of_several_requests_in_one_read_the_last_is_timed(remembered: bool) -> None:
    talk = Talk()
    if remembered:
        ask(talk)
    step = talk.conversation.from_client(POST + GET, 1)
    assert step.asked is not None
    assert step.asked.head.method == "GET"
    step = talk.conversation.from_upstream(OK + EMPTY, 2)
    assert [each.head.method for each in step.ended] == ["POST", "GET"]


@pytest.mark.parametrize("remembered", [False, True])
def test_a_probe_is_nobody_whose_time_is_noted(remembered: bool) -> None:
    talk = Talk()
    probe = b"GET /healthz HTTP/1.1\r\n\r\n"
    if remembered:
        ask(talk, probe, EMPTY)
    assert talk.conversation.from_client(probe, 1).asked is None


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


BODY_WITH_BLANK_LINES = b"\r\n\r\n{}\r\n\r\n"
PAIRS = [
    (GET, EMPTY),
    (POST, OK),
    (b"POST /p HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(BODY_WITH_BLANK_LINES) + BODY_WITH_BLANK_LINES,
     b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(BODY_WITH_BLANK_LINES) + BODY_WITH_BLANK_LINES),
]  # fmt: skip


@pytest.mark.parametrize(("request_", "response"), PAIRS)
def test_messages_with_remembered_heads_go_past_the_watchers(
    request_: bytes, response: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk = Talk()
    ask(talk, request_, response)

    def parsed(watcher: Watcher, data: bytes) -> bytes:
        raise AssertionError(data)

    monkeypatch.setattr(Watcher, "feed", parsed)
    for _ in range(2):
        assert talk.conversation.from_client(request_, 5).out == request_
        step = talk.conversation.from_upstream(response, 6)
        assert (step.out, len(step.ended), step.close) == (response, 1, False)
        talk.conversation.forwarded(step, 7)
    one, *others = timeless(talk.exchanges)
    assert others == [one, one]


@pytest.mark.parametrize(("request_", "response"), PAIRS)
def test_a_body_that_looks_like_a_message_with_a_remembered_head_is_a_body(request_: bytes, response: bytes) -> None:
    talk = Talk()
    ask(talk, request_, response)
    talk.client(b"POST /outer HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(request_))
    talk.client(request_)
    talk.upstream(b"HTTP/1.1 200 OK\r\nX: outer\r\nContent-Length: %d\r\n\r\n" % len(response))
    assert len(talk.exchanges) == 1
    talk.upstream(response)
    assert [(each.target, each.request.body_bytes, each.response.body_bytes) for each in talk.exchanges[1:]] == [
        ("/outer", len(request_), len(response))
    ]


@pytest.mark.parametrize("more", [b"\r\n", GET])
def test_a_read_that_goes_on_behind_a_remembered_message_is_parsed(more: bytes) -> None:
    talk = Talk()
    ask(talk)
    assert talk.client(POST + more) == POST + more
    talk.upstream(OK + OK[:10])
    assert len(talk.exchanges) == 2


def test_requests_in_flight_are_counted_until_they_end() -> None:
    talk = Talk()
    for count in (1, 2, 3):
        talk.client(POST)
        assert talk.snapshot.active_requests == count
    talk.upstream(OK + OK)
    assert talk.snapshot.active_requests == 1


def test_of_a_sample_the_bodies_of_some_exchanges_are_kept() -> None:
    talk = Talk(tap=TapSettings(sample_ratio=0.5))
    for _ in range(60):
        ask(talk)
    assert 10 < len(talk.exchanges) < 50
    assert talk.counts == {COMPLETE: 60}


def test_answers_to_requests_before_another_protocol_are_watched_and_none_behind_them() -> None:
    talk = Talk()
    talk.client(POST + GET + b"garbage\r\n")
    talk.upstream(OK)
    assert talk.conversation._responses.state is IDLE
    talk.upstream(EMPTY)
    assert talk.conversation._responses.state is OPAQUE
    assert talk.counts == {COMPLETE: 2, ("opaque", "parse_error"): 1}
