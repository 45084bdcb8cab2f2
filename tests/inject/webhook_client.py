"""The webhook beside a small real API server, and a client that reviews pods as the API server does."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp

from harness.apiserver import CONFIGS, TOKEN, ApiServer, running
from sidecar.inject.certificate_rotation import trusted_by
from sidecar.inject.cluster import Access, Cluster
from sidecar.inject.options import Options
from sidecar.inject.webhook import Arguments, Intervals, serve
from sidecar.inject.webhook_log import make_log
from tests.inject.hostile import review_of

Json = dict[str, Any]
SECRET, CONFIG = "/api/v1/namespaces/system/secrets/hook-tls", f"{CONFIGS}/hook"
ARGUMENTS = Arguments("system", "hook", "hook")
QUICK = Intervals(certificate=0.02, survey=0.02, retry=0.02, notice=0.0)
PATIENCE_SECONDS = 20.0


@contextmanager
def running_cluster(folder: Path) -> Iterator[ApiServer]:
    """A cluster with a webhook that has no certificate yet, and two namespaces."""
    with running(folder) as server:
        server.put(SECRET, {})
        server.put(CONFIG, {"webhooks": [{"name": "open", "clientConfig": {}}, {"name": "closed", "clientConfig": {}}]})
        for name, labels in (("fraud", {"drift-sidecar/inject": "enabled"}), ("other", {})):
            server.put(f"/api/v1/namespaces/{name}", {"metadata": {"labels": labels}})
        yield server


class Client:
    """What the API server does: reviews over TLS, trusting what the webhook configuration says."""

    def __init__(self, port: int, log: BytesIO, api: ApiServer) -> None:
        self.port, self.log, self.api = port, log, api

    async def ask(self, method: str, path: str, body: bytes | None = None, bundle: bytes = b"") -> tuple[int, str]:
        tls = ssl.create_default_context(cadata=(bundle or trusted_by(self.api.objects[CONFIG])).decode())
        async with (
            aiohttp.ClientSession() as session,
            session.request(
                method,
                f"https://127.0.0.1:{self.port}{path}",
                data=BytesIO(body or b""),
                ssl=tls,
                server_hostname="hook.system.svc",
            ) as response,
        ):
            return response.status, await response.text()

    async def review(self, thing: Any, **request: Any) -> Json:
        status, text = await self.ask("POST", "/mutate", json.dumps(review_of(thing, **request)).encode())
        assert status == 200
        answer: Json = json.loads(text)["response"]
        return answer

    async def metrics(self) -> dict[str, float]:
        _, text = await self.ask("GET", "/metrics")
        return {name: float(value) for name, value in re.findall(r"^(\w+(?:\{.*\})?) (\S+)$", text, re.MULTILINE)}

    async def until(self, true: Callable[[], Awaitable[Any]] | Callable[[], Any]) -> None:
        """Wait for something that happens beside."""
        ends = time.monotonic() + PATIENCE_SECONDS
        while True:
            found = true()
            if await found if isinstance(found, Awaitable) else found:
                return
            assert time.monotonic() < ends, self.log.getvalue().decode()
            await asyncio.sleep(0.01)

    def lines(self, event: str) -> list[Json]:
        return [line for line in map(json.loads, self.log.getvalue().splitlines()) if line["event"] == event]


def access(api: ApiServer) -> Access:
    return Access(
        f"https://localhost:{api.port}", ssl.create_default_context(cadata=api.authority.decode()), lambda: TOKEN
    )


def with_webhook(
    api: ApiServer,
    act: Callable[[Client], Awaitable[None]],
    options: Options | None = None,
    intervals: Intervals = QUICK,
    wait: bool = True,
) -> None:
    """Run something beside a webhook that is ready, and end it in order."""

    async def run() -> None:
        listener, log, ended = socket.create_server(("127.0.0.1", 0)), BytesIO(), asyncio.Event()
        client = Client(listener.getsockname()[1], log, api)
        async with Cluster(access(api)) as cluster:
            serving = serve(listener, ARGUMENTS, options or Options(), cluster, make_log(log), ended, intervals)
            task = asyncio.create_task(serving)
            try:
                if wait:
                    await client.until(lambda: trusted_by(api.objects[CONFIG]))
                    await client.until(lambda: is_ready(client))
                await act(client)
            finally:
                ended.set()
                await task
        await settle()

    asyncio.run(run())


async def settle() -> None:
    """Let connections that were closed end: TLS says goodbye first, and the loop must live until then."""
    await asyncio.sleep(0.1)


async def is_ready(client: Client) -> bool:
    return (await client.ask("GET", "/readyz"))[0] == 200
