"""What the sidecar says that it adds, beside what a client sees: one that asks the model of flights one thing at a time.

`python -m benchmarks.added`: three rounds of each way, in one run, so that only their difference matters.
"""

from __future__ import annotations

import http.client
import itertools
import json
import statistics
import time

from harness.flights import batches, folder, model
from harness.program import Metrics, Sidecar, eventually
from sidecar.commands.demo_traffic import request

REQUESTS = 1_500
ROUNDS = 3
SNAPSHOT_SECONDS = 0.2
HEADERS = {"Content-Type": "application/json"}


def main() -> None:
    """Print a line for each round."""
    print(
        "| asked directly, mean ms | through the sidecar | difference | what it says that it added |\n|---|---|---|---|"
    )
    with model() as upstream:
        port = int(upstream.rpartition(":")[2])
        settings = {"model.name": "flights", "reference": folder() / "reference.json"}
        sidecar = Sidecar(upstream, settings | {"handoff.snapshot_seconds": SNAPSHOT_SECONDS})
        try:
            sidecar.connect().close()
            eventually(lambda: sidecar.metrics().total("sidecar_observer_up") == 1)
            ask(sidecar.port)  # warms caches
            for _ in range(ROUNDS):
                direct = ask(port)
                before = told(sidecar)
                through = ask(sidecar.port)
                added = mean(before, told(sidecar))
                print(f"| {direct:.3f} | {through:.3f} | {through - direct:.3f} | {added:.3f} |", flush=True)
        finally:
            sidecar.kill()


def ask(port: int) -> float:
    """Mean milliseconds of an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    took = []
    for at, rows in enumerate(itertools.islice(batches(), REQUESTS)):
        body = json.dumps(request(rows, at)).encode()
        start = time.perf_counter()
        connection.request("POST", "/v2/models/flights/infer", body, HEADERS)
        connection.getresponse().read()
        took.append(time.perf_counter() - start)
    connection.close()
    return 1_000 * statistics.mean(took)


def told(sidecar: Sidecar) -> Metrics:
    """What `/metrics` says once the last snapshot has reached it."""
    time.sleep(5 * SNAPSHOT_SECONDS)
    return sidecar.metrics()


def mean(before: Metrics, after: Metrics) -> float:
    """Mean milliseconds that were added between two looks."""
    name = "sidecar_added_latency_seconds"
    count = after.total(f"{name}_count") - before.total(f"{name}_count")
    return 1_000 * (after.total(f"{name}_sum") - before.total(f"{name}_sum")) / count


if __name__ == "__main__":
    main()
