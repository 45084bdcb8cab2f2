"""Trace context is continued where there is one, begun where there is none, and never made of rubbish."""

from __future__ import annotations

import random
import re

import pytest

from sidecar.core.exchange import Trace
from sidecar.proxy.head import RequestHead
from sidecar.proxy.route import Routes
from sidecar.proxy.trace import Tracer
from sidecar.settings import TraceSettings

PARENT = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def begin(parent: bytes = b"", ratio: float = 1.0, insert: bool = True, seed: int = 1) -> tuple[Trace | None, bytes]:
    settings = TraceSettings(endpoint="http://collector", sample_ratio=ratio, insert_context=insert)
    line = b"TraceParent: %s\r\n" % parent if parent else b""
    raw = b"GET / HTTP/1.1\r\n%sHost: m\r\n\r\n" % line
    return Tracer(settings, random.Random(seed)).begin(RequestHead(raw, raw.lower(), Routes(), frozenset()))


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
