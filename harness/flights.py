"""The example's real model behind a real sidecar, and a steady client whose rows a test may change."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import itertools
import json
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from harness.program import Sidecar, connect, free_ports
from sidecar.commands.demo import EXAMPLE, prepared
from sidecar.commands.demo_traffic import request

ROWS = 8
"""Of a request."""
Row = dict[str, Any]
Change = Callable[[Row], Row]


@functools.cache
def folder() -> Path:
    """Model, traffic and reference."""

    def tell(text: str, style: str) -> None:
        print(text)

    return asyncio.run(prepared(tell))


@contextlib.contextmanager
def model() -> Iterator[str]:
    """The model of flights, running; its address."""
    (port,) = free_ports(1)
    command = [sys.executable, str(EXAMPLE / "server.py"), str(folder() / "model.joblib"), "--port", str(port)]
    process = subprocess.Popen(command)
    try:
        connect(port, lambda: process.poll() is None).close()
        yield f"127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def served(**sets: Any) -> Iterator[Sidecar]:
    """The sidecar before the model of flights, both running."""
    with model() as upstream:
        settings = {"model.name": "flights", "model.version": "1", "reference": folder() / "reference.json", **sets}
        sidecar = Sidecar(upstream, settings)
        try:
            sidecar.connect().close()
            yield sidecar
        finally:
            sidecar.kill()


class Traffic:
    """Sends rows like the reference's for ever, `per_second` requests a second, each row changed by `change`."""

    def __init__(self, sidecar: Sidecar, per_second: float = 50.0) -> None:
        self.change: Change = unchanged
        self.requests = 0
        self._url = f"http://127.0.0.1:{sidecar.port}/v2/models/flights/infer"
        self._pause = 1 / per_second
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._send, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Send no more."""
        self._over.set()
        self._thread.join()

    def _send(self) -> None:
        due = time.monotonic()
        for rows in batches():
            due = max(due + self._pause, time.monotonic() - 1.0)
            if self._over.wait(max(0.0, due - time.monotonic())):
                return
            body = json.dumps(request([self.change(row) for row in rows], self.requests)).encode()
            asked = urllib.request.Request(self._url, body, {"Content-Type": "application/json"})
            with urllib.request.urlopen(asked, timeout=20) as answer:
                answer.read()
            self.requests += 1


def unchanged(row: Row) -> Row:
    """As in the reference."""
    return row


def warmer(row: Row) -> Row:
    """Twenty degrees more."""
    return row | {"temp": None if row["temp"] is None else row["temp"] + 20}


def batches() -> Iterator[list[Row]]:
    """Winter flights that the model was not trained on, in an order of chance, again and again."""
    rows = [json.loads(line) for line in (folder() / "quiet.jsonl").read_text().splitlines()]
    endless = itertools.cycle(rows)
    while True:
        yield list(itertools.islice(endless, ROWS))
