"""The admin port: what is answered without the observer, what goes to it, and who may ask for a drain."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from harness.loopback import PATIENCE_SECONDS, ask, client, listening, model, port, run, until
from sidecar.proxy.address import Address
from sidecar.proxy.admin_front import AdminFront, TrafficControl, is_loopback
from sidecar.proxy.splice import connector


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"])
def test_the_pod_itself_is_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", "10.0.0.127", "128.0.0.1", "::12", "::1:7f00:1", "::ffff:10.127.0.1", "fe80::1"])
def test_nobody_else_is(host: str) -> None:
    assert not is_loopback(host)


GET = b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n"


class Answering:
    """An admin port before an observer that `serve` plays, and the facts of a traffic process that stand still."""

    def __init__(self, observer: int = 0) -> None:
        self.draining = False
        self.accepts = True
        self.up = bool(observer)
        self.drains = 0
        self.fronts: set[AdminFront] = set()
        self.observer = observer
        self._sock = listening()
        self.port = port(self._sock)

    async def __aenter__(self) -> Answering:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: AdminFront(self._control(), self.fronts), sock=self._sock)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await until(lambda: not self.fronts)

    def _control(self) -> TrafficControl:
        async def accepts() -> bool:
            return self.accepts

        async def drained() -> bool:
            return self.draining

        def drain() -> None:
            self.drains += 1

        return TrafficControl(
            draining=lambda: self.draining,
            model_accepts=accepts,
            observer_up=lambda: self.up,
            metrics=lambda: "sidecar_observer_up 0\n",
            drain=drain,
            drained=drained,
            connect_observer=connector(Address("127.0.0.1", self.observer), PATIENCE_SECONDS),
        )


@pytest.mark.parametrize(
    ("path", "draining", "accepts", "status", "body"),
    [
        (b"/livez", True, False, b"200 OK", b'{"status":"alive"}'),
        (b"/readyz?verbose", False, True, b"200 OK", b'{"status": "ready"}'),
        (b"/readyz", True, True, b"503 Service Unavailable", b'{"status": "draining"}'),
        (b"/readyz", False, False, b"503 Service Unavailable", b'{"status": "model does not accept connections"}'),
        (b"/drained", True, True, b"200 OK", b'{"status": "drained"}'),
        (b"/drained", False, True, b"200 OK", b'{"status": "not draining"}'),
        (b"/metrics", False, True, b"200 OK", b"sidecar_observer_up 0\n"),
        (b"/api/v1/status", False, True, b"503 Service Unavailable",
         b'{"detail":"the observer is restarting; traffic is not affected"}'),
    ],
)  # fmt: skip
def test_without_an_observer_health_and_the_tally_are_answered(
    path: bytes, draining: bool, accepts: bool, status: bytes, body: bytes
) -> None:
    async def main() -> None:
        async with Answering() as answering:
            answering.draining, answering.accepts = draining, accepts
            head, _, came = (await ask(answering.port, GET % path)).partition(b"\r\n\r\n")
            assert (head.split(b"\r\n")[0], came) == (b"HTTP/1.1 " + status, body)
            assert b"\r\nContent-Length: %d\r\n" % len(body) in head
            headless = await ask(answering.port, (GET % path).replace(b"GET", b"HEAD"))
            assert headless == head + b"\r\n\r\n"

    run(main())


def test_only_a_post_drains() -> None:
    async def main() -> None:
        async with Answering() as answering:
            assert (await ask(answering.port, GET % b"/drain")).startswith(b"HTTP/1.1 405 ")
            assert answering.drains == 0
            posted = await ask(answering.port, b"POST /drain HTTP/1.1\r\nContent-Length: 0\r\n\r\n")
            assert posted.startswith(b"HTTP/1.1 202 ")
            assert answering.drains == 1

    run(main())


def test_everything_else_goes_to_the_observer_byte_for_byte() -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1000):
            writer.write(data)

    async def main() -> None:
        async with model(echo) as number, Answering(number) as answering, client(answering.port) as (reader, writer):
            for piece in (b"POST /api HTTP/1.1\r\n", b"\r\nbody", b"\0more"):
                writer.write(piece)
            assert await reader.readexactly(31) == b"POST /api HTTP/1.1\r\n\r\nbody\0more"
            writer.write_eof()
            assert await reader.read() == b""

    run(main())


@pytest.mark.parametrize("begun", [False, True])
def test_an_observer_that_ends_leaves_no_question_open(begun: bool) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if begun:
            writer.write(b"HTTP/1.1 200 OK\r\n")
        await reader.read()
        await reader.read()

    async def main() -> None:
        async with model(silent) as number, Answering(number) as answering, client(answering.port) as (reader, writer):
            writer.write(GET % b"/metrics")
            await until(lambda: any(front.peer and front.answered == begun for front in answering.fronts))
            answering.up = False
            for front in list(answering.fronts):
                front.observer_ended()
            if begun:
                with pytest.raises(ConnectionResetError):
                    await reader.read()
            else:
                assert (await reader.read()).endswith(b"sidecar_observer_up 0\n")

    run(main())


def test_an_observer_that_does_not_accept_is_answered_for() -> None:
    async def main() -> None:
        async with Answering(observer=1) as answering:
            assert (await ask(answering.port, GET % b"/metrics")).endswith(b"sidecar_observer_up 0\n")

    run(main())


def test_a_head_without_end_is_not_collected() -> None:
    async def main() -> None:
        async with Answering() as answering, client(answering.port) as (reader, writer):
            writer.write(b"GET / HTTP/1.1\r\nX: " + b"x" * 20_000)
            with contextlib.suppress(ConnectionResetError):  # it closes with bytes unread
                assert await reader.read() == b""

    run(main())
