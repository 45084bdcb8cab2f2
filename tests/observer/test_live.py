from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import orjson
import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer

from harness.observed import SEGMENTED, STARTED, drifted_monitor, snapshot
from sidecar.observer import live
from sidecar.observer.admin import make_app
from sidecar.observer.complaints import Complaints
from sidecar.observer.live import LiveEvents
from sidecar.observer.worker import Worker
from sidecar.sinks.prometheus import PrometheusSink

Client = TestClient[web.Request, web.Application]


@asynccontextmanager
async def client(app: web.Application) -> AsyncIterator[Client]:
    async with TestClient(TestServer(app)) as made:
        yield made


def serving(make: Callable[[], bytes]) -> web.Application:
    app = web.Application()
    app.router.add_get("/live", LiveEvents(make).serve)
    return app


async def event(response: ClientResponse) -> bytes:
    return (await response.content.readuntil(b"\n\n")).removeprefix(b"data: ").rstrip()


def test_an_event_has_all_that_the_page_shows_and_the_answer_the_safety_headers() -> None:
    async def look() -> None:
        worker = Worker(drifted_monitor(SEGMENTED), [PrometheusSink(SEGMENTED)], lambda: STARTED, Complaints())
        worker.snapshot(snapshot(100))
        async with client(make_app(SEGMENTED, worker, lambda: STARTED)) as reader:
            response = await reader.get("/api/v1/live")
            assert response.content_type == "text/event-stream"
            assert "default-src 'none'" in response.headers["Content-Security-Policy"]
            shown = orjson.loads(await event(response))
            response.close()
        assert set(shown) == {"status", "features", "segments", "rules", "changes", "exchanges"}
        assert shown["status"]["traffic"]["requests"][0]["count"] == 100
        assert [one["feature"] for one in shown["features"]] == ["age", "income", "score"]
        assert [one["feature"] for one in shown["segments"][1]["features"]] == ["age"]

    asyncio.run(look())


def test_readers_share_what_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []

    def make() -> bytes:
        made.append(len(made))
        return b"%d" % made[-1]

    async def look() -> None:
        async with client(serving(make)) as reader:
            responses = [await reader.get("/live") for _ in range(5)]
            assert [await event(one) for one in responses] == [b"0"] * 5
            assert await event(responses[0]) == b"1"
            for one in responses:
                one.close()

    monkeypatch.setattr(live, "_SECONDS", 0.5)
    asyncio.run(look())


@pytest.mark.slow
def test_what_is_dear_to_make_is_made_rarely() -> None:
    """10 ms of work may come once in 2.5 seconds."""

    def make() -> bytes:
        end = time.thread_time() + 0.01
        while time.thread_time() < end:
            pass
        return b"dear"

    async def look() -> None:
        async with client(serving(make)) as reader:
            response = await reader.get("/live")
            await event(response)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(event(response), 1.5)
            response.close()

    asyncio.run(look())


def test_too_many_pages_at_once_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_READERS", 1)
    monkeypatch.setattr(live, "_SECONDS", 0.05)

    async def look() -> None:
        async with client(serving(lambda: b"x")) as reader:
            first = await reader.get("/live")
            assert (await reader.get("/live")).status == 503
            first.close()
            while (again := await reader.get("/live")).status != 200:
                await asyncio.sleep(0.02)
            again.close()

    asyncio.run(asyncio.wait_for(look(), 10))
