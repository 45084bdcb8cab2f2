"""`drift-sidecar webhook`: it serves until SIGTERM, and names what is wrong with its flags."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest

from harness.apiserver import ApiServer
from sidecar import cli
from sidecar.inject.certificate_rotation import trusted_by
from tests.inject.test_review import POD
from tests.inject.webhook_client import CONFIG, PATIENCE_SECONDS, Client, is_ready, running_cluster, settle


@pytest.fixture
def api(tmp_path: Path) -> Iterator[ApiServer]:
    with running_cluster(tmp_path) as server:
        yield server


@pytest.mark.slow
def test_the_command_serves_with_a_service_account_and_ends_on_sigterm(api: ApiServer, tmp_path: Path) -> None:
    config = tmp_path / "options.yaml"
    config.write_text("image: registry.example/drift-sidecar:9\n")
    port = _free_port()
    program = (
        "import sys; from pathlib import Path; from sidecar import cli; from sidecar.inject import cluster\n"
        f"cluster.in_cluster.__defaults__ = (Path({str(api.mount)!r}),)\n"
        "sys.exit(cli.main(sys.argv[1:]))"
    )
    flags = ["--namespace=system", "--service=hook", "--webhook-config=hook", f"--config={config}"]
    environment = {**os.environ, "KUBERNETES_SERVICE_HOST": "localhost", "KUBERNETES_SERVICE_PORT": str(api.port)}
    process = subprocess.Popen(
        [sys.executable, "-c", program, "webhook", f"--listen=127.0.0.1:{port}", *flags],
        stdout=subprocess.PIPE, env=environment,
    )  # fmt: skip
    client = Client(port, BytesIO(), api)

    async def act() -> None:
        await client.until(lambda: trusted_by(api.objects[CONFIG]))
        await client.until(lambda: is_ready(client))
        assert "registry.example/drift-sidecar:9" in base64.b64decode((await client.review(POD))["patch"]).decode()
        await settle()

    try:
        asyncio.run(act())
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=PATIENCE_SECONDS)
    finally:
        process.kill()
    assert process.returncode == 0
    lines = [json.loads(line) for line in out.splitlines()]
    assert lines[-1]["event"] == "ended"
    assert {"listening", "certificate", "review"} <= {line["event"] for line in lines}


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--cert", "a"], "--cert and --key: one is given without the other"),
        ([], "--cert: is missing, and this is no pod with a service account"),
        (["--listen", "nowhere"], "is not an address"),
        (["--config", "/nonexistent"], "cannot be read"),
    ],
)
def test_wrong_flags_are_named_with_the_mend(
    flags: list[str], said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    where = ["--listen", "127.0.0.1:0", "--namespace", "a", "--service", "b", "--webhook-config", "c"]

    assert cli.main(["webhook", *where, *flags]) == 2
    assert said in capsys.readouterr().err
