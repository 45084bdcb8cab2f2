"""Twenty sidecars, each fed a slice of one stream: the fleet's figures are those of all rows together."""

from __future__ import annotations

import contextlib
import json
import math
import threading
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from dashboards.rules.__main__ import HERE
from harness.alerting import Prometheus, closing, hurried
from harness.flights import ROWS, Row, batches, folder, model, warmer
from harness.profiles import frame
from harness.program import Sidecar, eventually
from sidecar.commands.demo_traffic import request
from sidecar.core.binning.binner import Binner
from sidecar.core.reference.builder import Recount
from sidecar.core.reference.profile import SideProfile
from sidecar.core.scores.geometry import scale
from sidecar.core.scores.measure import Measure, Pair
from sidecar.core.scores.measures.jensen_shannon import JensenShannon
from sidecar.core.scores.measures.psi import Psi
from sidecar.core.scores.measures.total_variation import TotalVariation
from sidecar.core.words.frame import Side
from sidecar.reference_store import read_reference

PODS, REQUESTS = 20, 12
MINUTES = 120.0
"""Seconds of patience: forty processes start at once."""
FEATURE = ("side", "feature")


class Fleet(NamedTuple):
    """What was sent, what a Prometheus made of it, and the reference."""

    rows: list[Row]
    prometheus: Prometheus
    reference: SideProfile


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """All rows are sent and scraped; half of the pods are fed warmer weather."""
    sent: list[Row] = []
    lock = threading.Lock()
    stream = batches()

    def feed(at: int, sidecar: Sidecar) -> None:
        for number in range(REQUESTS):
            with lock:
                rows = [warmer(row) if at % 2 else row for row in next(stream)]
                sent.extend(rows)
            body = json.dumps(request(rows, number)).encode()
            url = f"http://127.0.0.1:{sidecar.port}/v2/models/flights/infer"
            with urllib.request.urlopen(urllib.request.Request(url, body), timeout=20) as answer:
                answer.read()

    with contextlib.ExitStack() as stack:
        upstream = stack.enter_context(model())
        settings = {"model.name": "flights", "reference": folder() / "reference.json", "handoff.snapshot_seconds": 0.2}
        sidecars = [Sidecar(upstream, settings) for _ in range(PODS)]
        for sidecar in sidecars:
            stack.callback(sidecar.kill)
        targets = [f"127.0.0.1:{sidecar.admin_port}" for sidecar in sidecars]
        eventually(lambda: all(_has_rows(one) for one in sidecars), MINUTES)
        prometheus = Prometheus(
            tmp_path_factory.mktemp("fleet"), targets, hurried(HERE / "drift-sidecar.rules.yml"), scrape="2s"
        )
        stack.enter_context(closing(prometheus))
        eventually(lambda: prometheus.query(f"count(model_rows_total{{side='input'}}) == {PODS}"), MINUTES)
        with ThreadPoolExecutor(PODS) as pool:
            list(pool.map(feed, range(PODS), sidecars))
        everything = f"sum(model_feature_bin_total{{side='input',feature='hour'}}) == {PODS * REQUESTS * ROWS}"
        eventually(lambda: prometheus.query(everything), MINUTES)
        yield Fleet(sent, prometheus, read_reference(str(settings["reference"])).sides[Side.INPUT])


def _has_rows(sidecar: Sidecar) -> bool:
    with contextlib.suppress(OSError, AssertionError):
        return bool(sidecar.metrics().samples("model_rows_total"))
    return False


def counts(found: list[tuple[dict[str, str], float]], reference: SideProfile) -> NDArray[np.float64]:
    """Samples by feature and bin as a matrix (F, B)."""
    matrix = np.zeros(reference.counts.shape)
    for labels, value in found:
        if labels["side"] == "input":
            matrix[reference.names.index(labels["feature"]), int(labels["bin"])] = value
    return matrix


def figures(fleet: Fleet, rule: str) -> list[float]:
    """What a rule recorded for each input feature; NaN while it was not evaluated yet."""
    found = {labels["feature"]: value for labels, value in fleet.prometheus.query(f'{rule}{{side="input"}}')}
    return [found.get(name, math.nan) for name in fleet.reference.names]


def test_the_counts_of_all_pods_are_those_of_all_rows(fleet: Fleet) -> None:
    columns: dict[str, list[Any]] = {name: [row[name] for row in fleet.rows] for name in fleet.reference.names}
    profile = read_reference(str(folder() / "reference.json"))
    recount = Recount(profile)
    recount.add(frame(columns))

    found = fleet.prometheus.query("sum by (side, feature, bin) (model_feature_bin_total)")

    assert len(fleet.rows) == PODS * REQUESTS * ROWS
    pooled = recount.profile().sides[Side.INPUT]
    assert counts(found, fleet.reference).tolist() == pooled.counts.tolist()
    assert Binner(pooled.features).width == pooled.counts.shape[1]


@pytest.mark.parametrize(
    ("rule", "measure"), [("psi", Psi()), ("js", JensenShannon()), ("tv", TotalVariation())], ids=["psi", "js", "tv"]
)
@pytest.mark.parametrize("window", ["5m", "1h", "1d"])
def test_a_recorded_figure_is_the_sidecar_s_own_of_the_same_counts(
    fleet: Fleet, rule: str, measure: Measure, window: str
) -> None:
    def differences() -> NDArray[np.float64]:
        live = counts(fleet.prometheus.query(f"model:feature_bin_rows:{window}"), fleet.reference)
        expected = measure(Pair(fleet.reference.numbers, live, scale(fleet.reference))).debiased
        return np.abs(np.array(figures(fleet, f"model:drift_{rule}:{window}")) - expected)

    # The two queries may fall into different evaluations, while counts that were at rest still slide through windows.
    eventually(lambda: differences().max() < 1e-6, MINUTES)
    eventually(lambda: max(figures(fleet, f"model:drift_{rule}:{window}")) > 0.05, MINUTES)


def test_rows_behind_a_figure_are_those_that_came(fleet: Fleet) -> None:
    came = pytest.approx([PODS * REQUESTS * ROWS] * 12, rel=0.35)

    # A rate is extrapolated to its whole window, the more so the fewer scrapes there are yet.
    eventually(lambda: figures(fleet, "model:drift_rows:5m") == came, MINUTES)
