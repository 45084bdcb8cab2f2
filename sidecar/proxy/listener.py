"""One listening socket for traffic: accepts clients, keeps track of their connections, and ends them in a drain.

Each connection is a `splice.Downstream`. All listeners together are `ingress`.
"""

from __future__ import annotations

import asyncio
import socket

from sidecar.proxy.conversation import Services
from sidecar.proxy.splice import Connect, Downstream, reset


class Listener:
    """The listening socket for traffic and the connections that came in through it."""

    def __init__(self, sock: socket.socket, services: Services, connect: Connect) -> None:
        self._socket = sock
        self._services = services
        self._connect = connect
        self._open: set[Downstream] = set()
        self._server: asyncio.Server | None = None
        self._empty = asyncio.Event()
        self._empty.set()

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return len(self._open)

    @property
    def listening(self) -> bool:
        """Whether new connections are accepted."""
        return self._server is not None

    async def start(self) -> None:
        """Begin to accept."""
        self._server = await asyncio.get_running_loop().create_server(self._accept, sock=self._socket)

    async def drain(self, notice: float, timeout: float, leave: bool = True) -> bool:
        """Let the connections end by themselves; True if they did within `timeout` seconds.

        For `notice` seconds new connections are still served, since load balancers do not know yet; without `leave`,
        always. Keep-alive connections are closed after their next response, or after the notice if they are idle. With
        `leave`, connections that are left at the timeout are reset.
        """
        self._services.draining = True
        await asyncio.sleep(min(notice, timeout))
        if leave and self._server is not None:
            self._server.close()
            self._server = None
        for downstream in list(self._open):
            downstream.close_if_idle()
        try:
            async with asyncio.timeout(max(0.0, timeout - notice)):
                await self._empty.wait()
        except TimeoutError:
            for downstream in list(self._open) if leave else ():
                reset(downstream.transport)
            return False
        return True

    def _accept(self) -> Downstream:
        downstream = Downstream(self._services, self._connect, self._forget)
        self._open.add(downstream)
        self._empty.clear()
        return downstream

    def _forget(self, downstream: Downstream) -> None:
        self._open.discard(downstream)
        if not self._open:
            self._empty.set()
