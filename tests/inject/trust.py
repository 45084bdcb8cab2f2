"""Who trusts whom: certificates by the day, a TLS handshake, and a session with the small API server."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from harness.apiserver import CONFIGS, ApiServer
from sidecar.inject.cluster import Access, Cluster

NAMES = ["hook.system.svc", "hook"]
SECRET = "/api/v1/namespaces/system/secrets/hook-tls"
CONFIG = f"{CONFIGS}/hook"
START = datetime.now(UTC)


def days(number: float) -> datetime:
    return START + timedelta(days=number)


def access(api: ApiServer) -> Access:
    tls = ssl.create_default_context(cadata=api.authority.decode())
    return Access(f"https://localhost:{api.port}", tls, lambda: (api.mount / "token").read_text().strip())


def with_cluster(api: ApiServer, act: Callable[[Cluster], Awaitable[None]]) -> None:
    async def run() -> None:
        async with Cluster(access(api)) as cluster:
            await act(cluster)

    asyncio.run(run())


def shake_hands(context: ssl.SSLContext, bundle: bytes, name: str = "hook.system.svc") -> bytes:
    """The certificate (DER) that a client sees who trusts only `bundle`; raises ssl.SSLError if it does not trust."""
    ours, theirs = socket.socketpair()
    client = ssl.create_default_context(cadata=bundle.decode())

    def serve() -> None:
        try:
            context.wrap_socket(theirs, server_side=True).close()
        except OSError:
            theirs.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with client.wrap_socket(ours, server_hostname=name) as wrapped:
            return wrapped.getpeercert(binary_form=True) or b""
    finally:
        ours.close()
        thread.join(10)


def authorities(bundle: bytes) -> int:
    return bundle.count(b"BEGIN CERTIFICATE")
