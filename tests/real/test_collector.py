"""Spans of a real sidecar and of the model behind it, through a real OpenTelemetry collector, over HTTP and gRPC."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from harness.alerting import Prometheus, closing
from harness.collector import Collector, attributes, receiving
from harness.program import Sidecar, connect, eventually, free_ports

each_protocol = pytest.mark.parametrize("protocol", ["http", "grpc"])
REQUEST = b'{"inputs":[{"name":"x","shape":[1],"datatype":"FP64","data":[1.5]}]}'


class Way(NamedTuple):
    """From a client to what the collector passed on."""

    sidecar: Sidecar
    collector: Collector

    def ask(self, body: bytes = REQUEST, **headers: str) -> int:
        """The status of an answer."""
        url = f"http://127.0.0.1:{self.sidecar.port}/v2/models/m/infer"
        request = urllib.request.Request(url, body, {"Content-Type": "application/json", **headers})
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code

    def spans(self, service: str) -> list[Span]:
        """Of one service."""
        found = []
        for one in self.collector.received:
            if any(
                each.value.string_value == service for each in one.resource.attributes if each.key == "service.name"
            ):
                found += [span for scope in one.scope_spans for span in scope.spans]
        return found


@contextlib.contextmanager
def running(*command: str, port: int) -> Iterator[None]:
    """A process that listens."""
    process = subprocess.Popen(command)
    try:
        connect(port, lambda: process.poll() is None).close()
        yield
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def way(protocol: str, ratio: float, tmp_path: Path) -> Iterator[Way]:
    """All of it, running."""
    http, grpc, model = free_ports(3)
    with contextlib.ExitStack() as stack:
        collector = stack.enter_context(receiving())
        spec = find_spec("rotel")
        assert spec is not None
        assert spec.origin is not None
        rotel = [str(Path(spec.origin).with_name("rotel-agent")), "start", "--exporter", "otlp"]
        rotel += ["--otlp-http-endpoint", f"127.0.0.1:{http}", "--otlp-grpc-endpoint", f"127.0.0.1:{grpc}"]
        for kind in ("traces", "metrics", "logs"):
            rotel += [f"--otlp-exporter-{kind}-endpoint", collector.url]
        rotel += ["--otlp-exporter-protocol", "http"]
        rotel += ["--pid-file", str(tmp_path / "pid"), "--log-file", str(tmp_path / "log")]
        stack.enter_context(running(*rotel, port=http))
        url = f"http://127.0.0.1:{http}/v1/traces"
        served = [sys.executable, "-m", "harness.instrumented", str(model), url]
        stack.enter_context(running(*served, port=model))
        endpoint = url if protocol == "http" else f"http://127.0.0.1:{grpc}"
        settings = {"trace.endpoint": endpoint, "trace.protocol": protocol, "model.name": "loans"}
        sidecar = Sidecar(f"127.0.0.1:{model}", settings | {"trace.sample_ratio": ratio})
        stack.callback(sidecar.kill)
        sidecar.connect().close()
        yield Way(sidecar, collector)


@each_protocol
def test_an_exchange_is_a_span_in_the_client_s_trace_and_so_are_the_model_s_own(protocol: str, tmp_path: Path) -> None:
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    with way(protocol, 0.0, tmp_path) as running:
        assert running.ask(traceparent=parent) == 200
        assert running.ask(b"broken") == 500  # begins a trace, and is sampled since it failed
        assert running.ask() == 200  # is not sampled

        ours = eventually(lambda: (found := running.spans("loans")) and len(found) == 2 and found)
        model = eventually(lambda: running.spans("the model itself"))
        sent = {"sink": "otlp", "result": "sent"}
        eventually(lambda: running.sidecar.metrics().total("sidecar_sink_events_total", **sent) == 2)

    by_status = {attributes(span)["http.response.status_code"]: span for span in ours}
    assert by_status[200].trace_id.hex() == "0af7651916cd43dd8448eb211c80319c"
    assert by_status[200].parent_span_id.hex() == "b7ad6b7169203331"
    assert [event.name for event in by_status[200].events] == ["first_byte"]
    assert attributes(by_status[200])["model.drifted_features"] == 0
    assert {span.trace_id.hex() for span in model} == {"0af7651916cd43dd8448eb211c80319c"}


def test_spans_of_the_model_are_children_of_ours_where_we_began_the_trace(tmp_path: Path) -> None:
    with way("http", 1.0, tmp_path) as running:
        assert running.ask() == 200
        (ours,) = eventually(lambda: running.spans("loans"))
        (model,) = eventually(lambda: running.spans("the model itself"))

    assert ours.parent_span_id == b""
    assert (model.trace_id, model.parent_span_id) == (ours.trace_id, ours.span_id)


def test_prometheus_keeps_the_trace_of_a_slow_bucket_as_an_exemplar(tmp_path: Path) -> None:
    duration = "http_server_request_duration_seconds_bucket"
    with way("http", 1.0, tmp_path) as running:
        prometheus = Prometheus(tmp_path, [f"127.0.0.1:{running.sidecar.admin_port}"], {"groups": []})
        with closing(prometheus):
            assert running.ask() == 200
            (ours,) = eventually(lambda: running.spans("loans"))
            now = time.time()
            window = {"start": str(now - 60), "end": str(now + 60)}
            found = eventually(lambda: prometheus.ask("query_exemplars", query=duration, **window))

    assert found[0]["exemplars"][0]["labels"] == {"trace_id": ours.trace_id.hex()}
