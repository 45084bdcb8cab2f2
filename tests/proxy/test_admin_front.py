"""The admin port: what is answered without the observer, what goes to it, and who may ask for a drain."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import pytest

from harness.loopback import PATIENCE_SECONDS, ask, client, listening, model, port, run, until
from sidecar.access import Access
from sidecar.proxy import admin_front
from sidecar.proxy.address import Address
from sidecar.proxy.admin_front import AdminFront, Fronts, TrafficControl
from sidecar.proxy.splice import connector
from sidecar.settings import AccessSettings

ANYBODY = AccessSettings()
GET = b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n"
DRAIN = b"%s /drain HTTP/1.1\r\nHost: %s\r\n%sContent-Length: 0\r\n\r\n"
CONSENT = b"X-Drift-Sidecar: test\r\n"


class Answering:
    """An admin port before an observer that `serve` plays, and the facts of a traffic process that stand still."""

    def __init__(self, observer: int = 0, most: int = 100, access: AccessSettings = ANYBODY) -> None:
        self._access = Access(access)
        self.draining = False
        self.accepts = True
        self.up = bool(observer)
        self.drains = 0
        self.gave_way = 0
        self.fronts = Fronts(most, self._one_gave_way)
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

    def _one_gave_way(self) -> None:
        self.gave_way += 1

    def _control(self) -> TrafficControl:
        async def accepts() -> bool:
            return self.accepts

        async def drained() -> bool:
            return self.draining

        def drain() -> None:
            self.drains += 1

        def end_drain() -> bool:
            self.drains -= 1
            return self.drains >= 0

        return TrafficControl(
            access=self._access,
            draining=lambda: self.draining,
            model_accepts=accepts,
            observer_up=lambda: self.up,
            metrics=lambda: "sidecar_observer_up 0\n",
            drain=drain,
            end_drain=end_drain,
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
            posted = await ask(answering.port, DRAIN % (b"POST", b"127.0.0.1:9481", CONSENT))
            assert posted.startswith(b"HTTP/1.1 202 ")
            assert answering.drains == 1

    run(main())


def test_a_drain_can_be_ended_and_one_that_is_not_there_cannot() -> None:
    async def main() -> None:
        async with Answering() as answering:
            answering.drains = 1
            for status in (b"200", b"409"):
                answer = await ask(answering.port, DRAIN % (b"DELETE", b"localhost", CONSENT))
                assert answer.startswith(b"HTTP/1.1 " + status)

    run(main())


@pytest.mark.parametrize("method", [b"POST", b"DELETE"])
@pytest.mark.parametrize(
    ("host", "lines"),
    [
        (b"127.0.0.1:9481", b""),  # a form of a web page needs no preflight
        (b"127.0.0.1:9481", CONSENT + b"Origin: https://evil.example\r\n"),
        (b"127.0.0.1:9481", CONSENT + b"ORIGIN: null\r\n"),
        (b"evil.example", CONSENT),  # a name that was made to lead here
        (b"evil.example:9481", CONSENT),
        (b"localhost.evil.example", CONSENT),
        (b"127.0.0.1.evil.example", CONSENT),
        (b"", CONSENT),
    ],
)
def test_no_web_page_can_begin_or_end_a_drain(method: bytes, host: bytes, lines: bytes) -> None:
    async def main() -> None:
        async with Answering() as answering:
            answer = await ask(answering.port, DRAIN % (method, host, lines))
            assert answer.startswith(b"HTTP/1.1 403 ")
            assert answering.drains == 0

    run(main())


@pytest.mark.parametrize("up", [False, True])
@pytest.mark.parametrize(("path", "line", "status"), [
    (b"/metrics", b"", b"401"),
    (b"/api/v1/status", b"", b"401"),
    (b"/livez", b"", b"200"),
    (b"/drained", b"", b"200"),
    (b"/metrics", b"Authorization: Bearer s3cret\r\n", b"200"),
])  # fmt: skip
def test_a_token_is_asked_for_here_too(path: bytes, line: bytes, status: bytes, up: bool, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("s3cret")
    access = AccessSettings(token_file=str(tmp_path / "token"), open_metrics=False)

    async def observe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")

    async def main() -> None:
        async with model(observe) as number, Answering(number if up else 0, access=access) as answering:
            answer = await ask(answering.port, b"GET %s HTTP/1.1\r\nHost: a\r\n%s\r\n" % (path, line))
            assert answer.startswith(b"HTTP/1.1 " + status)
            assert (b"\r\nWWW-Authenticate: Basic " in answer) == (status == b"401")

    run(main())


def test_every_answer_is_no_page_and_says_so() -> None:
    async def main() -> None:
        async with Answering() as answering:
            for path in (b"/livez", b"/readyz", b"/drain", b"/metrics", b"/api/v1/status", b"/"):
                head = (await ask(answering.port, GET % path)).partition(b"\r\n\r\n")[0] + b"\r\n"
                assert b"\r\nContent-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n" in head
                assert b"\r\nX-Content-Type-Options: nosniff\r\n" in head
                assert b"\r\nReferrer-Policy: no-referrer\r\n" in head

    run(main())


def test_half_a_request_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin_front, "_HEAD_SECONDS", 0.05)

    async def main() -> None:
        async with Answering() as answering, client(answering.port) as (reader, writer):
            writer.write(b"GET /livez HTTP/1.1\r\n")
            with contextlib.suppress(ConnectionResetError):
                assert await reader.read() == b""
            await until(lambda: not answering.fronts)

    run(main())


def test_half_requests_give_way_to_whole_ones_and_health_is_always_answered() -> None:
    async def main() -> None:
        async with Answering(most=5) as answering, contextlib.AsyncExitStack() as stack:
            for _ in range(20):
                _, writer = await stack.enter_async_context(client(answering.port))
                writer.write(b"GET /livez")
            await until(lambda: answering.gave_way == 15)
            assert len(answering.fronts) == 5
            assert (await ask(answering.port, GET % b"/livez")).startswith(b"HTTP/1.1 200 ")

    run(main())


def test_readers_that_stay_leave_room_for_scrapes_and_health() -> None:
    async def stay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async def main() -> None:
        async with model(stay) as number, Answering(number, most=8) as answering, contextlib.AsyncExitStack() as stack:
            for stays in (*[True] * 4, *[False] * 20):
                reader, writer = await stack.enter_async_context(client(answering.port))
                writer.write(GET % b"/api/v1/live")
                if stays:
                    await until(lambda: answering.fronts.spliced == len(answering.fronts))
                else:
                    assert (await reader.read()).startswith(b"HTTP/1.1 503 ")
            assert (answering.fronts.spliced, answering.gave_way) == (4, 20)
            for _ in range(2):
                _, writer = await stack.enter_async_context(client(answering.port))
                writer.write(GET % b"/metrics")
            await until(lambda: answering.fronts.spliced == 6)
            assert (await ask(answering.port, GET % b"/metrics")).startswith(b"HTTP/1.1 503 ")
            assert (await ask(answering.port, GET % b"/livez")).startswith(b"HTTP/1.1 200 ")

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
