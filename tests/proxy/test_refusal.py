"""A client that is turned away is told so in HTTP/1, and let go soon."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from harness.loopback import client, listening, port, run, until
from sidecar.proxy import refusal
from sidecar.proxy.acceptor import Acceptor, Adopter
from sidecar.proxy.refusal import Refusal


@contextlib.asynccontextmanager
async def refusing() -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A client that is turned away; at the end it is gone for us too."""
    gone: list[bool] = []
    sock = listening()
    adopter = Adopter()
    made = Acceptor(sock, lambda accepted: adopter.adopt(accepted, Refusal(lambda: gone.append(True))), lambda _: None)
    async with client(port(sock)) as streams:
        yield streams
    await until(lambda: gone == [True])
    made.close()


def test_it_gets_an_answer_that_says_who_gives_it_and_why() -> None:
    async def main() -> None:
        async with refusing() as (reader, writer):
            writer.write(b"POST /v2/models/m/infer HTTP/1.1\r\nHost: m\r\nContent-Length: 100000\r\n\r\n")
            writer.write(b"x" * 100_000)
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 503 ")
            assert b"\r\nx-sidecar-error: too-many-connections\r\n" in head
            assert b"\r\nRetry-After: 1\r\n" in head
            assert b"http.max_connections" in body

    run(main())


@pytest.mark.parametrize("first", [b"\x16\x03\x01", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"])
def test_one_that_does_not_speak_http1_is_closed_without_a_word(first: bytes) -> None:
    async def main() -> None:
        async with refusing() as (reader, writer):
            writer.write(first)
            assert await reader.read() == b""

    run(main())


def test_one_that_says_nothing_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusal, "_SECONDS", 0.05)

    async def main() -> None:
        async with refusing() as (reader, _):
            with contextlib.suppress(ConnectionResetError):
                assert await reader.read() == b""

    run(main())
