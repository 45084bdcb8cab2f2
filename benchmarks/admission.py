"""How long a pod waits for the webhook: the real command over TLS, with reviews at a fixed rate.

  python -m benchmarks.admission                     50 reviews a second for a minute
  python -m benchmarks.admission --rate 400 --seconds 20

Reviews are sent when they are due, whether or not earlier ones are answered, and timed from then on: a stall counts for
every review that waits in it. The pods are those of `tests/inject/cases`. `/livez`, which does nothing, is measured in
the same way, just before, as what TLS, HTTP and the machine take by themselves.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path

import aiohttp
import msgspec
import numpy as np

from benchmarks.proxy.process import usage
from sidecar.inject.certificates import advance
from tests.inject.hostile import SEEDS, review_of

_CONNECTIONS = 8
_WARM_UP_SECONDS = 3.0
Request = tuple[str, bytes]


async def measure(
    session: aiohttp.ClientSession, next_request: Callable[[], Request], rate: float, seconds: float
) -> list[float]:
    """Milliseconds from when each request was due to the last byte of its answer."""
    taken: list[float] = []

    async def ask(due: float) -> None:
        path, body = next_request()
        async with session.request("POST" if body else "GET", path, data=body or None) as response:
            await response.read()
            if response.status != 200:
                raise RuntimeError(f"{path} answered {response.status}")
        taken.append((time.perf_counter() - due) * 1000)

    started = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in range(int(rate * seconds)):
            due = started + number / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            group.create_task(ask(due))
    return taken


async def run(port: int, pid: int, bundle: bytes, rate: float, seconds: float) -> None:
    """Print both measurements."""
    bodies = cycle([msgspec.json.encode(review_of(pod)) for pod in SEEDS])
    requests: dict[str, Callable[[], Request]] = {
        "livez": lambda: ("/livez", b""),
        "review": lambda: ("/mutate", next(bodies)),
    }
    tls = ssl.create_default_context(cadata=bundle.decode())
    connector = aiohttp.TCPConnector(ssl=tls, limit=_CONNECTIONS)
    async with aiohttp.ClientSession(f"https://localhost:{port}", connector=connector) as session:
        await _until_up(session)
        for request in requests.values():
            await measure(session, request, rate, _WARM_UP_SECONDS)
        for name, request in requests.items():
            before = usage(pid).cpu
            taken = await measure(session, request, rate, seconds)
            cpu = (usage(pid).cpu - before) / len(taken) * 1000
            times = "  ".join(f"p{at:g} {np.percentile(taken, at):.2f}" for at in (50, 90, 99, 99.9, 100))
            print(f"{name:7} {len(taken)} at {rate:g}/s, milliseconds: {times}; CPU of the webhook for each {cpu:.2f}")


async def _until_up(session: aiohttp.ClientSession) -> None:
    ends = time.monotonic() + 20
    while True:
        try:
            async with session.get("/readyz") as response:
                if response.status == 200:
                    return
        except aiohttp.ClientError:
            if time.monotonic() > ends:
                raise
        await asyncio.sleep(0.1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=50.0, help="reviews a second (50)")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long each is measured (60)")
    wanted = parser.parse_args()
    made = advance(None, ["localhost"], b"", datetime.now(UTC))
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        certificate, key = Path(folder, "tls.crt"), Path(folder, "tls.key")
        certificate.write_bytes(made.leaf.certificate)
        key.write_bytes(made.leaf.key)
        names = ["--namespace=n", "--service=s", "--webhook-config=c", f"--cert={certificate}", f"--key={key}"]
        environment = {name: value for name, value in os.environ.items() if name != "KUBERNETES_SERVICE_HOST"}
        process = subprocess.Popen(
            [sys.executable, "-m", "sidecar.cli", "webhook", f"--listen=127.0.0.1:{port}", *names],
            stdout=subprocess.DEVNULL, env=environment,
        )  # fmt: skip
        try:
            asyncio.run(run(port, process.pid, made.bundle, wanted.rate, wanted.seconds))
        finally:
            process.terminate()
            process.wait()


if __name__ == "__main__":
    main()
