"""Trace context is continued where there is one, begun where there is none, and never made of rubbish."""

from __future__ import annotations

import random
import re

import pytest

from sidecar.core.words.exchange import Outcome, Trace
from sidecar.proxy.head import RequestHead
from sidecar.proxy.route import Routes
from sidecar.proxy.trace import Tracer
from sidecar.settings import TraceSettings

PARENT = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


NEVER = Tracer(TraceSettings(endpoint="http://collector", sample_ratio=0), random.Random(1))
ALWAYS = Tracer(TraceSettings(endpoint="http://collector", sample_ratio=1), random.Random(1))


def asked(lines: bytes) -> RequestHead:
    raw = b"GET / HTTP/1.1\r\n%sHost: m\r\n\r\n" % lines
    return RequestHead(raw, raw.lower(), Routes(), frozenset())


def traced(tracer: Tracer, lines: bytes, *, status: int = 200, seconds: float = 0.01) -> tuple[Trace | None, bytes]:
    """The trace of a request with these lines that ended so, if it is sampled, and the line put in."""
    trace, line = tracer.begin(asked(lines))
    return trace and tracer.end(trace, status, Outcome.COMPLETE, round(seconds * 1e9)), line


def begin(parent: bytes = b"", ratio: float = 1.0, insert: bool = True, seed: int = 1) -> tuple[Trace | None, bytes]:
    settings = TraceSettings(endpoint="http://collector", sample_ratio=ratio, insert_context=insert)
    return traced(Tracer(settings, random.Random(seed)), b"TraceParent: %s\r\n" % parent if parent else b"")


def test_a_begun_trace_tells_the_model_the_ids_of_our_span() -> None:
    trace, line = begin()
    assert trace is not None
    assert line.decode() == f"traceparent: 00-{trace.trace_id}-{trace.span_id}-01\r\n"
    assert (len(trace.trace_id), len(trace.span_id), trace.parent_id, trace.sampled) == (32, 16, "", True)


def test_a_trace_that_is_not_sampled_is_passed_on_as_such_and_makes_no_span() -> None:
    trace, line = begin(ratio=0)
    assert trace is None
    assert re.fullmatch(rb"traceparent: 00-[0-9a-f]{32}-[0-9a-f]{16}-00\r\n", line)


def test_a_sampled_parent_is_continued_whatever_our_ratio() -> None:
    trace, line = begin(PARENT, ratio=0)
    assert line == b""
    assert trace is not None
    assert (trace.trace_id, trace.parent_id) == ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331")
    assert trace.span_id != trace.parent_id


@pytest.mark.parametrize(
    "parent",
    [
        PARENT[:-2] + b"00",  # not sampled
        b"ff" + PARENT[2:],
        PARENT.replace(b"0af7651916cd43dd8448eb211c80319c", b"0" * 32),
        PARENT.replace(b"b7ad6b7169203331", b"0" * 16),
        PARENT[:-1],
        PARENT + b"x",
        PARENT + b"-more",
        b"rubbish",
    ],
)
def test_a_parent_that_is_not_sampled_or_not_valid_makes_no_span_and_is_left_alone(parent: bytes) -> None:
    assert begin(parent) == (None, b"")


def test_a_parent_of_a_later_version_may_have_more_fields() -> None:
    trace, _ = begin(b"01" + PARENT[2:] + b"-more")
    assert trace is not None


def test_nothing_is_put_in_where_the_settings_say_so() -> None:
    trace, line = begin(insert=False)
    assert trace is not None
    assert line == b""


def test_about_the_wanted_share_is_sampled() -> None:
    sampled = sum(begin(ratio=0.25, seed=seed)[0] is not None for seed in range(2000))
    assert abs(sampled - 500) < 4 * 19.4  # four standard deviations of a binomial


def test_without_an_endpoint_there_is_no_tracing() -> None:
    assert not Tracer(TraceSettings(), random.Random(1)).enabled


@pytest.mark.parametrize(
    "lines",
    [
        b"b3: 0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1\r\n",
        b"B3: 0AF7651916CD43DD8448EB211C80319C-B7AD6B7169203331-d-05e3ac9a4f6e3b90\r\n",
        b"X-B3-TraceId: 0af7651916cd43dd8448eb211c80319c\r\nX-B3-SpanId: b7ad6b7169203331\r\nX-B3-Sampled: 1\r\n",
        b"X-B3-TraceId: 0af7651916cd43dd8448eb211c80319c\r\nX-B3-SpanId: b7ad6b7169203331\r\nX-B3-Flags: 1\r\n",
    ],
)
def test_b3_of_one_line_or_several_is_continued_and_nothing_is_put_in(lines: bytes) -> None:
    trace, line = traced(NEVER, lines)
    assert line == b""
    assert trace is not None
    assert (trace.trace_id, trace.parent_id) == ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331")


def test_a_b3_trace_of_64_bits_is_filled_up_with_zeros() -> None:
    trace, _ = traced(NEVER, b"b3: 8448eb211c80319c-b7ad6b7169203331-1\r\n")
    assert trace is not None
    assert trace.trace_id == "00000000000000008448eb211c80319c"


@pytest.mark.parametrize(
    "lines",
    [
        b"b3: 0\r\n",
        b"b3: 0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0\r\n",
        b"b3: 0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1-rubbish\r\n",
        b"b3: 00000000000000000000000000000000-b7ad6b7169203331-1\r\n",
        b"X-B3-TraceId: 0af7651916cd43dd8448eb211c80319c\r\nX-B3-Sampled: 1\r\n",
        b"X-B3-TraceId: 0af7651916cd43dd8448eb211c80319c\r\nX-B3-SpanId: b7ad6b7169203331\r\nX-B3-Sampled: 0\r\n",
    ],
)
def test_b3_that_is_not_sampled_or_not_valid_makes_no_span_and_is_left_alone(lines: bytes) -> None:
    assert traced(ALWAYS, lines) == (None, b"")


def test_b3_that_leaves_the_decision_to_others_is_decided_by_ratio() -> None:
    undecided = b"b3: 0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331\r\n"
    assert traced(NEVER, undecided)[0] is None
    assert traced(ALWAYS, undecided)[0] is not None


@pytest.mark.parametrize("lines", [b"", b"traceparent: %s\r\n" % (PARENT[:-2] + b"00")])
def test_what_failed_or_was_slow_is_sampled_whatever_was_decided_before(lines: bytes) -> None:
    assert traced(NEVER, lines)[0] is None
    for found, _ in (traced(NEVER, lines, status=503), traced(NEVER, lines, seconds=6)):
        assert found is not None
        assert found.sampled
    quiet = Tracer(
        TraceSettings(endpoint="http://collector", sample_ratio=0, errors=False, slow_seconds=0), random.Random(1)
    )
    assert traced(quiet, lines, status=503, seconds=600)[0] is None


def test_what_the_client_broke_off_failed() -> None:
    trace, _ = NEVER.begin(asked(b""))
    assert trace is not None
    assert NEVER.end(trace, 200, Outcome.CLIENT_GONE, 1) is not None
    assert NEVER.end(trace, 101, Outcome.OPAQUE, 1) is None
