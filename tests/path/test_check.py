"""`drift-sidecar check --admin` says of a running sidecar what came to it."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.program import Model, Sidecar, eventually, free_ports
from sidecar import cli
from tests.path.conftest import Start

ANSWER = b'HTTP/1.1 200 OK\r\nContent-Length: 19\r\n\r\n{"predictions": []}'
Check = Callable[..., dict[str, Any]]


def rows(count: int, stuck: bool) -> list[dict[str, Any]]:
    rng = random.Random(count)
    return [
        {"age": 31.5 if stuck else rng.gauss(40, 9), "gap": None if stuck or rng.random() < 0.1 else rng.random()}
        for _ in range(count)
    ]


def send(sidecar: Sidecar, model: Model, table: list[dict[str, Any]]) -> None:
    with sidecar.connect() as client, model.accept() as upstream:
        for at in range(0, len(table), 50):
            body = json.dumps({"instances": table[at : at + 50]}).encode()
            head = b"POST /v1/models/m:predict HTTP/1.1\r\nHost: m\r\nContent-Length: %d\r\n\r\n" % len(body)
            client.send(head + body)
            upstream.head()
            upstream.expect(body)
            upstream.send(ANSWER)
            client.expect(ANSWER)


@pytest.fixture
def check(capsys: pytest.CaptureFixture[str], model: Model) -> Check:
    def check(port: int, code: int = 0) -> dict[str, Any]:
        capsys.readouterr()
        assert cli.main(["check", "--admin", f"127.0.0.1:{port}", "--json"]) == code
        printed = json.loads(capsys.readouterr().out)
        if code == 0:
            model.accept().close()  # it was asked whether it takes connections
        found = printed["findings"].get("live", [])
        errors = [one["said"] for one in printed["running"] if one["level"] == "error"]
        return {one["name"]: [each["what"] for each in one["suspicions"]] for one in found} | {"error": errors}

    return check


def test_what_came_to_a_running_sidecar_is_reported(
    start: Start, model: Model, tmp_path: Path, check: Check, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data.jsonl"
    data.write_text("\n".join(map(json.dumps, rows(2_000, stuck=False))))
    assert cli.main(["profile", str(data), "-o", str(tmp_path / "reference.json")]) == 0
    sidecar = start(model.address, reference=str(tmp_path / "reference.json"))
    model.accept().close()
    assert check(sidecar.admin_port) == {"error": []}  # nothing came yet

    send(sidecar, model, rows(1_200, stuck=True))
    eventually(lambda: "few_rows" not in (found := check(sidecar.admin_port)).get("age", ["few_rows"]) and found)

    eventually(lambda: sidecar.exchanges().get("complete") == 24)
    assert check(sidecar.admin_port) == {"age": ["constant"], "gap": ["empty"], "error": []}
    assert cli.main(["check", "--admin", f"127.0.0.1:{sidecar.admin_port}"]) == 0
    printed = capsys.readouterr()
    assert "Of the live profile:" in printed.err
    assert "gap: has no values  [--exclude gap]" in printed.err
    assert (
        f"The sidecar at 127.0.0.1:{sidecar.admin_port}:\nok       process: the traffic process answers" in printed.out
    )
    assert "ok       model: ready: the model accepts connections" in printed.out
    assert "ok       traffic: 24 exchanges have passed" in printed.out
    assert "ok       reference: in use, from: file" in printed.out


def test_a_model_that_is_gone_is_an_error_and_what_was_counted_meanwhile_is_a_finding(
    start: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = Model()
    sidecar = start(gone.address, **{"handoff.snapshot_seconds": 0.05})
    gone.close()
    with sidecar.connect() as client:
        client.send(b"GET / HTTP/1.1\r\nHost: m\r\n\r\n")
        assert client.head().startswith(b"HTTP/1.1 503")
    eventually(lambda: sidecar.exchanges().get("upstream_refused"))
    capsys.readouterr()

    assert cli.main(["check", "--admin", f"127.0.0.1:{sidecar.admin_port}"]) == 1

    printed = capsys.readouterr().out
    assert "error    model: not ready: model does not accept connections" in printed
    assert "finding  traffic: answered 503 because the model took no connection: http1 1" in printed


def test_where_no_sidecar_runs_that_is_said_and_settings_are_checked_all_the_same(check: Check) -> None:
    (port,) = free_ports(1)

    (error,) = check(port, code=1)["error"]
    assert f"127.0.0.1:{port}: does not answer" in error
