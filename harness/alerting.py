"""A real Prometheus and a real Alertmanager before a receiver of the test, in a hurry: seconds instead of minutes."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml

from harness.program import PATIENCE_SECONDS, free_ports

ALERTMANAGER = "prometheus-alertmanager"
"""What Debian calls it."""


def hurried(rules: Path, lasting: str = "2s") -> dict[str, Any]:
    """The rules of a file, evaluated each second, with alerts that need not last longer than `lasting`.

    An hour and a day are added up every second too, not at each full five minutes: their counts are then far too high.
    """
    loaded: dict[str, Any] = yaml.safe_load(rules.read_text())
    for group in loaded["groups"]:
        group["interval"] = "1s"
        for rule in group["rules"]:
            rule["expr"] = rule["expr"].replace(":5m]", ":1s]")
            if "alert" in rule:
                rule["for"] = lasting
    return loaded


class Receiver:
    """Takes what Alertmanager sends; `told` has the alerts in their order, with `status` firing or resolved."""

    def __init__(self) -> None:
        told: list[dict[str, Any]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                told.extend(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["alerts"])
                self.send_response(200)
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                pass

        self.told = told
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def find(self, name: str, status: str = "firing", **labels: str) -> dict[str, Any] | None:
        """The last alert of this name and status with these labels."""
        wanted = {"alertname": name, **labels}
        found = [one for one in self.told if one["status"] == status and wanted.items() <= one["labels"].items()]
        return found[-1] if found else None

    def close(self) -> None:
        """Take no more."""
        self._server.shutdown()
        self._server.server_close()


class Prometheus:
    """One that scrapes `targets` (addresses) each second; with `pods`, as if each of them were so many."""

    def __init__(
        self,
        folder: Path,
        targets: list[str],
        rules: dict[str, Any],
        alertmanager: str = "",
        scrape: str = "1s",
        pods: int = 0,
    ) -> None:
        groups = [{"targets": targets, "labels": {"pod": f"pod-{at}"}} for at in range(pods)] or [{"targets": targets}]
        (folder / "rules.yml").write_text(yaml.safe_dump(rules))
        config = {
            "global": {"scrape_interval": scrape, "scrape_timeout": scrape, "evaluation_interval": "1s"},
            "rule_files": ["rules.yml"],
            "scrape_configs": [{"job_name": "test/drift-sidecar", "static_configs": groups}],
        }
        if alertmanager:
            config["alerting"] = {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]}
        (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
        (port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{port}"
        arguments = [
            "prometheus",
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'tsdb'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--enable-feature=exemplar-storage",
        ]
        self.process = _start(arguments, folder / "prometheus.log", f"{self.url}/-/ready")

    def ask(self, what: str, **parameters: str) -> Any:
        """`data` of the answer of the API."""
        query = urllib.parse.urlencode(parameters)
        with urllib.request.urlopen(f"{self.url}/api/v1/{what}?{query}", timeout=PATIENCE_SECONDS) as answer:
            return json.load(answer)["data"]

    def query(self, expr: str) -> list[tuple[dict[str, str], float]]:
        """Labels and value of each series now."""
        found = self.ask("query", query=expr)
        assert found["resultType"] == "vector", expr
        return [(one["metric"], float(one["value"][1])) for one in found["result"]]

    def close(self) -> None:
        """End it."""
        _end(self.process)


class Alertmanager:
    """One that sends everything to a receiver."""

    def __init__(self, folder: Path, receiver: str, group_wait: str = "1s") -> None:
        config = {
            "route": {"receiver": "test", "group_wait": group_wait, "group_interval": "1s", "group_by": ["..."]},
            "receivers": [{"name": "test", "webhook_configs": [{"url": receiver, "send_resolved": True}]}],
        }
        (folder / "alertmanager.yml").write_text(yaml.safe_dump(config))
        (port,) = free_ports(1)
        self.address = f"127.0.0.1:{port}"
        arguments = [
            ALERTMANAGER,
            f"--config.file={folder / 'alertmanager.yml'}",
            f"--storage.path={folder / 'alerts'}",
            f"--web.listen-address={self.address}",
            "--cluster.listen-address=",
        ]
        self.process = _start(arguments, folder / "alertmanager.log", f"http://{self.address}/-/ready")

    def close(self) -> None:
        """End it."""
        _end(self.process)


@contextlib.contextmanager
def closing(*things: Any) -> Iterator[None]:
    """Close them all at the end, the last first."""
    with contextlib.ExitStack() as stack:
        for thing in things:
            stack.callback(thing.close)
        yield


def _start(arguments: list[str], log: Path, ready: str) -> subprocess.Popen[bytes]:
    assert shutil.which(arguments[0]), f"{arguments[0]} is not installed: `make packages-test` installs it"
    with log.open("wb") as output:
        process = subprocess.Popen(arguments, stdout=output, stderr=output)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        with contextlib.suppress(OSError), urllib.request.urlopen(ready, timeout=1):
            return process
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            raise AssertionError(log.read_text())
        time.sleep(0.05)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
