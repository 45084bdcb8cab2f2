"""The six promises of the design, each kept by the whole program."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from harness.http_streams import REQUESTS, RESPONSES
from harness.program import Metrics, Model, Sidecar, Wire, eventually
from harness.wire import DATA
from tests.path.conftest import Line, Start

RECORDED = sorted(path.name.removesuffix(".c2s.bin") for path in DATA.glob("*.c2s.bin"))
CITIES = ("Bern", "Graz", "Kiel")
DURATIONS = "http_server_request_duration_seconds_count"
Row = dict[str, Any]


def rows(count: int, seed: int, shift: float = 0.0) -> list[Row]:
    """Ages (shifted by so many standard deviations), incomes and cities."""
    rng = random.Random(seed)
    return [
        {"age": rng.gauss(shift, 1), "income": rng.gauss(0, 1), "city": CITIES[rng.randrange(3)]} for _ in range(count)
    ]


def v2(batch: Sequence[Row], extra: bytes = b"") -> bytes:
    """A request of the Open Inference Protocol with these rows."""
    kinds = {"city": "BYTES"}
    inputs = [
        {
            "name": name,
            "shape": [len(batch), 1],
            "datatype": kinds.get(name, "FP64"),
            "data": [row[name] for row in batch],
        }
        for name in batch[0]
    ]
    body = json.dumps({"parameters": {"content_type": "pd"}, "inputs": inputs}).encode()
    return b"POST /v2/models/m/infer HTTP/1.1\r\nHost: m\r\n%sContent-Length: %d\r\n\r\n%s" % (extra, len(body), body)


def answer(count: int) -> bytes:
    """A response with so many scores."""
    output = {"name": "score", "shape": [count, 1], "datatype": "FP64", "data": [0.5] * count}
    body = json.dumps({"model_name": "m", "outputs": [output]}).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


class Server(threading.Thread):
    """A model that answers every request on every connection, until it is closed."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._model = Model()
        self.address = self._model.address
        self.start()

    def run(self) -> None:
        while True:
            try:
                wire = self._model.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(wire,), daemon=True).start()

    def _serve(self, wire: Wire) -> None:
        with contextlib.suppress(OSError), wire:  # the test is over
            while head := wire.head():
                body = wire.take(int(head.partition(b"Content-Length: ")[2].partition(b"\r\n")[0]))
                wire.send(answer(json.loads(body)["inputs"][0]["shape"][0]))

    def close(self) -> None:
        """Accept no more."""
        self._model.close()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A profile, made by the command from a CSV file."""
    folder = tmp_path_factory.mktemp("reference")
    with (folder / "train.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["age", "income", "city"])
        writer.writeheader()
        writer.writerows(rows(5000, seed=1))
    command = [sys.executable, "-m", "sidecar.cli", "profile", "train.csv", "-o", "reference.json"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder / "reference.json"


def send(sidecar: Sidecar, all_rows: list[Row], batch: int = 50) -> int:
    """Rows in batches over one connection, each answered before the next; returns the number of requests."""
    client = sidecar.connect()
    starts = range(0, len(all_rows), batch)
    for at in starts:
        part = all_rows[at : at + batch]
        client.send(v2(part))
        client.expect(answer(len(part)))
    return len(starts)


def rows_seen(sidecar: Sidecar) -> float:
    return sidecar.metrics().total("model_rows_total", side="input")


def drifted(metrics: Metrics) -> set[str]:
    return {labels["feature"] for labels, value in metrics.samples("model_drift_state", state="drift") if value == 1}


# 1. Transparent.


@pytest.fixture(scope="module")
def plain(model: Model) -> Iterator[Sidecar]:
    """A sidecar without tracing, which adds nothing at all."""
    sidecar = Sidecar(model.address)
    sidecar.connect().close()
    model.accept().close()
    yield sidecar
    sidecar.kill()


@pytest.mark.parametrize("name", RECORDED)
def test_promise_1_transparent_real_clients_and_servers_see_each_others_bytes(
    plain: Sidecar, model: Model, name: str
) -> None:
    asked = (DATA / f"{name}.c2s.bin").read_bytes()
    answered = (DATA / f"{name}.s2c.bin").read_bytes()
    client = plain.connect()
    accepted = model.accept()
    client.send(asked)
    accepted.expect(asked)
    accepted.send(answered)
    client.expect(answered)
    accepted.end()
    client.expect_end()
    client.end()
    accepted.expect_end()


def test_promise_1_transparent_at_most_one_line_is_added_to_a_head(line: Line) -> None:
    rng = random.Random(5)
    requests = [each for each in REQUESTS if not each.head.startswith((b"HEAD", b"CONNECT"))]
    responses = [each for each in RESPONSES if not each.to_head and not each.head.startswith(b"HTTP/1.1 1")]
    for _ in range(200):
        request, response = rng.choice(requests), rng.choice(responses)
        cut = rng.randrange(len(request.raw))
        line.client.send(request.raw[:cut])
        line.client.send(request.raw[cut:])
        line.model.expect_request(request.head, request.body)
        line.model.send(response.raw)
        line.client.expect(response.raw)


# 2. Traffic never waits for analysis.


def test_promise_2_traffic_never_waits_for_analysis(start: Start, server: Server, reference: Path) -> None:
    sidecar = start(server.address, reference=reference, **{"handoff.max_bytes": 100_000})
    send(sidecar, rows(1000, seed=2))
    observer = sidecar.observer_pid
    os.kill(observer, signal.SIGSTOP)
    send(sidecar, rows(50_000, seed=3))
    os.kill(observer, signal.SIGKILL)
    send(sidecar, rows(5000, seed=4))
    eventually(lambda: sidecar.metrics().total(DURATIONS) == 20 + 1000 + 100)
    assert sidecar.metrics().total("sidecar_shed_total") > 0


# 3. Exact where cheap, sampled where dear, and it always says which.


def test_promise_3_exact_where_cheap_and_sampled_where_dear(start: Start, server: Server, reference: Path) -> None:
    sidecar = start(server.address, reference=reference, **{"tap.sample_ratio": 0.2, "window.min_rows": 10})
    asked = send(sidecar, rows(2500, seed=2), batch=5)
    eventually(lambda: sidecar.metrics().total(DURATIONS) == asked)
    eventually(lambda: rows_seen(sidecar) == 5 * sidecar.metrics().total("sidecar_decoded_total", result="ok") / 2)
    seen = rows_seen(sidecar)
    assert abs(seen - 500) < 5 * 36  # four standard deviations of a binomial of 500 exchanges
    metrics = sidecar.metrics()
    assert metrics.total("sidecar_exchanges_total", outcome="complete") == asked
    eventually(lambda: sidecar.metrics().total("model_window_rows", side="input") == seen)
    eventually(lambda: sidecar.metrics().total("model_feature_bin_total", feature="age") == seen)
    figures = sidecar.admin("GET /api/v1/features").json["features"]
    assert figures
    assert all(figure["effect_rows"] >= 0 for figure in figures)


# 4. An alarm means something.


def test_promise_4_an_alarm_means_something(start: Start, server: Server, reference: Path) -> None:
    sidecar = start(server.address, reference=reference)
    send(sidecar, rows(10_000, seed=2))
    eventually(lambda: rows_seen(sidecar) == 10_000)
    assert drifted(sidecar.metrics()) == set()
    send(sidecar, rows(1000, seed=3, shift=1.5))
    eventually(lambda: drifted(sidecar.metrics()) == {"age"})
    assert sidecar.metrics().total("model_drift_evidence", feature="age") > 9  # log10 of the mean between false alarms


def test_promise_4_a_change_that_is_certain_and_too_small_to_matter_raises_none(
    start: Start, server: Server, reference: Path
) -> None:
    beyond = {"drift.material_psi": 50, "drift.material_rate_difference": 1, "drift.material_rate_shift": 1}
    sidecar = start(server.address, reference=reference, **beyond)
    send(sidecar, rows(5000, seed=3, shift=1.5))
    eventually(lambda: rows_seen(sidecar) == 5000)
    eventually(lambda: sidecar.metrics().total("model_drift_evidence", feature="age") > 9)
    assert drifted(sidecar.metrics()) == set()


# 5. The fleet is the sum of its pods.


def test_promise_5_the_fleet_is_the_sum_of_its_pods(start: Start, server: Server, reference: Path) -> None:
    pods = [start(server.address, reference=reference) for _ in range(2)]
    all_of_it = start(server.address, reference=reference)
    parts = rows(1200, seed=2), rows(800, seed=3, shift=2)
    for pod, part in zip(pods, parts, strict=True):
        send(pod, part)
        send(all_of_it, part)
    for each, count in zip([*pods, all_of_it], (1200, 800, 2000), strict=True):
        eventually(partial(_has_counted, each, count))
    fleet = sum(map(_bins, pods), Counter())
    assert fleet == _bins(all_of_it)


def _has_counted(sidecar: Sidecar, count: int) -> bool:
    return _bins(sidecar).total() == 3 * count  # three features


def _bins(sidecar: Sidecar) -> Counter[tuple[str, ...]]:
    samples = sidecar.metrics().samples("model_feature_bin_total", side="input")
    names = ("side", "feature", "bin", "range", "profile")
    return Counter({tuple(labels[name] for name in names): int(value) for labels, value in samples if value})


# 6. Nothing leaves by accident.

SECRETS = ("s3cr3t-token", "4111111111111111", "Rosenweg-7", "grandmother", "q-secret")


def _secretive() -> bytes:
    """A request with credentials, an unseen category, an odd number, an unknown feature and a query."""
    batch = [{"age": 4111111111111111.0, "income": 0.0, "city": "Rosenweg-7", "grandmother": 1.0}]
    request = v2(batch, b"Authorization: Bearer s3cr3t-token\r\nCookie: id=s3cr3t-token\r\n")
    return request.replace(b"/infer ", b"/infer?q=q-secret ")


def _ask_secretly(sidecar: Sidecar) -> None:
    client = sidecar.connect()
    for _ in range(3):
        client.send(_secretive())
        client.expect(answer(1))
    eventually(lambda: sidecar.metrics().total("sidecar_decoded_total") == 6)


def test_promise_6_nothing_leaves_by_accident(start: Start, server: Server, reference: Path, tmp_path: Path) -> None:
    logs = tmp_path / "out", tmp_path / "err"
    with logs[0].open("wb") as out, logs[1].open("wb") as err:
        sidecar = start(server.address, reference=reference, files={"stdout": out, "stderr": err},
                        **{"log.level": "debug", "drain.notice_seconds": 0})  # fmt: skip
        _ask_secretly(sidecar)
        told = [sidecar.admin(f"GET /{path}").body.decode() for path in (
            "metrics", "api/v1/status", "api/v1/features", "api/v1/features/input/city", "api/v1/features/input/age",
            "api/v1/history", "api/v1/settings", "api/v1/changes",
        )]  # fmt: skip
        sidecar.signal()
        assert sidecar.wait() == 0
    told += [log.read_text() for log in logs]
    assert all(told[:8])
    for secret in SECRETS:
        assert not [text for text in told if secret in text], secret


def test_promise_6_captures_hold_what_was_asked_for_masked_as_asked_and_never_credentials(
    start: Start, server: Server, reference: Path, tmp_path: Path
) -> None:
    path = tmp_path / "capture.jsonl"
    sidecar = start(server.address, reference=reference,
                    **{"capture.path": path, "capture.mask": "data", "drain.notice_seconds": 0})  # fmt: skip
    _ask_secretly(sidecar)
    sidecar.signal()
    assert sidecar.wait() == 0
    text = path.read_text()
    assert len(text.splitlines()) == 3
    assert "grandmother" in text  # a name, which is not masked
    for secret in ("s3cr3t-token", "4111111111111111", "Rosenweg-7"):
        assert secret not in text, secret
