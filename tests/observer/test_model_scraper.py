"""Asking a real HTTP server for its metrics: what is merged, and how each way to go wrong is counted and told."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from aiohttp import web

from harness.pages import READABLE, UNREADABLE, Page
from harness.program import free_ports
from sidecar.core.reading.metrics_page import Merging
from sidecar.observer.model_scraper import ModelScraper, patience
from sidecar.settings import MetricsSettings, Settings

TEXT, OPENMETRICS = READABLE["of_vllm"], READABLE["openmetrics"]
BOTH = "application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.3"


def answer_of(page: Page) -> web.Response:
    return web.Response(body=page.body, headers={"Content-Type": page.content_type})


async def text_page(request: web.Request) -> web.Response:
    return answer_of(TEXT)


async def either_page(request: web.Request) -> web.Response:
    return answer_of(OPENMETRICS if "openmetrics" in request.headers["Accept"] else TEXT)


async def openmetrics_page(request: web.Request) -> web.Response:
    return answer_of(OPENMETRICS)


async def html_page(request: web.Request) -> web.Response:
    return answer_of(UNREADABLE["html"])


async def moved(request: web.Request) -> web.Response:
    raise web.HTTPFound("/text")


async def huge(request: web.Request) -> web.Response:
    answer = web.Response(body=b"x 1\n" * 1_100_000)
    answer.enable_compression()
    return answer


async def late(request: web.Request) -> web.Response:
    await asyncio.sleep(30)
    return answer_of(TEXT)


async def broken_off(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"Content-Length": "100"})
    await answer.prepare(request)
    await answer.write(b"x 1\n")
    assert request.transport
    request.transport.close()
    return answer


PAGES = {
    "/text": text_page,
    "/either": either_page,
    "/openmetrics": openmetrics_page,
    "/html": html_page,
    "/moved": moved,
    "/huge": huge,
    "/late": late,
    "/broken": broken_off,
}


async def model(runner: web.AppRunner, path: Path | None) -> str:
    """A model that listens; its address as an upstream."""
    await runner.setup()
    if path is not None:
        await web.UnixSite(runner, str(path)).start()
        return f"unix:{path}"
    (port,) = free_ports(1)
    await web.TCPSite(runner, "127.0.0.1", port).start()
    return f"127.0.0.1:{port}"


def ask(merge: str, accept: str = BOTH, patience: float = 10.0, path: Path | None = None) -> tuple[Merging, list[str]]:
    """What came of asking, and what was complained of; `merge` may say ADDRESS for where the model is."""
    complaints: list[str] = []

    async def run() -> Merging:
        app = web.Application()
        for place, handler in PAGES.items():
            app.router.add_get(place, handler)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        upstream = await model(runner, path)
        metrics = MetricsSettings(merge=merge.replace("ADDRESS", upstream))
        reader = ModelScraper(Settings(upstream=upstream, metrics=metrics), lambda error: complaints.append(str(error)))
        try:
            return await reader.scrape(accept, patience)
        finally:
            await runner.cleanup()

    return asyncio.run(run()), complaints


def test_a_complaint_names_the_page_without_its_credentials() -> None:
    _, complaints = ask("http://me:hush@ADDRESS/absent?key=hush")

    assert "/absent answered with status 404" in complaints[0]
    assert "hush" not in complaints[0]


@pytest.mark.parametrize(("accept", "openmetrics"), [(BOTH, True), ("text/plain", False), ("", False)])
def test_the_model_is_asked_for_what_the_scraper_accepts(accept: str, openmetrics: bool) -> None:
    merging, complaints = ask("/either", accept)
    assert merging.page is not None
    assert (merging.page.openmetrics, merging.results["ok"], complaints) == (openmetrics, 1, [])


def test_a_model_that_knows_text_alone_is_merged_as_text() -> None:
    merging, _ = ask("/text", BOTH)
    assert merging.page is not None
    assert (merging.page.openmetrics, merging.page.without(set())[0]) == (False, TEXT.body)


def test_the_page_may_be_at_another_port() -> None:
    assert ask("http://ADDRESS/text")[0].page is not None


def test_the_model_may_be_at_a_unix_socket(tmp_path: Path) -> None:
    assert ask("/text", path=tmp_path / "model")[0].page is not None


@pytest.mark.parametrize(
    ("merge", "result", "complaint"),
    [
        ("/absent", "status", "answered with status 404"),
        ("/moved", "status", "answered with status 302"),
        ("/huge", "too_large", "answered with more than 4194304 bytes"),
        ("/html", "malformed", "line 1 is no line of metrics: '<!DOCTYPE html>'"),
        ("/broken", "unreachable", "not completed"),
        ("http://127.0.0.1:1/metrics", "unreachable", "Cannot connect"),
        ("http://", "unreachable", "http://"),
    ],
)
def test_a_page_that_cannot_be_merged_is_counted_and_told(merge: str, result: str, complaint: str) -> None:
    merging, complaints = ask(merge)
    assert merging.page is None
    assert {name for name, times in merging.results.items() if times} == {result}
    assert len(complaints) == 1
    assert complaint in complaints[0]


def test_a_model_is_not_waited_for_longer_than_the_scrape_allows() -> None:
    merging, _ = ask("/late", patience=0.2)
    assert merging.results["unreachable"] == 1


def test_openmetrics_that_was_not_asked_for_is_not_passed_on() -> None:
    merging, complaints = ask("/openmetrics", "text/plain")
    assert (merging.page, merging.results["malformed"]) == (None, 1)
    assert "was asked for text" in complaints[0]


@pytest.mark.parametrize(
    ("told", "waited"),
    [("10", 5.0), ("4", 2.0), ("60", 5.0), ("0", 0.1), ("-1", 0.1), ("nan", 5.0), ("", 5.0), ("x", 5.0)],
)
def test_the_model_may_take_half_of_the_time_of_the_scrape(told: str, waited: float) -> None:
    assert patience(told) == waited
