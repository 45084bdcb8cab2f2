"""A proxy as one would write it with aiohttp's server and client, on uvloop: what this project does not do.

Run as `python -m benchmarks.proxy.peers.aiohttp_proxy PORT UPSTREAM_PORT`.
"""

from __future__ import annotations

import asyncio
import sys

import aiohttp
import uvloop
from aiohttp import web

_HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "te", "upgrade", "content-length"})


async def serve(port: int, upstream_port: int) -> None:
    """Forward every request until the process is ended."""
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, auto_decompress=False) as session:

        async def forward(request: web.Request) -> web.Response:
            headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP_BY_HOP}
            url = f"http://127.0.0.1:{upstream_port}{request.rel_url}"
            body = await request.read()
            async with session.request(request.method, url, headers=headers, data=body) as response:
                kept = {name: value for name, value in response.headers.items() if name.lower() not in _HOP_BY_HOP}
                return web.Response(status=response.status, headers=kept, body=await response.read())

        app = web.Application(client_max_size=100 * 1024 * 1024)
        app.router.add_route("*", "/{path:.*}", forward)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), int(sys.argv[2])))
