"""What is said on a connection becomes exchanges, each counted once with the right outcome, whatever happens."""

from __future__ import annotations

import gc
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.http_streams import LAST_REQUESTS, LAST_RESPONSES, LOOKS_LIKE_HEADS, REQUESTS, RESPONSES, reads
from harness.talk import EPOCH, Talk, make_services, timeless
from sidecar.core.words.exchange import Outcome
from sidecar.proxy.http1 import Watcher
from sidecar.settings import TapSettings, TraceSettings
from tests.proxy.said import COMPLETE, EMPTY, GET, INTERIM, OK, POST, ask

TRACE = TraceSettings(endpoint="http://collector", sample_ratio=0.5)


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
    assert asked is not None
    asked.added = 10  # as the splice noted
    step = talk.conversation.from_upstream(OK[:20], 2)
    assert (step.out, step.asked, list(step.ended), step.close) == (OK[:20], None, [], False)
    step = talk.conversation.from_upstream(OK[20:], 3)
    assert (step.out, step.asked, list(step.ended), step.close) == (OK[20:], None, [asked], False)
    assert talk.exchanges == []  # it is told only once it is written
    talk.conversation.forwarded(step, 5)
    assert (len(talk.exchanges), asked.added) == (1, 12)
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
