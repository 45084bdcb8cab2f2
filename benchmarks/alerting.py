"""How long from the first shifted row to the alert at a receiver, with the rules and intervals as they are shipped.

`python -m benchmarks.alerting [--quiet SECONDS]`: real Prometheus (scrapes every 15 s), real Alertmanager (waits 30 s to group),
the example's model behind the sidecar at 50 requests a second. First a quiet replay, in which no alert may come.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import yaml

from dashboards.rules.__main__ import HERE
from harness.alerting import Alertmanager, Prometheus, Receiver, closing
from harness.flights import Traffic, served, warmer

SCRAPE, GROUP_WAIT = "15s", "30s"
MOST_SECONDS = 600.0


def main() -> None:
    """Print both figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--quiet", type=float, default=1_800.0, help="seconds of traffic like the reference (default: 1800)"
    )
    arguments = parser.parse_args()
    rules = yaml.safe_load((HERE / "drift-sidecar.rules.yml").read_text())
    with tempfile.TemporaryDirectory() as folder, served() as sidecar:
        receiver = Receiver()
        alertmanager = Alertmanager(Path(folder), receiver.url, GROUP_WAIT)
        target = f"127.0.0.1:{sidecar.admin_port}"
        prometheus = Prometheus(Path(folder), [target], rules, alertmanager.address, SCRAPE)
        traffic = Traffic(sidecar)
        with closing(receiver, alertmanager, prometheus, traffic):
            time.sleep(arguments.quiet)
            told = [one["labels"] for one in receiver.told]
            print(
                f"quiet: {arguments.quiet:.0f} s, {traffic.requests:,} requests, {len(told)} alerts {told}", flush=True
            )
            began = time.monotonic()
            traffic.change = warmer
            while not receiver.find("ModelFeatureDrift", feature="temp") and time.monotonic() < began + MOST_SECONDS:
                time.sleep(0.1)
            print(f"shift of one feature: at the receiver after {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
