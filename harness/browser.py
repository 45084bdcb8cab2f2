"""The live page in a real browser: served by a real observer's parts, driven by the WebDriver of Chromium."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from harness.observed import SETTINGS, STARTED, exchange, snapshot
from harness.program import free_ports
from sidecar.core.watching.monitor import Monitor
from sidecar.observer.admin import make_app
from sidecar.observer.complaints import Complaints
from sidecar.observer.worker import Worker
from sidecar.settings import Settings
from sidecar.sinks.prometheus import PrometheusSink

_PATIENCE_SECONDS = 15.0
_SWITCHES = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--window-size=1280,1000",
)


@dataclass
class Watched:
    """A worker whose clock the test turns."""

    machine: Monitor
    settings: Settings = SETTINGS
    now: float = STARTED
    worker: Worker = field(init=False)

    def __post_init__(self) -> None:
        sinks = [PrometheusSink(self.settings)]
        self.worker = Worker(self.machine, sinks, lambda: self.now, Complaints())

    def rows(self, rows: list[dict[str, float]], seconds: float) -> None:
        """A request of some rows, and then time."""
        self.worker.exchanges([exchange(rows)])
        self.now += seconds
        self.worker.tick()

    def traffic(self, seconds: int = 60) -> None:
        """25 requests a second, as the traffic process tells of them."""
        for second in range(seconds):
            self.worker.snapshot(snapshot(second * 25, at=self.now - seconds + 1 + second))


@dataclass
class Site:
    """The admin pages of a worker, in a thread of their own."""

    url: str
    loop: asyncio.AbstractEventLoop

    def do(self, act: Callable[[], None]) -> None:
        """In the thread that serves, as the observer would."""

        async def do() -> None:
            act()

        asyncio.run_coroutine_threadsafe(do(), self.loop).result(_PATIENCE_SECONDS)


@contextmanager
def served(watched: Watched, port: int = 0) -> Iterator[Site]:
    """Serve until the end of the block."""
    port = port or free_ports(1)[0]
    started = threading.Event()
    loop = asyncio.new_event_loop()

    async def start() -> web.AppRunner:
        app = make_app(watched.settings, watched.worker, lambda: watched.now)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port, reuse_address=True).start()
        started.set()
        return runner

    def run() -> None:
        runner = loop.run_until_complete(start())
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert started.wait(_PATIENCE_SECONDS)
        yield Site(f"http://127.0.0.1:{port}/", loop)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


class Browser:
    """Chromium, as a reader uses it."""

    def __init__(self, downloads: Path) -> None:
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for switch in _SWITCHES:
            options.add_argument(switch)
        options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options, Service("/usr/bin/chromedriver"))

    def quit(self) -> None:
        """End Chromium."""
        self.driver.quit()

    def open(self, url: str, shown: str = "#features tr") -> None:
        """Open a page anew and wait until it shows something."""
        self.driver.get("about:blank")
        self.driver.get(url)
        self.until(lambda: self.find(shown))

    def resize(self, width: int, height: int) -> None:
        """The size of the screen in CSS pixels."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def prefer(self, scheme: str) -> None:
        """What the reader's system prefers: `light` or `dark`."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def find(self, css: str) -> list[WebElement]:
        """All that match."""
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def one(self, css: str) -> WebElement:
        """The first that matches."""
        return self.driver.find_element(By.CSS_SELECTOR, css)

    def text(self, css: str) -> str:
        """What a reader reads there, with single blanks."""
        return " ".join(self.one(css).text.split())

    def run(self, script: str) -> Any:
        """What a script returns."""
        return self.driver.execute_script(script)

    def until(self, happened: Callable[[], object]) -> None:
        """Wait for something. Raises AssertionError if it does not come."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not happened():
            assert time.monotonic() < deadline, "it did not come"
            time.sleep(0.05)

    def complaints(self) -> list[str]:
        """What Chromium had to say against the page since the last call: violations of the policy, faults, failed requests."""
        return [entry["message"] for entry in self.driver.get_log("browser")]  # type: ignore[no-untyped-call]
