"""Constraints in the running program: a range that a few rows break, over real sockets, from the file to the metric."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.request import Request, urlopen

import orjson
import pytest

from harness.observed import reference
from harness.program import Sidecar, eventually
from sidecar.core.reference.constraints import Constraint
from sidecar.core.reference.constraints_file import with_constraints
from sidecar.core.words.frame import Side
from sidecar.reference_store import save_reference
from tests.path.conftest import Start

ROWS = 2


class Answers(BaseHTTPRequestHandler):
    """A model with V2's API, which answers a score for each row."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """One request."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        rows = asked["inputs"][0]["shape"][0]
        output = {"name": "score", "shape": [rows], "datatype": "FP64", "data": [0.5] * rows}
        body = json.dumps({"model_name": "loans", "outputs": [output]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def answering() -> Iterator[str]:
    """The address of such a model."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def ask(sidecar: Sidecar, ages: list[float], rng: random.Random) -> None:
    """A request as curl would send it."""
    inputs = [
        {"name": name, "shape": [len(ages), 1], "datatype": "FP64", "data": data}
        for name, data in (("age", ages), ("income", [rng.gauss(0, 1) for _ in ages]))
    ]
    request = Request(  # our own sidecar
        f"http://127.0.0.1:{sidecar.port}/v2/models/loans/infer",
        orjson.dumps({"inputs": inputs}),
        {"Content-Type": "application/json"},
    )
    with urlopen(request, timeout=20) as answer:
        assert answer.status == 200


def state_of(sidecar: Sidecar) -> dict[str, str]:
    """The verdict on each rule of `age`."""
    rules = sidecar.admin("GET /api/v1/constraints").json["rules"]
    return {one["rule"]: one["state"] for one in rules if one["feature"] == "age"}


def test_a_range_that_three_rows_in_a_hundred_break_is_told_everywhere_and_edited_away(
    start: Start, answering: str, tmp_path: Path
) -> None:
    path = tmp_path / "reference.json"
    constraint = Constraint("age", min=-6, max=1.88, max_missing=0.01)  # of the reference's rows, too, 3 % are above it
    save_reference(with_constraints(reference(), {Side.INPUT: (constraint,)}), str(path))
    sidecar = start(answering, reference=str(path), reference_poll_seconds=0.2)
    rng = random.Random(1)

    for at in range(2_000):
        ask(sidecar, [rng.gauss(0, 1) for _ in range(ROWS)], rng)
        if at % 50 == 0 and state_of(sidecar).get("range") == "violated":
            break
    eventually(lambda: state_of(sidecar) == {"range": "violated", "missing": "ok", "required": "ok"})

    metrics = sidecar.metrics()
    labels = {"feature": "age", "rule": "range"}
    assert metrics.total("model_constraint_state", **labels, state="violated") == 1
    assert 0.01 < metrics.total("model_constraint_violation_ratio", **labels) < 0.1
    assert metrics.total("model_feature_violations_total", feature="age", kind="constraint_range") > 10
    assert metrics.total("model_drift_state", feature="age", state="drift") == 0
    changes = sidecar.admin("GET /api/v1/changes").json["changes"]
    assert [(one["rule"], one["state"]) for one in changes if one["what"] == "constraint"] == [("range", "violated")]
    look = sidecar.admin("GET /api/v1/status").json["sides"][0]
    assert (look["rules"], look["violated"]) == (3, 1)

    stored = orjson.loads(path.read_bytes())
    stored["constraints"]["input"][0]["max"] = 2_000
    path.write_bytes(orjson.dumps(stored))
    eventually(lambda: state_of(sidecar)["range"] == "insufficient")
    assert sidecar.metrics().total("sidecar_reference_reloads_total", result="ok") == 1
