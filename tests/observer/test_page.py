"""The live page in a real browser: what a reader sees, also when names are made to break it."""

from __future__ import annotations

import asyncio
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path

from aiohttp import web

from sidecar.core.monitor import Monitor
from sidecar.observer.admin import make_app
from sidecar.observer.complaints import Complaints
from sidecar.observer.worker import Worker
from sidecar.sinks.prometheus import PrometheusSink
from tests.support.observed import SEGMENTED, SETTINGS, STARTED, drifted_monitor, monitor, reference, snapshot

VOID = frozenset({"area", "br", "img", "input", "link", "meta"})
HOSTILE = "<img src=x onerror=\"document.title='owned'\">"


@contextmanager
def served(machine: Monitor) -> Iterator[str]:
    """The admin pages of an observer, on a port of their own."""
    worker = Worker(machine, [PrometheusSink(SETTINGS)], lambda: STARTED, Complaints())
    for second in range(60):
        worker.snapshot(snapshot(second * 25, at=STARTED + second))
    ports: list[int] = []
    started = threading.Event()
    loop = asyncio.new_event_loop()

    async def start() -> web.AppRunner:
        runner = web.AppRunner(make_app(SETTINGS, worker, lambda: STARTED))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        ports.append(runner.addresses[0][1])
        started.set()
        return runner

    def run() -> None:
        runner = loop.run_until_complete(start())
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    started.wait()
    yield f"http://127.0.0.1:{ports[0]}/"
    loop.call_soon_threadsafe(loop.stop)
    thread.join()


def seen(machine: Monitor, home: Path, fragment: str = "") -> str:
    """The document after its script has run."""
    with served(machine) as url:
        done = subprocess.run(
            [
                "chromium",
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                f"--user-data-dir={home}",
                "--virtual-time-budget=3000",
                "--dump-dom",
                url + fragment,
            ],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
    return done.stdout


def text_of(document: str, name: str) -> str:
    """The text of the element with an id, as a reader sees it."""
    reader = _Reader(name)
    reader.feed(document)
    assert reader.found, name
    return " ".join("".join(reader.texts).split())


class _Reader(HTMLParser):
    """Collects the text inside one element; the ends of its parts separate words."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.found = False
        self._name = name
        self._depth = 0

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.texts.append(" ")
        if self._depth and tag not in VOID:
            self._depth += 1
        elif dict(attributes).get("id") == self._name:
            self.found, self._depth = True, 1

    def handle_endtag(self, tag: str) -> None:
        if self._depth:
            self._depth -= 1
            self.texts.append(" ")

    def handle_data(self, data: str) -> None:
        if self._depth:
            self.texts.append(data)


def test_the_page_says_what_drifts_and_shows_it_against_the_reference(tmp_path: Path) -> None:
    document = seen(drifted_monitor(), tmp_path)
    assert text_of(document, "model") == "loans 7"
    assert text_of(document, "headline") == "1 of 3 features have drifted"
    assert text_of(document, "rate") == "25.0"
    assert text_of(document, "features").startswith("drift age")
    assert document.count('class="bin"') >= 20
    assert 'class="moved"' in document


def test_the_page_has_a_table_of_segments_where_there_are_some(tmp_path: Path) -> None:
    document = seen(drifted_monitor(SEGMENTED), tmp_path)
    assert text_of(document, "segments").startswith("acme input 0 the whole none other input 3,000 the whole age")


def test_a_page_without_drift_says_so(tmp_path: Path) -> None:
    assert text_of(seen(monitor(), tmp_path), "headline") == "Not enough rows yet to tell"


def test_a_link_opens_the_feature_it_names(tmp_path: Path) -> None:
    document = seen(drifted_monitor(), tmp_path, "#input/income")
    assert '<h2 title="income">income</h2>' in document


def test_a_hostile_name_is_shown_and_runs_nothing(tmp_path: Path) -> None:
    document = seen(monitor(reference((HOSTILE, "income"))), tmp_path)
    assert HOSTILE in text_of(document, "features")
    assert "<title>loans · drift-sidecar</title>" in document
    assert "<img src=x" not in document
