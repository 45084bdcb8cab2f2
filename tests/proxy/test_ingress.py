"""All listeners together: which addresses they have, and the drain that they go through."""

from __future__ import annotations

import asyncio

import pytest

from harness.loopback import PATIENCE_SECONDS, answer_all, client, model, run
from harness.program import free_ports
from harness.talk import make_services
from sidecar.errors import SettingsError
from sidecar.proxy import ingress
from sidecar.proxy.ingress import Ingress, pairs
from sidecar.settings import DrainSettings, Settings

GET = b"GET / HTTP/1.1\r\nHost: m\r\n\r\n"


def settings(upstream: int, notice_seconds: float = 0) -> Settings:
    one, other = free_ports(2)
    return Settings(
        listen=f"127.0.0.1:{one}", upstream=f"127.0.0.1:{upstream}", also=(f"127.0.0.1:{other}=127.0.0.1:{upstream}",),
        drain=DrainSettings(notice_seconds=notice_seconds),
    )  # fmt: skip


def test_the_main_pair_of_addresses_comes_first() -> None:
    found = pairs(Settings(listen="a:1", upstream="unix:/m", also=("b:2=c:3",)))
    assert [(key, str(listen), str(upstream)) for key, listen, upstream in found] == [
        ("listen", "a:1", "unix:/m"),
        ("also", "b:2", "c:3"),
    ]


@pytest.mark.parametrize("also", ["b:2", "=c:3", "b:2=", "b=c:3", "unix:/a=c:3"])
def test_a_bad_pair_is_an_error_that_names_the_setting(also: str) -> None:
    with pytest.raises(SettingsError, match="also"):
        pairs(Settings(also=(also,)))


def test_an_address_that_is_taken_is_an_error() -> None:
    async def main() -> None:
        made = settings(1)
        taken = Ingress(made, make_services())
        with pytest.raises(SettingsError, match="listen"):
            Ingress(made, make_services())
        taken.start()
        await taken.leave(at_once=True)

    run(main())


def test_connections_of_all_listeners_are_counted_and_drained_together() -> None:
    async def main() -> None:
        async with model(answer_all) as number:
            made = settings(number)
            services = make_services()
            both = Ingress(made, services)
            assert not both.listening
            both.start()
            assert both.listening
            at = [int(listen.port) for _, listen, _ in pairs(made)]
            async with client(at[0]) as one, client(at[1]) as two:
                for reader, writer in (one, two):
                    writer.write(GET)
                    await reader.readuntil(b"\r\n\r\n")
                assert both.connections == 2
                both.begin_drain()
                both.begin_drain()  # a second time changes nothing
                assert services.draining
                assert await both.drained()
                assert (both.connections, both.listening) == (0, True)
                await both.leave(at_once=False)
                assert not both.listening
                assert [await reader.read() for reader, _ in (one, two)] == [b"", b""]

    run(main())


def test_who_asks_whether_it_is_drained_does_not_wait_for_a_drain_that_does_not_come(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ingress, "_BEGINS_SECONDS", 0.01)

    async def main() -> None:
        made = Ingress(settings(1), make_services())
        made.start()
        assert not await made.drained()
        await made.leave(at_once=True)

    run(main())


def test_the_notice_counts_from_the_beginning_of_the_drain() -> None:
    async def main() -> None:
        made = Ingress(settings(1, PATIENCE_SECONDS * 2), make_services())
        made.start()
        made.begin_drain()
        made._began -= PATIENCE_SECONDS * 2  # as if it had begun so long ago
        await made.leave(at_once=False)
        assert not made.listening

    run(main())


def test_who_leaves_at_once_gives_no_notice() -> None:
    async def main() -> None:
        made = Ingress(settings(1, PATIENCE_SECONDS * 2), make_services())
        made.start()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await made.leave(at_once=True)

    run(main())
