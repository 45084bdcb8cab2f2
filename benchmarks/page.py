"""What the live page costs: time to the first paint, and the observer's share of a core while a page is open.

`python -m benchmarks.page [--seconds 30] [--rounds 4]`: real Chromium on loopback before the example's model at 50 requests a
second, then before a reference of 100 features. Stretches with and without a page alternate, so that what else the machine
does falls on both. `--images docs/images` takes the pictures of the documentation instead: winter's flights, then spring's.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from harness.browser import Browser
from harness.flights import Traffic, folder, model, served
from harness.observed import reference
from harness.program import Sidecar
from sidecar.core.reference.profile_file import dumps

_LOADS = 10
_PAINTS = ("first-paint", "first-contentful-paint")
_FEATURES = 100
_SETTLE_SECONDS = 3.0
_STORY_SECONDS = 90.0
"""Of each season before a picture is taken."""


def main() -> None:
    """Print every figure, one a line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0, help="of a stretch with or without a page")
    parser.add_argument("--rounds", type=int, default=4, help="stretches of each kind")
    parser.add_argument("--images", type=Path, help="take pictures of each state into this folder")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        browser = Browser(Path(made))
        try:
            if arguments.images:
                take_pictures(browser, arguments.images)
            else:
                flights(browser, arguments)
                wide(browser, arguments, Path(made))
        finally:
            browser.quit()


def flights(browser: Browser, arguments: argparse.Namespace) -> None:
    """The example under traffic."""
    with served() as sidecar:
        traffic = Traffic(sidecar)
        url = f"http://127.0.0.1:{sidecar.admin_port}/"
        time.sleep(_SETTLE_SECONDS)
        measure_paint(browser, url)
        measure_cpu(browser, url, sidecar, "13 features, 50 requests/s", arguments)
        traffic.close()


def wide(browser: Browser, arguments: argparse.Namespace, made: Path) -> None:
    """Many features, of which one batch has come."""
    names = tuple(f"feature_{at:03}" for at in range(_FEATURES))
    file = made / "reference.json"
    file.write_bytes(dumps(reference(names)))
    with model() as upstream:
        sidecar = Sidecar(upstream, {"reference": file})
        sidecar.connect().close()
        columns = [{"name": name, "shape": [200, 1], "datatype": "FP64", "data": [0.1] * 200} for name in names]
        body = json.dumps({"inputs": columns}).encode()
        asked = urllib.request.Request(f"http://127.0.0.1:{sidecar.port}/v2/models/m/infer", body)
        try:
            urllib.request.urlopen(asked).close()
        except urllib.error.HTTPError as error:  # the model has other features; the sidecar reads the rows all the same
            error.close()
        url = f"http://127.0.0.1:{sidecar.admin_port}/"
        measure_cpu(browser, url, sidecar, f"{_FEATURES} features, no requests", arguments)
        sidecar.kill()


def measure_paint(browser: Browser, url: str) -> None:
    """Chromium's own figures, each load from nothing: no answer may be stored."""
    paints: dict[str, list[float]] = {name: [] for name in _PAINTS}
    shown = []
    for _ in range(_LOADS):
        browser.open(url)
        shown.append(browser.run("return performance.now()"))
        for entry in browser.run("return performance.getEntriesByType('paint').map((one) => one.toJSON())"):
            paints[entry["name"]].append(entry["startTime"])
    for name, found in (*paints.items(), ("figures shown, at the latest", shown)):
        print(f"{name}: median {statistics.median(found):.0f} ms, longest {max(found):.0f} ms, of {len(found)} loads")


def measure_cpu(browser: Browser, url: str, sidecar: Sidecar, what: str, arguments: argparse.Namespace) -> None:
    """The observer's share of a core, with a page and without."""
    shares: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(arguments.rounds):
        for opened in (False, True):
            if opened:
                browser.open(url)
            else:
                browser.driver.get("about:blank")
            time.sleep(_SETTLE_SECONDS)
            before, began = cpu_seconds(sidecar.observer_pid), time.monotonic()
            time.sleep(arguments.seconds)
            shares[opened].append((cpu_seconds(sidecar.observer_pid) - before) / (time.monotonic() - began))
    closed, opened_ = (statistics.median(shares[key]) for key in (False, True))
    figures = f"{closed:.2%} of a core without a page, {opened_:.2%} with one: {opened_ - closed:.2%} more"
    print(f"observer, {what}: {figures} (medians of {arguments.rounds} x {arguments.seconds:.0f} s)", flush=True)


def cpu_seconds(pid: int) -> float:
    """Of all threads of a process, as the scheduler counted."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9


def take_pictures(browser: Browser, images: Path) -> None:
    """Quiet, drift, dark and phone."""
    spring = itertools.cycle((folder() / "changed.jsonl").read_text().splitlines())
    with served() as sidecar:
        url = f"http://127.0.0.1:{sidecar.admin_port}/"
        traffic = Traffic(sidecar)
        time.sleep(_STORY_SECONDS)
        take(browser, url, images / "live-page-quiet.png")
        traffic.change = lambda row: json.loads(next(spring))
        time.sleep(_STORY_SECONDS)
        take(browser, url, images / "live-page.png", high=1500)
        browser.prefer("dark")
        take(browser, url, images / "live-page-dark.png")
        browser.prefer("light")
        take(browser, url, images / "live-page-phone.png", wide=390, high=1400)
        traffic.close()


def take(browser: Browser, url: str, file: Path, wide: int = 1280, high: int = 1000) -> None:
    """One picture, when the page is at rest."""
    browser.resize(wide, high)
    browser.open(url, "#trail canvas")
    time.sleep(_SETTLE_SECONDS)
    browser.driver.save_screenshot(str(file))


if __name__ == "__main__":
    main()
