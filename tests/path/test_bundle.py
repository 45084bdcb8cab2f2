"""A support bundle of a real sidecar: what went wrong is in it, and no secret that anybody sent or set."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

from harness.program import Model, children, eventually, is_observer
from sidecar import cli
from tests.commands.test_bundle import read
from tests.path.conftest import Start

SECRET = "hunter2secret"  # planted, to be looked for
ANSWER = b'HTTP/1.1 200 OK\r\nContent-Length: 22\r\nX-Token: %s\r\n\r\n{"predictions": [0.5]}' % SECRET.encode()
BODIES = [
    {"instances": [{"age": 41.0, "password": SECRET, "note": f"my {SECRET}"}]},
    {"instances": [{"age": SECRET, SECRET + "@example.org": 1}]},
    {"inputs": SECRET},
]


def test_planted_secrets_are_not_in_it_and_what_failed_is(start: Start, model: Model, tmp_path: Path) -> None:
    merged = f"http://me:{SECRET}@127.0.0.1:9/metrics?token={SECRET}"
    address = f"http://me:{SECRET}@127.0.0.1:9/v1/logs?key={SECRET}"
    sets = {"otlp.logs_endpoint": address, "metrics.merge": merged, "handoff.snapshot_seconds": 0.05}
    sidecar = start(model.address, **sets)
    model.accept().close()
    for body in BODIES:
        with sidecar.connect() as client, model.accept() as upstream:
            sent = json.dumps(body).encode()
            target = f"/v1/models/m:predict?key={SECRET}".encode()
            lines = b"Host: m\r\nAuthorization: Bearer %s\r\nCookie: id=%s" % ((SECRET.encode(),) * 2)
            client.send(b"POST %s HTTP/1.1\r\n%s\r\nContent-Length: %d\r\n\r\n" % (target, lines, len(sent)) + sent)
            upstream.head()
            upstream.expect(sent)
            upstream.send(ANSWER)
            client.expect(ANSWER)
    eventually(lambda: sidecar.exchanges().get("complete") == len(BODIES))

    assert cli.main(["bundle", "--admin", f"127.0.0.1:{sidecar.admin_port}", "-o", str(tmp_path / "b.tar.gz")]) == 0

    files = read(tmp_path / "b.tar.gz")
    assert [name for name, content in files.items() if SECRET.encode() in content] == []
    settings = json.loads(files["settings.json"])
    assert settings["otlp"]["logs_endpoint"] == "http://127.0.0.1:9/v1/logs"
    assert b"sidecar_build_info" in files["metrics.txt"]
    assert b"sidecar_merge_up" not in files["metrics.txt"], "the model's own metrics are its own"
    assert json.loads(files["about.json"])["problems"] == {}


def test_without_an_observer_health_and_counters_are_in_it(start: Start, model: Model, tmp_path: Path) -> None:
    sidecar = start(model.address)
    eventually(lambda: sidecar.admin("GET /api/v1/status").status == 200)
    os.kill(sidecar.observer_pid, signal.SIGKILL)
    eventually(lambda: not any(map(is_observer, children(sidecar.pid))))

    assert cli.main(["bundle", "--admin", f"127.0.0.1:{sidecar.admin_port}", "-o", str(tmp_path / "b.tar.gz")]) == 0

    files = read(tmp_path / "b.tar.gz")
    assert b"sidecar_observer_up" in files["metrics.txt"]
    assert json.loads(files["livez.json"]) == {"status": "alive"}
