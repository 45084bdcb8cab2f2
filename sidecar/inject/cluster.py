"""A small client of the Kubernetes API: the few calls that the injector needs, and access from within a pod.

Nothing is retried here; the callers run again at their next interval. Neighbour: `kubeconfig`, which gives access from
outside the cluster.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, NamedTuple, Self

import aiohttp
import msgspec

from sidecar.errors import SidecarError
from sidecar.inject.pod import Json

MOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_TIMEOUT = aiohttp.ClientTimeout(total=10)
_PAGE = 50
"""Objects per page of a list. A pod is some ten kilobytes, and reviews wait while a page is decoded."""


class ClusterError(SidecarError):
    """A call that failed. `status` is the HTTP status, or 0 without an answer."""

    exit_code = 2  # with 1, `doctor` says that it found something

    def __init__(self, call: str, status: int, why: str) -> None:
        super().__init__(f"{call}: {why}")
        self.status = status


class Access(NamedTuple):
    """Address of the API server, and credentials for it."""

    server: str
    tls: ssl.SSLContext | None
    """None for a plain `http://`, as `kubectl proxy` serves it."""
    token: Callable[[], str]
    """Called for each request, since tokens rotate. Empty if a client certificate is used instead."""
    tls_name: str = ""
    """Name that the API server's certificate must have, where it is another than that of the address."""


def in_cluster(mount: Path = MOUNT) -> Access | None:
    """Access with the pod's service account; None outside a cluster."""
    host, port = os.environ.get("KUBERNETES_SERVICE_HOST"), os.environ.get("KUBERNETES_SERVICE_PORT", "443")
    token = mount / "token"
    if not host or not token.exists():
        return None
    server = f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
    return Access(server, ssl.create_default_context(cafile=str(mount / "ca.crt")), lambda: token.read_text().strip())


class Cluster:
    """An open session. Every call raises ClusterError, which names the call and the API's answer."""

    def __init__(self, access: Access) -> None:
        self._access = access
        connector = aiohttp.TCPConnector(ssl=access.tls or False, limit=4)
        self._session = aiohttp.ClientSession(connector=connector, timeout=_TIMEOUT)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def get(self, path: str) -> Json:
        """Read an object, or a list."""
        return await self._call("GET", path)

    async def version(self) -> str:
        """The API server's version, such as `v1.33.2`."""
        return str((await self.get("/version")).get("gitVersion") or "")

    async def update(self, path: str, thing: Json) -> Json:
        """Replace an object. ClusterError has status 409 if its resourceVersion is no longer the latest."""
        return await self._call("PUT", path, thing)

    async def patch(self, path: str, operations: list[Json]) -> Json:
        """Apply a JSON patch."""
        return await self._call("PATCH", path, operations, "application/json-patch+json")

    async def create(self, path: str, thing: Json) -> Json:
        """Create an object. ClusterError has status 409 if the name is taken."""
        return await self._call("POST", path, thing)

    async def each(self, path: str) -> AsyncIterator[Json]:
        """Yield every object of a list, read page by page."""
        then = ""
        while True:
            page = await self._call("GET", f"{path}?limit={_PAGE}{then}")
            for item in page.get("items") or []:
                yield item
                await asyncio.sleep(0)  # lets reviews run between two objects
            following = (page.get("metadata") or {}).get("continue")
            if not following:
                return
            then = f"&continue={following}"

    async def _call(self, method: str, path: str, thing: Any = None, kind: str = "application/json") -> Json:
        call = f"{method} {path.partition('?')[0]}"
        try:
            token = self._access.token()
            headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
            if thing is not None:
                headers["Content-Type"] = kind
            body = None if thing is None else msgspec.json.encode(thing)
            url = self._access.server.rstrip("/") + path
            async with self._session.request(
                method,
                url,
                data=body,
                headers=headers,
                allow_redirects=False,
                server_hostname=self._access.tls_name or None,
            ) as response:
                return _answered(call, response.status, await response.read())
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise ClusterError(call, 0, f"{self._access.server} gave no answer: {error or 'time is out'}") from error


def _answered(call: str, status: int, body: bytes) -> Json:
    try:
        answer = msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeError) as error:
        raise ClusterError(call, status, f"status {status}, and an answer that is no object: {error}") from error
    if status >= 400:
        raise ClusterError(call, status, f"status {status}: {answer.get('message') or 'no reason given'}")
    return answer
