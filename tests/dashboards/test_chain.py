"""From a row that shifts to the text that an engineer on call reads, with nothing in between that is not real.

Time is compressed: Prometheus scrapes and evaluates each second, and alerts need last two seconds instead of a minute.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from dashboards.grafana.__main__ import files as dashboards
from dashboards.grafana.frame import VARIABLES
from dashboards.grafana.inventory import Asked, asked
from dashboards.rules.__main__ import HERE
from harness.alerting import Alertmanager, Prometheus, Receiver, closing, hurried
from harness.flights import Traffic, served, unchanged, warmer
from harness.program import Sidecar, children, eventually, is_observer

QUIET_SECONDS = 15.0


class Chain(NamedTuple):
    """All of it, running."""

    sidecar: Sidecar
    traffic: Traffic
    prometheus: Prometheus
    receiver: Receiver


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    """Quiet traffic has flowed for a while."""
    folder: Path = tmp_path_factory.mktemp("chain")
    with served(**{"window.rows": 1_000, "handoff.snapshot_seconds": 0.2}) as sidecar:
        receiver = Receiver()
        alertmanager = Alertmanager(folder, receiver.url)
        rules = hurried(HERE / "drift-sidecar.rules.yml")
        prometheus = Prometheus(folder, [f"127.0.0.1:{sidecar.admin_port}"], rules, alertmanager.address)
        traffic = Traffic(sidecar)
        with closing(receiver, alertmanager, prometheus, traffic):
            time.sleep(QUIET_SECONDS)
            yield Chain(sidecar, traffic, prometheus, receiver)


def test_a_row_that_shifts_ends_as_a_text_that_names_the_feature(chain: Chain) -> None:
    assert chain.prometheus.query("sum(model_rows_total) > 1000")
    assert chain.receiver.told == []

    chain.traffic.change = warmer
    told = eventually(lambda: chain.receiver.find("ModelFeatureDrift", feature="temp"))
    assert told["annotations"]["summary"] == "Input temp of flights 1 has drifted"
    assert "What flights 1 is fed as temp is no longer what it was trained on" in told["annotations"]["description"]
    assert {one["labels"]["feature"] for one in chain.receiver.told if one["labels"].get("side") == "input"} <= {"temp"}


def test_every_query_of_every_panel_finds_something_or_has_a_reason_not_to(chain: Chain) -> None:
    values = {"__rate_interval": "10s", "__range": "60s", **dict.fromkeys(VARIABLES, ".*")}
    queries = [one for content in dashboards().values() for one in asked(content, values)]

    silent = [one for one in queries if not found(chain, one)]

    assert silent == []
    assert len(queries) > 100


def found(chain: Chain, one: Asked) -> bool:
    """It has series, or may have none; either way it must be an expression that Prometheus accepts."""
    return bool(chain.prometheus.query(one.expr)) or bool(one.reason)


def test_an_alert_is_over_when_the_rows_are_as_they_were(chain: Chain) -> None:
    chain.traffic.change = unchanged
    eventually(lambda: chain.receiver.find("ModelFeatureDrift", "resolved", feature="temp"))


def test_an_observer_that_keeps_dying_is_told(chain: Chain) -> None:
    def killed() -> object:
        for pid in filter(is_observer, children(chain.sidecar.pid)):
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.3)
        return chain.receiver.find("SidecarObserverDown")

    told = eventually(killed)

    assert told["annotations"]["summary"] == "Analysis of flights 1 is down in 1 pods"
    assert chain.prometheus.query("sum(rate(http_server_request_duration_seconds_count[5s])) > 10")
