"""A listener knows its connections, and lets them go in order when it drains."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import pytest

from harness.loopback import PATIENCE_SECONDS, answer_all, client, listening, model, port, run, until
from harness.talk import make_services
from sidecar.proxy import splice
from sidecar.proxy.address import Address
from sidecar.proxy.listener import Listener
from sidecar.proxy.splice import connector

GET = b"GET / HTTP/1.1\r\nHost: m\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


@contextlib.asynccontextmanager
async def listener() -> AsyncIterator[tuple[Listener, int]]:
    """A listener before a model that answers everything but POST."""
    async with model(answer_all) as number:
        sock = listening()
        services = make_services()
        made = Listener(sock, services, connector(Address("127.0.0.1", number), PATIENCE_SECONDS))
        at = port(sock)
        assert not made.listening
        made.start()
        try:
            yield made, at
        finally:
            await made.drain(0, 0)
            await until(lambda: made.connections == 0)


async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(GET)
    assert await reader.readexactly(len(OK)) == OK


def test_it_knows_how_many_clients_are_connected() -> None:
    async def main() -> None:
        async with listener() as (made, at):
            assert (made.listening, made.connections) == (True, 0)
            async with client(at) as one, client(at) as two:
                await talk(*one)
                await talk(*two)
                assert made.connections == 2
            await until(lambda: made.connections == 0)

    run(main())


def test_a_drain_closes_idle_connections_and_accepts_no_more() -> None:
    async def main() -> None:
        async with listener() as (made, at), client(at) as (reader, writer):
            await talk(reader, writer)
            assert await made.drain(0, PATIENCE_SECONDS)
            assert await reader.read() == b""
            assert (made.listening, made.connections) == (False, 0)
            with pytest.raises(OSError, match=r"refused|reset"):
                await asyncio.open_connection("127.0.0.1", at)

    run(main())


def test_a_drain_without_leaving_still_accepts() -> None:
    async def main() -> None:
        async with listener() as (made, at):
            assert await made.drain(0, PATIENCE_SECONDS, leave=False)
            async with client(at) as (reader, writer):
                writer.write(GET)
                closing = OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
                assert await reader.read() == closing
                assert made.listening

    run(main())


@pytest.mark.parametrize("leave", [True, False])
def test_what_is_not_done_in_time_is_cut_by_who_leaves(leave: bool) -> None:
    async def main() -> None:
        async with listener() as (made, at), client(at) as (reader, writer):
            writer.write(GET[:-2])
            await until(lambda: made.connections == 1)
            assert not await made.drain(0.05, 0.1, leave)  # the notice gives the head time to come
            if leave:
                with pytest.raises(ConnectionResetError):
                    await reader.read()
            else:
                writer.write(GET[-2:])
                assert (await reader.read()).startswith(b"HTTP/1.1 200")

    run(main())


async def accepted(made: Listener, at: int) -> socket.socket:
    """A client in the moment in which it is accepted: the loop has not given it a transport yet."""
    sock = socket.create_connection(("127.0.0.1", at))
    made._acceptor._readable()  # type: ignore[union-attr]  # it accepts
    assert [one.transport for one in made._open] == [None]
    return sock


@pytest.mark.parametrize("leave", [True, False])
def test_who_is_accepted_in_the_moment_of_the_drain_is_answered_once(leave: bool) -> None:
    async def main() -> None:
        async with listener() as (made, at):
            with await accepted(made, at) as sock:
                sock.sendall(GET)
                assert await made.drain(0, PATIENCE_SECONDS, leave)
                assert sock.recv(1000) == OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
                assert sock.recv(1000) == b""

    run(main())


def test_who_is_accepted_in_the_moment_of_the_drain_and_says_nothing_is_closed_soon(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(splice, "_FIRST_REQUEST_SECONDS", 0.05)

    async def main() -> None:
        async with listener() as (made, at):
            with await accepted(made, at) as sock:
                assert await made.drain(0, PATIENCE_SECONDS)
                assert sock.recv(1000) == b""

    run(main())


def test_a_drain_whose_time_is_up_in_that_moment_ends() -> None:
    async def main() -> None:
        async with listener() as (made, at):
            with await accepted(made, at):
                assert not await made.drain(0, 0)

    run(main())
