"""What a fleet costs Prometheus: `python -m benchmarks.fleet [--pods 1000] [--features 50]`.

One process answers the scrapes of all pods, with what a real sidecar's sink writes for so many features of twenty bins or so; its
counters grow with time, as 10 rows a second in each pod would make them. A real Prometheus scrapes them all and evaluates the
shipped rules at their shipped intervals. Printed: samples a pod, series, memory, CPU, and how long each group of rules takes.
"""

from __future__ import annotations

import argparse
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from dashboards.rules.__main__ import HERE
from harness.alerting import Prometheus
from harness.observed import monitor, reference, snapshot
from harness.program import free_ports, resident_bytes
from sidecar.settings import ModelSettings, Settings
from sidecar.sink import Observed
from sidecar.sinks.prometheus import PrometheusSink

ROWS_A_SECOND = 10.0


def exposition(features: int) -> str:
    """What a pod with so many features answers, with `@` and a share before the number of each growing counter."""
    machine = monitor(reference(tuple(f"feature_{at:03}" for at in range(features)), rows=5_000))
    settings = Settings(model=ModelSettings(name="loans", version="7"))
    body, _ = PrometheusSink(settings).render(Observed(snapshot(), machine.view(), {}), "text/plain")
    ratios = {
        (side.side.value, one.feature, each.bin): each.reference_ratio
        for side in machine.view().sides
        for one in side.features
        for each in one.bins
    }
    pattern = re.compile(
        r'^(model_feature_bin_total\{.*side="(\w+)",feature="([^"]+)",bin="(\w+)".*\}) \S+$', re.MULTILINE
    )
    return pattern.sub(lambda found: f"{found[1]} @{ratios[found[2], found[3], found[4]]!r}", body.decode())


def serve(port: int, features: int) -> None:
    """Answer scrapes for ever; a second's answers are alike."""
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    pieces = re.split(r"@(\S+)", exposition(features))
    began, made = time.time(), (-1, b"")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            nonlocal made
            second = int(time.time() - began)
            if made[0] != second:
                rows = 1_000 + ROWS_A_SECOND * second
                text = [str(int(float(piece) * rows)) if at % 2 else piece for at, piece in enumerate(pieces)]
                made = second, "".join(text).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(made[1])))
            self.end_headers()
            self.wfile.write(made[1])

        def log_message(self, *_: object) -> None:
            pass

    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


def scrape_seconds(features: int) -> float:
    """CPU time of the observer to answer one scrape, the best of five."""
    machine = monitor(reference(tuple(f"feature_{at:03}" for at in range(features)), rows=5_000))
    sink = PrometheusSink(Settings())
    times = []
    for _ in range(5):
        began = time.process_time()
        sink.render(Observed(snapshot(), machine.view(), {}), "text/plain")
        times.append(time.process_time() - began)
    return min(times)


def main() -> None:
    """Print it all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pods", type=int, default=1_000)
    parser.add_argument("--features", type=int, default=50)
    parser.add_argument(
        "--seconds", type=float, default=420.0, help="how long it is scraped; the rules need five minutes"
    )
    parser.add_argument("--scrape", default="60s", help="interval of the scrapes")
    parser.add_argument("--serve", type=int, default=0, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        serve(arguments.serve, arguments.features)
    for features in (100, 1_000):
        print(f"a scrape of {features:,} features: {scrape_seconds(features) * 1e3:.0f} ms of the observer", flush=True)
    samples = sum(not line.startswith("#") for line in exposition(arguments.features).splitlines())
    print(f"{arguments.pods:,} pods x {arguments.features} features: {samples:,} samples a pod", flush=True)
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "benchmarks.fleet", "--serve", str(port), "--features", str(arguments.features)]
    exporter = subprocess.Popen(command)
    try:
        with tempfile.TemporaryDirectory() as folder:
            _watch(Path(folder), port, arguments)
    finally:
        exporter.kill()
        exporter.wait()


def _watch(folder: Path, port: int, arguments: argparse.Namespace) -> None:
    rules = yaml.safe_load((HERE / "drift-sidecar.rules.yml").read_text())
    prometheus = Prometheus(folder, [f"127.0.0.1:{port}"], rules, scrape=arguments.scrape, pods=arguments.pods)
    try:
        time.sleep(arguments.seconds)
        _report(prometheus)
    finally:
        prometheus.close()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"CPU of Prometheus: {(used.ru_utime + used.ru_stime) / arguments.seconds:.2f} cores on the mean")


def _report(prometheus: Prometheus) -> None:
    status = prometheus.ask("status/tsdb")["headStats"]
    print(f"series: {status['numSeries']:,}; memory {resident_bytes(prometheus.process.pid) / 1e9:.1f} GB", flush=True)
    ((_, rows),) = prometheus.query('count(model:drift_psi:5m{side="input"}) or vector(0)')
    print(f"features with a recorded PSI: {rows:.0f}")
    print("\n| group of rules | interval | seconds an evaluation |\n|---|---|---|")
    for group in prometheus.ask("rules")["groups"]:
        print(f"| {group['name']} | {group['interval']:.0f} s | {group['evaluationTime']:.3f} |")


if __name__ == "__main__":
    main()
