"""Accepting goes on whatever the kernel says."""

from __future__ import annotations

import asyncio
import errno
import socket

import pytest

from harness.loopback import client, listening, port, run, until
from sidecar.proxy import acceptor
from sidecar.proxy.acceptor import Acceptor, Adopter


class Scripted:
    """A listening socket whose `accept` first raises what a kernel may say."""

    def __init__(self, *errors: int) -> None:
        self.real = listening()
        self.errors = list(errors)
        self.asked = 0

    def accept(self) -> tuple[socket.socket, object]:
        self.asked += 1
        if self.errors:
            raise OSError(self.errors.pop(0), "as the kernel says")
        return self.real.accept()

    def fileno(self) -> int:
        return self.real.fileno()

    def close(self) -> None:
        self.real.close()


class Accepting:
    """An acceptor and what came of it."""

    def __init__(self, sock: Scripted) -> None:
        self.sockets: list[socket.socket] = []
        self.pauses: list[int | None] = []
        self.made = Acceptor(sock, self._take, lambda error: self.pauses.append(error.errno))  # type: ignore[arg-type]  # the part of it that is used

    def _take(self, sock: socket.socket) -> None:
        self.sockets.append(sock)

    def close(self) -> None:
        self.made.close()
        for sock in self.sockets:
            sock.close()


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM])
def test_without_descriptors_or_memory_it_waits_and_tries_again(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acceptor, "_AGAIN_SECONDS", 0.05)

    async def main() -> None:
        sock = Scripted(number, number)
        accepting = Accepting(sock)
        async with client(port(sock.real)):
            await until(lambda: len(accepting.sockets) == 1)
        assert accepting.pauses == [number, number]
        assert sock.asked == 3  # twice in vain, once with success, and never in between
        accepting.close()

    run(main())


@pytest.mark.parametrize("number", [errno.ECONNABORTED, errno.EPERM, errno.EPROTO])
def test_one_client_that_cannot_be_accepted_costs_the_others_nothing(number: int) -> None:
    async def main() -> None:
        sock = Scripted(number)
        accepting = Accepting(sock)
        async with client(port(sock.real)):
            await until(lambda: len(accepting.sockets) == 1)
        assert accepting.pauses == []
        accepting.close()

    run(main())


def test_closed_it_accepts_no_more_even_if_it_was_about_to_try_again() -> None:
    async def main() -> None:
        sock = Scripted(errno.EMFILE)
        accepting = Accepting(sock)
        async with client(port(sock.real)):
            await until(lambda: bool(accepting.pauses))
            accepting.close()
            assert accepting.sockets == []

    run(main())


def test_an_adopted_socket_has_a_protocol_and_does_not_wait_to_fill_packets() -> None:
    class Greets(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            sock = transport.get_extra_info("socket")
            greeting = b"at once" if sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) else b"late"
            transport.write(greeting)  # type: ignore[attr-defined]  # a stream's
            transport.close()

    async def main() -> None:
        sock = listening()
        adopter = Adopter()
        made = Acceptor(sock, lambda accepted: adopter.adopt(accepted, Greets()), lambda error: None)
        async with client(port(sock)) as (reader, _):
            assert await reader.read() == b"at once"
        made.close()

    run(main())


@pytest.mark.filterwarnings("ignore:unclosed resource <TCPTransport")  # uvloop's own, which it makes before it looks
def test_who_gets_a_socket_that_is_gone_hears_of_its_end_and_is_not_counted_for_ever() -> None:
    class Ends(asyncio.Protocol):
        def __init__(self) -> None:
            self.errors: list[Exception | None] = []

        def connection_lost(self, error: Exception | None) -> None:
            self.errors.append(error)

    async def main() -> None:
        sock = socket.socket()
        sock.close()
        ends = Ends()
        Adopter().adopt(sock, ends)
        await until(lambda: bool(ends.errors))
        assert isinstance(ends.errors[0], OSError)

    run(main())
