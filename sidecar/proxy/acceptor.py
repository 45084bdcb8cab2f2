"""Accepts connections at a listening socket, and goes on whatever the kernel says.

The event loop's own server closes a connection without a word where there is no descriptor for it, and ends for good after
other errors. Here a connection that cannot be accepted waits in the kernel's queue and is tried again a little later, so
nothing spins and nothing needs mending by hand. Neighbours: `listener` for traffic, `traffic` for the admin port.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable
from typing import Final

_AGAIN_SECONDS: Final = 0.1
_EXHAUSTED: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


class Acceptor:
    """Hands each accepted socket to `accepted`, which owns it then; `paused` is told why accepting is put off."""

    def __init__(
        self, sock: socket.socket, accepted: Callable[[socket.socket], None], paused: Callable[[OSError], None]
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._socket = sock
        self._accepted = accepted
        self._paused = paused
        self._again: asyncio.TimerHandle | None = None
        self._loop.add_reader(sock.fileno(), self._readable)

    def close(self) -> None:
        """Accept no more; connections that still wait are reset by the kernel."""
        self._stop()
        self._socket.close()

    def _stop(self) -> None:
        if self._again is not None:
            self._again.cancel()
            self._again = None
        self._loop.remove_reader(self._socket.fileno())

    def _resume(self) -> None:
        self._again = None
        self._loop.add_reader(self._socket.fileno(), self._readable)

    def _readable(self) -> None:
        """Accept one: the loop calls again if there are more, and what was accepted before has its turn first."""
        try:
            sock, _peer = self._socket.accept()
        except OSError as error:
            if error.errno in _EXHAUSTED:
                self._put_off(error)
            return  # else this one client is gone already, or a firewall refuses it: accept(2)
        sock.setblocking(False)
        self._accepted(sock)

    def _put_off(self, error: OSError) -> None:
        self._paused(error)
        self._stop()
        self._again = self._loop.call_later(_AGAIN_SECONDS, self._resume)


class Adopter:
    """Ties accepted sockets to protocols."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[object]] = set()

    def adopt(self, sock: socket.socket, protocol: asyncio.Protocol) -> None:
        """Give `protocol` a transport over `sock`, soon. Without one it is told of the loss of its connection alone."""
        task = asyncio.get_running_loop().create_task(_tie(sock, protocol))
        self._tasks.add(task)  # the loop itself keeps no task alive
        task.add_done_callback(self._tasks.discard)


async def _tie(sock: socket.socket, protocol: asyncio.Protocol) -> None:
    try:
        await asyncio.get_running_loop().connect_accepted_socket(lambda: protocol, sock)
    except OSError as error:  # the kernel takes the socket no more; whoever counts the protocol hears of its end
        sock.close()
        protocol.connection_lost(error)
