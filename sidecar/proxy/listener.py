"""One listening socket for traffic: lets clients in, keeps track of their connections, and ends them in a drain.

Each connection is a `splice.Downstream`, or a `refusal.Refusal` where the gate has no room. All listeners together are `ingress`.
"""

from __future__ import annotations

import asyncio
import socket

from sidecar.proxy.acceptor import Acceptor, Adopter
from sidecar.proxy.conversation import Services
from sidecar.proxy.refusal import Refusal
from sidecar.proxy.splice import Connect, Downstream


class Listener:
    """The listening socket for traffic and the connections that came in through it."""

    def __init__(self, sock: socket.socket, services: Services, connect: Connect) -> None:
        self._socket = sock
        self._services = services
        self._connect = connect
        self._open: set[Downstream] = set()
        self._gate = services.gate
        self._acceptor: Acceptor | None = None
        self._adopter = Adopter()
        self._empty = asyncio.Event()
        self._empty.set()

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return len(self._open)

    @property
    def listening(self) -> bool:
        """Whether new connections are accepted."""
        return self._acceptor is not None

    def start(self) -> None:
        """Begin to accept."""
        self._acceptor = Acceptor(self._socket, self._accepted, self._gate.paused)

    async def drain(self, notice: float, timeout: float, leave: bool = True) -> bool:
        """Let the connections end by themselves; True if they did within `timeout` seconds.

        For `notice` seconds new connections are still served, since load balancers do not know yet; without `leave`,
        always. Keep-alive connections are closed after their next response, or after the notice if they are idle. With
        `leave`, connections that are left at the timeout are reset.
        """
        self._services.draining = True
        await asyncio.sleep(min(notice, timeout))
        if leave and self._acceptor is not None:
            self._acceptor.close()
            self._acceptor = None
        for downstream in list(self._open):
            downstream.close_if_idle()
        try:
            async with asyncio.timeout(max(0.0, timeout - notice)):
                await self._empty.wait()
        except TimeoutError:
            for downstream in list(self._open) if leave else ():
                downstream.cut()
            return False
        return True

    def _accepted(self, sock: socket.socket) -> None:
        if not self._gate.admit():
            self._refuse(sock)
            return
        downstream = Downstream(self._services, self._connect, self._forget)
        self._open.add(downstream)
        self._empty.clear()
        self._adopter.adopt(sock, downstream)

    def _refuse(self, sock: socket.socket) -> None:
        """Tell a client that it is turned away, unless too many are being told."""
        gate = self._gate
        if gate.refusing >= gate.bounds.refusals:
            sock.close()
            return
        gate.refusing += 1
        self._adopter.adopt(sock, Refusal(self._told))

    def _told(self) -> None:
        self._gate.refusing -= 1

    def _forget(self, downstream: Downstream) -> None:
        self._gate.left()
        self._open.discard(downstream)
        if not self._open:
            self._empty.set()
