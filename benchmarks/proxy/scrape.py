"""Does a scrape disturb the traffic? `python -m benchmarks.proxy.scrape`: p99 with and without one scrape a second, side by side.

100 features, 8 connections; turns alternate, so that whatever else the machine does meets both alike. Needs nginx and wrk
(`make packages-bench`).
"""

from __future__ import annotations

import os
import tempfile
import threading
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from benchmarks.proxy import load
from benchmarks.proxy.cases import wide_case
from benchmarks.proxy.proxies import Machine, start_upstream
from benchmarks.proxy.sidecar_process import make_reference, start_sidecar

FEATURES, ROUNDS, SECONDS = 100, 7, 5.0


class Scraper:
    """Scrapes once a second until closed."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}/metrics"
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Scrape no more."""
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(1.0):
            with urllib.request.urlopen(self._url, timeout=30) as answer:
                answer.read()


def main() -> None:
    """Print a table."""
    cores = os.sched_getaffinity(0)
    case = wide_case(FEATURES)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        machine = Machine(max(cores), min(cores), Path(folder), Path(".venv-bench").resolve())
        upstream = start_upstream(stack, machine)
        sidecar = start_sidecar(stack, machine, upstream, FEATURES, make_reference(machine, FEATURES))
        found: dict[bool, list[load.Load]] = {False: [], True: []}
        for _ in range(ROUNDS):
            for scraped in (False, True):
                scraper = Scraper(sidecar.admin_port) if scraped else None
                found[scraped].append(load.run(case, sidecar.proxy.port, SECONDS, machine.load_core, machine.folder))
                if scraper:
                    scraper.close()
    print("| | requests/s | p50 us | p99 us (lowest to highest round) |\n|---|---|---|---|")
    for scraped, runs in found.items():
        p99 = sorted(run.p99_us for run in runs)
        name = "a scrape a second" if scraped else "no scrape"
        rate, p50 = median(run.rate for run in runs), median(run.p50_us for run in runs)
        print(f"| {name} | {rate:,.0f} | {p50:,.0f} | {median(p99):,.0f} ({p99[0]:,.0f} to {p99[-1]:,.0f}) |")


if __name__ == "__main__":
    main()
