"""Which pages of a model may be merged, judged by a real Prometheus: a page that it does not read would cost it ours."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Counter, start_http_server

from harness.alerting import Prometheus, closing
from harness.pages import READABLE, UNREADABLE
from harness.program import Sidecar, eventually

PAGES = [*READABLE.values(), *UNREADABLE.values()]


class Handler(BaseHTTPRequestHandler):
    """Answers each page at a loopback address of its own: 127.0.0.2, 127.0.0.3, ..."""

    def do_GET(self) -> None:
        page = PAGES[int(self.headers["Host"].partition(":")[0].rpartition(".")[2]) - 2]
        self.send_response(200)
        self.send_header("Content-Type", page.content_type)
        self.end_headers()
        self.wfile.write(page.body)

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def health(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """Of each page, after Prometheus scraped it."""
    server = ThreadingHTTPServer(("0.0.0.0", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    targets = [f"127.0.0.{at + 2}:{server.server_port}" for at in range(len(PAGES))]
    prometheus = Prometheus(tmp_path_factory.mktemp("pages"), targets, {"groups": []})

    def scraped() -> list[str] | None:
        known = {
            one["discoveredLabels"]["__address__"]: one["health"] for one in prometheus.ask("targets")["activeTargets"]
        }
        found = [known.get(target, "unknown") for target in targets]
        return None if "unknown" in found else found

    with closing(prometheus):
        yield eventually(scraped)
    server.shutdown()
    server.server_close()


def test_prometheus_reads_the_pages_that_are_merged(health: list[str]) -> None:
    assert dict(zip(READABLE, health, strict=False)) == dict.fromkeys(READABLE, "up")


def test_prometheus_would_lose_a_scrape_by_those_that_are_not(health: list[str]) -> None:
    assert dict(zip(UNREADABLE, health[len(READABLE) :], strict=True)) == dict.fromkeys(UNREADABLE, "down")


def test_one_scrape_of_a_sidecar_brings_the_model_s_metrics_too(tmp_path: Path) -> None:
    registry = CollectorRegistry()
    Counter("predictions", "Predictions of the model's own.", ["model"], registry=registry).labels("loans").inc(3)
    model, serving = start_http_server(0, "127.0.0.1", registry)
    sidecar = Sidecar(f"127.0.0.1:{model.server_port}", {"metrics.merge": "/metrics", "model.name": "loans"})
    prometheus = Prometheus(tmp_path, [f"127.0.0.1:{sidecar.admin_port}"], {"groups": []})
    try:
        eventually(lambda: prometheus.query('predictions_total{model="loans"} == 3'))
        assert prometheus.query("sidecar_merge_up == 1")
        assert prometheus.query("sidecar_observer_up == 1")

        model.shutdown()
        model.server_close()
        eventually(lambda: prometheus.query("sidecar_merge_up == 0"))
        assert prometheus.query("up == 1")
        assert prometheus.query('sidecar_merges_total{result="unreachable"} > 0')
    finally:
        prometheus.close()
        sidecar.kill()
        serving.join()
