"""A small Kubernetes API over real HTTPS: objects with resourceVersions, conflicts, JSON patches, pages and tokens.

It keeps whatever it is given and knows no kinds; what it refuses, it refuses as the real one does, with a Status.
"""

from __future__ import annotations

import asyncio
import json
import re
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonpatch
from aiohttp import web

from sidecar.inject.certificates import advance, make_context, use

Json = dict[str, Any]
TOKEN = "the-service-account"
CONFIGS = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
SLICES = "/apis/discovery.k8s.io/v1/namespaces/system/endpointslices"
EVENTS = "/api/v1/namespaces/{}/events"


class ApiServer:
    """The server; `objects` are by path. Everything it was asked is in `calls`."""

    def __init__(self, folder: Path) -> None:
        self.objects: dict[str, Json] = {}
        self.calls: list[str] = []
        self.down = False
        """Whether every call gets a 503."""
        self.forbidden: set[str] = set()
        """Paths that this service account may not read."""
        self.port = 0
        self._version = 0
        self._kept = advance(None, ["localhost"], b"", datetime.now(UTC))
        self.mount = folder / "serviceaccount"
        self.mount.mkdir()
        (self.mount / "ca.crt").write_bytes(self._kept.bundle)
        self.set_token(TOKEN)

    def set_token(self, token: str) -> None:
        """What the pod is given, and all that the server accepts from now on."""
        self.token = token
        (self.mount / "token").write_text(f"{token}\n")

    def put(self, path: str, thing: Json) -> Json:
        """Keep an object, as if somebody had applied it."""
        self._version += 1
        inside = re.search("/namespaces/([^/]+)/", path)
        metadata = {
            "name": path.rpartition("/")[2],
            **({"namespace": inside[1]} if inside else {}),
            **thing.get("metadata", {}),
            "resourceVersion": str(self._version),
        }
        self.objects[path] = {**thing, "metadata": {"uid": f"uid-{metadata['name']}", **metadata}}
        return self.objects[path]

    def under(self, path: str) -> list[Json]:
        """The objects of a list, of one namespace or of all."""
        start, _, resource = path.rpartition("/")
        anywhere = re.compile(f"{re.escape(start)}/namespaces/[^/]+/{re.escape(resource)}")
        lists = ((place.rpartition("/")[0], one) for place, one in sorted(self.objects.items()))
        return [one for place, one in lists if place == path or anywhere.fullmatch(place)]

    @property
    def context(self) -> ssl.SSLContext:
        """TLS as the server has it."""
        context = make_context()
        use(context, self._kept.leaf)
        return context

    @property
    def authority(self) -> bytes:
        """Whom to trust."""
        return self._kept.bundle

    async def answer(self, request: web.Request) -> web.Response:
        """Any call."""
        self.calls.append(f"{request.method} {request.path}")
        if self.down:
            return _status(503, "the server is starting")
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return _status(401, "Unauthorized")
        if request.path in self.forbidden:
            return _status(403, f"cannot get resource {request.path!r}")
        if request.path == "/version":
            return web.json_response({"gitVersion": "v1.33.2"})
        handle = {"GET": self._get, "PUT": self._put, "PATCH": self._patch, "POST": self._post}[request.method]
        return handle(request, await request.read())

    def _get(self, request: web.Request, body: bytes) -> web.Response:
        if request.path in self.objects:
            return web.json_response(self.objects[request.path])
        items = self.under(request.path)
        if not items and request.path.rpartition("/")[2] not in ("pods", "services", "namespaces", "endpointslices"):
            return _status(404, f"{request.path} not found")
        start, size = int(request.query.get("continue", 0)), int(request.query.get("limit", len(items) or 1))
        metadata = {"continue": str(start + size)} if start + size < len(items) else {}
        return web.json_response({"metadata": metadata, "items": items[start : start + size]})

    def _put(self, request: web.Request, body: bytes) -> web.Response:
        known, given = self.objects.get(request.path), json.loads(body)
        if known is None:
            return _status(404, f"{request.path} not found")
        if given["metadata"].get("resourceVersion") != known["metadata"]["resourceVersion"]:
            return _status(409, "the object has been modified; please apply your changes to the latest version")
        return web.json_response(self.put(request.path, given))

    def _patch(self, request: web.Request, body: bytes) -> web.Response:
        assert request.content_type == "application/json-patch+json"
        try:
            patched = jsonpatch.apply_patch(self.objects[request.path], json.loads(body))
        except jsonpatch.JsonPatchException as error:
            return _status(422, f"the server rejected our request due to an error in our request: {error}")
        return web.json_response(self.put(request.path, patched))

    def _post(self, request: web.Request, body: bytes) -> web.Response:
        given = json.loads(body)
        path = f"{request.path}/{given['metadata']['name']}"
        if path in self.objects:
            return _status(409, f"{path} already exists")
        return web.json_response(self.put(path, given), status=201)


def _status(code: int, message: str) -> web.Response:
    return web.json_response({"kind": "Status", "status": "Failure", "message": message, "code": code}, status=code)


@contextmanager
def running(folder: Path) -> Iterator[ApiServer]:
    """A server in a thread of its own, at `https://localhost:PORT`."""
    server = ApiServer(folder)
    loop = asyncio.new_event_loop()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.answer)
    runner = web.AppRunner(app)

    async def start() -> None:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=server.context).start()
        server.port = runner.addresses[0][1]

    loop.run_until_complete(start())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
