"""All listeners, one for each pair of addresses, and the drain that they go through together.

A drain can begin long before the process leaves: a native sidecar in Kubernetes learns of the pod's end from its preStop
hook, and must go on serving until the model has ended. The model's own preStop hook waits for `drained`. A single socket
is `listener`'s business.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from sidecar.errors import SettingsError
from sidecar.proxy.address import Address, bind, parse_address
from sidecar.proxy.conversation import Services
from sidecar.proxy.listener import Listener
from sidecar.proxy.splice import connector
from sidecar.settings import DrainSettings, Settings

_BEGINS_SECONDS = 5.0
"""If no drain has begun by then, none will: only the model is restarted, and it need not wait."""


def pairs(settings: Settings) -> list[tuple[str, Address, Address]]:
    """Setting, listening address and upstream address of each listener, the main one first. Raises SettingsError."""
    main = ("listen", parse_address("listen", settings.listen), parse_address("upstream", settings.upstream, unix=True))
    return [main, *map(_pair, settings.also)]


def _pair(text: str) -> tuple[str, Address, Address]:
    listen, equals, upstream = text.partition("=")
    if not equals:
        raise SettingsError(f"also = {text!r}", "is no pair of addresses", "Write it as LISTEN=UPSTREAM")
    return "also", parse_address("also", listen), parse_address("also", upstream, unix=True)


class Ingress:
    """All listeners. Raises SettingsError if an address is bad or taken."""

    def __init__(self, settings: Settings, services: Services) -> None:
        self._services = services
        self._settings: DrainSettings = settings.drain
        connect_timeout = settings.http.connect_timeout_seconds
        self._listeners: Sequence[Listener] = [
            Listener(bind(key, listen), services, connector(upstream, connect_timeout))
            for key, listen, upstream in pairs(settings)
        ]
        self._begun = asyncio.Event()
        self._began = 0.0
        self._quiet: asyncio.Task[bool] | None = None

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return sum(listener.connections for listener in self._listeners)

    @property
    def listening(self) -> bool:
        """Whether new connections are accepted, everywhere."""
        return all(listener.listening for listener in self._listeners)

    def start(self) -> None:
        """Begin to accept."""
        for listener in self._listeners:
            listener.start()

    def begin_drain(self) -> None:
        """Stop being ready and end keep-alive, but go on serving. A second call does nothing."""
        if self._quiet is not None:
            return
        self._services.draining = True
        self._began = asyncio.get_running_loop().time()
        quiet = self._drain(self._settings.notice_seconds, leave=False)
        self._quiet = asyncio.get_running_loop().create_task(quiet, name="drain")
        self._begun.set()

    def end_drain(self) -> bool:
        """Be ready again; False if there is no drain. Not for a drain before the end of the process (`leave`)."""
        if self._quiet is None:
            return False
        self._quiet.cancel()
        self._quiet = None
        self._begun.clear()
        self._services.draining = False
        return True

    async def drained(self) -> bool:
        """Wait until the drain is over or has timed out; returns False after a few seconds if none begins."""
        try:
            async with asyncio.timeout(_BEGINS_SECONDS):
                await self._begun.wait()
        except TimeoutError:
            return False
        if self._quiet is not None:
            await asyncio.wait([self._quiet])
        return self._quiet is not None

    async def leave(self, at_once: bool) -> bool:
        """Drain to the end; stop accepting at the end of the notice, or `at_once`. False if connections had to be reset."""
        self.begin_drain()
        passed = asyncio.get_running_loop().time() - self._began
        notice = 0.0 if at_once else max(0.0, self._settings.notice_seconds - passed)
        in_order = await self._drain(notice, leave=True)
        if self._quiet is not None:
            self._quiet.cancel()
        return in_order

    async def _drain(self, notice: float, leave: bool) -> bool:
        timeout = self._settings.timeout_seconds
        return all(await asyncio.gather(*(listener.drain(notice, timeout, leave) for listener in self._listeners)))
