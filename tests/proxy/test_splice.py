"""Two sockets tied together: what passes, how each end of it is passed on, and the phases of a client's connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from harness.loopback import PATIENCE_SECONDS, answer_all, ask, client, listening, model, port, reset, run, until
from harness.talk import make_services
from sidecar.proxy import splice
from sidecar.proxy.address import Address
from sidecar.proxy.conversation import Services
from sidecar.proxy.splice import PHASES, Connect, Downstream, Phase, Relay, Turn, Upstream, connector
from sidecar.proxy.tally import Waiting

GET = b"GET / HTTP/1.1\r\nHost: m\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


class Ingoing:
    """A listening socket whose connections go by `connect`, and all that came."""

    def __init__(self, connect: Connect) -> None:
        self.connect = connect
        self.services: Services = make_services()
        self.came: list[Downstream] = []
        self.gone: list[Downstream] = []
        sock = listening()
        self.port = port(sock)
        self._sock = sock

    async def __aenter__(self) -> Ingoing:
        self._server = await asyncio.get_running_loop().create_server(self._accept, sock=self._sock)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for downstream in self.came:
            downstream.transport.abort()
        await until(lambda: len(self.gone) == len(self.came))

    def _accept(self) -> Downstream:
        self.came.append(Downstream(self.services, self.connect, self.gone.append))
        return self.came[-1]

    @property
    def outcomes(self) -> dict[str, int]:
        snapshot = self.services.tally.snapshot(0, ready=True, draining=False, connections=0, waiting=Waiting())
        return {outcome: count for _, outcome, count in snapshot.exchanges if count}


def to(number: int) -> Connect:
    return connector(Address("127.0.0.1", number), PATIENCE_SECONDS)


class Gate:
    """A model that is asked for a connection and says nothing until it is told what to say."""

    def __init__(self) -> None:
        self.said: asyncio.Future[Connect | OSError | TimeoutError] = asyncio.get_running_loop().create_future()

    async def __call__(self, factory: Callable[[], asyncio.Protocol]) -> Any:
        said = await self.said
        if isinstance(said, Exception):
            raise said
        return await said(factory)


def test_a_request_and_its_answer_pass_and_are_counted_when_both_sides_are_gone() -> None:
    async def main() -> None:
        async with model(answer_all) as number, Ingoing(to(number)) as ingoing:
            async with client(ingoing.port) as (reader, writer):
                writer.write(GET)
                assert await reader.readexactly(len(OK)) == OK
                assert [each.phase for each in ingoing.came] == [Phase.SPLICED]
            await until(lambda: ingoing.gone == ingoing.came)
            assert [each.phase for each in ingoing.came] == [Phase.GONE]
            assert ingoing.outcomes == {"complete": 1}

    run(main())


def test_while_the_model_is_not_there_one_read_is_kept_and_no_more_is_read() -> None:
    async def main() -> None:
        gate = Gate()
        async with model(answer_all) as number, Ingoing(gate) as ingoing, client(ingoing.port) as (reader, writer):
            writer.write(GET[:10])
            await until(lambda: bool(ingoing.came) and bool(ingoing.came[0]._early))
            downstream = ingoing.came[0]
            writer.write(GET[10:])
            assert not downstream.transport.is_reading()
            assert (downstream.phase, downstream._early) == (Phase.CONNECTING, GET[:10])
            gate.said.set_result(to(number))
            assert await reader.readexactly(len(OK)) == OK
            assert (downstream.phase, downstream._early) == (Phase.SPLICED, b"")

    run(main())


def test_an_end_that_came_before_the_model_is_passed_on_to_it() -> None:
    async def main() -> None:
        gate = Gate()
        async with model(answer_all) as number, Ingoing(gate) as ingoing, client(ingoing.port) as (reader, writer):
            writer.write_eof()
            await until(lambda: bool(ingoing.came) and ingoing.came[0]._at_eof)
            assert not ingoing.came[0].transport.is_closing()
            gate.said.set_result(to(number))
            assert await reader.read() == b""  # the model closed in turn

    run(main())


@pytest.mark.parametrize("pieces", [[GET + GET[:9]], [GET[:7], GET[7:]], [b"\r\n", GET]])
@pytest.mark.parametrize("early", [True, False])
def test_refused_the_client_is_answered_once_its_head_is_whole_and_the_rest_is_thrown_away(
    pieces: list[bytes], early: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(splice, "_LINGER_SECONDS", 0.01)

    async def main() -> None:
        gate = Gate()
        async with Ingoing(gate) as ingoing, client(ingoing.port) as (reader, writer):
            await until(lambda: bool(ingoing.came))
            downstream = ingoing.came[0]
            if early:
                writer.write(pieces[0])
                await until(lambda: bool(downstream._early))
            gate.said.set_result(ConnectionRefusedError())
            await until(lambda: downstream.phase is not Phase.CONNECTING)
            for piece in pieces[early:]:
                assert downstream.phase is Phase.REFUSING
                writer.write(piece)
                await asyncio.sleep(0.005)
            assert downstream.phase is Phase.REFUSED
            writer.write(GET)  # nobody listens any more
            answer = await reader.read()
            assert answer.startswith(b"HTTP/1.1 503 ")
            assert answer.count(b"HTTP/1.1 ") == 1
            await until(lambda: downstream.phase is Phase.GONE)
            assert ingoing.outcomes == {"upstream_refused": 1}

    run(main())


def test_refused_a_client_of_another_protocol_is_closed_without_a_word() -> None:
    async def main() -> None:
        async with Ingoing(to(_nobody())) as ingoing:
            assert await ask(ingoing.port, b"PING\r\n") == b""
            assert ingoing.outcomes == {"parse_error": 1}

    run(main())


def test_refused_a_client_that_only_ends_is_closed() -> None:
    async def main() -> None:
        gate = Gate()
        async with Ingoing(gate) as ingoing, client(ingoing.port) as (reader, writer):
            writer.write_eof()
            await until(lambda: bool(ingoing.came) and ingoing.came[0]._at_eof)
            gate.said.set_result(ConnectionRefusedError())
            assert await reader.read() == b""

    run(main())


def test_a_client_that_leaves_while_the_model_is_asked_ends_the_asking() -> None:
    async def main() -> None:
        gate = Gate()
        async with Ingoing(gate) as ingoing:
            async with client(ingoing.port):
                await until(lambda: bool(ingoing.came))
            await until(lambda: bool(ingoing.gone))
            await until(gate.said.cancelled)
            assert ingoing.came[0].phase is Phase.GONE

    run(main())


def test_a_model_that_accepts_in_the_instant_in_which_its_time_is_up_is_left_and_the_client_reset() -> None:
    async def main() -> None:
        async with model(answer_all) as number:

            async def late(factory: Callable[[], asyncio.Protocol]) -> Any:
                await to(number)(factory)
                raise TimeoutError

            async with Ingoing(late) as ingoing, client(ingoing.port) as (reader, _):
                with pytest.raises(ConnectionResetError):
                    await reader.read()
                await until(lambda: ingoing.gone == ingoing.came)

    run(main())


def test_every_turn_of_the_table_happens_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    happened: set[tuple[Phase, Turn]] = set()

    class Row(dict[Turn, Phase]):
        def __init__(self, phase: Phase) -> None:
            super().__init__(PHASES[phase])
            self.phase = phase

        def __getitem__(self, turn: Turn) -> Phase:
            happened.add((self.phase, turn))
            return super().__getitem__(turn)

    monkeypatch.setattr(splice, "PHASES", {phase: Row(phase) for phase in PHASES})
    monkeypatch.setattr(splice, "_LINGER_SECONDS", 0.01)

    async def main() -> None:
        gate = Gate()
        async with Ingoing(gate) as ingoing:
            async with client(ingoing.port):
                await until(lambda: bool(ingoing.came))
            await until(lambda: ingoing.gone == ingoing.came)
            ingoing.connect = to(_nobody())
            await ask(ingoing.port, GET)
            async with client(ingoing.port):
                await until(lambda: ingoing.came[-1].phase is Phase.REFUSING)
            async with model(answer_all) as number:
                ingoing.connect = to(number)
                async with client(ingoing.port) as (reader, writer):
                    writer.write(GET)
                    await reader.readexactly(len(OK))
                await until(lambda: ingoing.gone == ingoing.came)

    run(main())
    assert happened == {(phase, turn) for phase, row in PHASES.items() for turn in row}


def test_a_bare_relay_passes_bytes_ends_and_resets_on() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        one, other = Relay(), Relay()
        heard = asyncio.Event()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(await reader.read())  # which is over only when the end has come
            await heard.wait()
            reset(writer)

        sock = listening()
        server = await loop.create_server(lambda: one, sock=sock)
        async with model(serve) as number, client(port(sock)) as (reader, writer):
            await until(lambda: one.transport is not None)
            await loop.create_connection(lambda: other, "127.0.0.1", number)
            one.peer, other.peer = other, one
            writer.write(b"said before the end")
            writer.write_eof()
            assert await reader.readexactly(19) == b"said before the end"
            heard.set()
            with pytest.raises(ConnectionResetError):
                await reader.read()
        server.close()
        await until(lambda: one.peer is other.peer is None)

    run(main())


def test_back_pressure_goes_from_one_side_to_the_reading_of_the_other() -> None:
    class Transport(asyncio.Transport):
        def __init__(self) -> None:
            super().__init__()
            self.calls: list[str] = []

        def pause_reading(self) -> None:
            self.calls.append("pause")

        def resume_reading(self) -> None:
            self.calls.append("resume")

    one, other = Relay(), Relay()
    one.transport, other.transport = Transport(), Transport()
    one.pause_writing()  # nobody is there yet
    one.resume_writing()
    one.peer, other.peer = other, one
    one.pause_writing()
    one.resume_writing()
    assert (one.transport.calls, other.transport.calls) == ([], ["pause", "resume"])


def test_an_answer_that_waits_in_the_socket_of_a_dead_connection_is_still_the_client_s() -> None:
    async def main() -> None:
        async def answer_and_slam(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(OK)  # and closes, with most of the request unread

        async with model(answer_and_slam) as number, Ingoing(to(number)) as ingoing:
            head = b"POST / HTTP/1.1\r\nContent-Length: 10000000\r\n\r\n"
            assert (await ask(ingoing.port, head + b"x" * 1_000_000)).startswith(OK)

    run(main())


def _nobody() -> int:
    """A port at which nobody listens."""
    sock = listening()
    number = port(sock)
    sock.close()
    return number


def test_an_upstream_without_a_client_drops_what_comes() -> None:
    services = make_services()
    downstream = Downstream(services, to(_nobody()), lambda _: None)
    upstream = Upstream(downstream.conversation, downstream)
    upstream.data_received(OK)
    assert downstream.phase is Phase.CONNECTING
    assert services.tally.active_requests == 0
