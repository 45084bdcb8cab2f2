"""The traffic process: joins listener, admin port, handoff and supervisor, and runs until it is told to drain.

It is PID 1 in the container. It loads nothing heavy (a test asserts that): the standard library, uvloop, httptools and
the settings reader. Whatever needs more lives in the observer, which this process spawns.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import random
import resource
import signal
import socket
import time
from collections.abc import Callable

import uvloop

from sidecar.core.words.snapshot import Snapshot
from sidecar.handoff.socket import SocketHandoff
from sidecar.handoff.wire import Hello
from sidecar.proxy.address import bind, parse_address
from sidecar.proxy.admin_front import AdminFront, TrafficControl
from sidecar.proxy.conversation import Services
from sidecar.proxy.fallback import render
from sidecar.proxy.ingress import Ingress
from sidecar.proxy.ledger import Ledger
from sidecar.proxy.route import Routes
from sidecar.proxy.splice import connector
from sidecar.proxy.supervisor import Supervisor
from sidecar.proxy.tally import Tally
from sidecar.proxy.tap import Tap
from sidecar.proxy.trace import Tracer
from sidecar.settings import Settings

_PROBE_SECONDS = 1.0
"""How long the model may take to accept the connection that readiness tries."""


class Traffic:
    """Everything in the traffic process. Raises SettingsError if an address is bad or taken."""

    def __init__(self, loop: asyncio.AbstractEventLoop, settings: Settings, observer_command: list[str]) -> None:
        self._loop = loop
        self._settings = settings
        self._upstream = parse_address("upstream", settings.upstream, unix=True)
        self._tally = Tally(time.time_ns())
        self._handoff = SocketHandoff(loop, settings.handoff, self._tally.shed)
        self._services = self._make_services()
        self._ingress = Ingress(settings, self._services)
        self._admin_socket = bind("admin", parse_address("admin", settings.admin))
        self._observer_socket = _observer_listener()
        self._fronts: set[AdminFront] = set()
        self._supervisor = Supervisor(
            loop, observer_command, self._observer_socket, self._observer_started, self._observer_ended, self._refused
        )
        self._exit_code = 0
        self._observers_started = 0
        self._stop = asyncio.Event()

    async def run(self) -> int:
        """Serve until SIGTERM, then drain. Returns the exit code."""
        self._loop.add_signal_handler(signal.SIGTERM, self._leave)
        self._loop.add_signal_handler(signal.SIGINT, self._on_interrupt)
        self._loop.add_signal_handler(signal.SIGHUP, self._supervisor.signal, signal.SIGHUP)
        self._supervisor.start()
        await self._ingress.start()
        admin = await self._loop.create_server(
            lambda: AdminFront(self._health(), self._fronts), sock=self._admin_socket
        )
        snapshots = self._loop.create_task(self._send_snapshots(), name="sender of snapshots")
        await self._stop.wait()
        drain = self._settings.drain
        await self._ingress.leave(at_once=self._exit_code != 0)
        snapshots.cancel()
        self._ledger.settle()
        await self._handoff.drain(self._snapshot(), drain.flush_seconds)
        await self._supervisor.stop(drain.flush_seconds)
        admin.close()
        return self._exit_code

    def _make_services(self) -> Services:
        settings = self._settings
        rng = random.Random()
        tap = Tap(settings.tap, self._tally, rng)
        tracer = Tracer(settings.trace, rng)
        later = settings.handoff.flush_seconds
        self._ledger = Ledger(
            self._tally,
            tap,
            self._handoff,
            tracer,
            epoch=lambda: time.time_ns() - time.monotonic_ns(),
            schedule=lambda settle: self._loop.call_later(later, settle),
        )
        return Services(
            tally=self._tally,
            tap=tap,
            ledger=self._ledger,
            tracer=tracer,
            routes=Routes(settings.http.routes),
            probes=frozenset(path.encode() for path in settings.http.probes),
            head_limit=settings.http.head_limit_bytes,
        )

    def _health(self) -> TrafficControl:
        return TrafficControl(
            draining=lambda: self._services.draining,
            model_accepts=self._model_accepts,
            observer_up=lambda: self._supervisor.up,
            metrics=lambda: render(self._snapshot(), self._settings.model),
            drain=self._ingress.begin_drain,
            drained=self._ingress.drained,
            connect_observer=self._connect_observer,
        )

    def _leave(self) -> None:
        self._ingress.begin_drain()
        self._stop.set()

    def _on_interrupt(self) -> None:
        if self._stop.is_set():  # Ctrl-C again: leave now
            os._exit(1)
        self._leave()

    async def _connect_observer(self, factory: Callable[[], asyncio.Protocol]) -> object:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.setblocking(False)
        try:
            sock.connect(self._observer_socket.getsockname())  # at once, or not at all if the backlog is full
            return await self._loop.create_unix_connection(factory, sock=sock)
        except OSError:
            sock.close()
            raise

    async def _model_accepts(self) -> bool:
        try:
            transport, _ = await connector(self._upstream, _PROBE_SECONDS)(asyncio.Protocol)
        except (OSError, TimeoutError):
            return False
        transport.close()
        return True

    def _observer_started(self, sock: socket.socket) -> None:
        self._tally.observer_restarts = self._observers_started
        self._observers_started += 1
        self._handoff.attach(sock, Hello(self._settings))
        self._handoff.send_snapshot(self._snapshot())

    def _refused(self) -> None:
        self._exit_code = 2
        self._leave()

    def _observer_ended(self) -> None:
        self._handoff.detach()
        for front in list(self._fronts):
            front.observer_ended()

    def _snapshot(self) -> Snapshot:
        services = self._services
        self._ledger.settle()
        return self._tally.snapshot(
            now_ns=time.time_ns(),
            ready=self._ingress.listening and not services.draining,
            draining=services.draining,
            connections=self._ingress.connections,
            handoff_bytes=self._handoff.waiting_bytes,
        )

    async def _send_snapshots(self) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            while True:
                await asyncio.sleep(self._settings.handoff.snapshot_seconds)
                self._handoff.send_snapshot(self._snapshot())


def _observer_listener() -> socket.socket:
    """Where observers serve the admin pages: an abstract Unix socket, which needs no writable file system.

    The observers inherit it, so a connection that comes while one starts waits in the backlog.
    """
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.bind(f"\0drift-sidecar-{os.getpid()}-{os.urandom(6).hex()}")
    sock.listen(128)
    return sock


def _allow_many_connections() -> None:
    """Raise the limit of open files as far as it goes: every client takes two."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def run(settings: Settings, observer_command: list[str]) -> int:
    """Run the traffic process to its end; returns the exit code."""
    _allow_many_connections()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)  # what an exchange allocates dies with it, without cycles
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        loop = runner.get_loop()
        return runner.run(_main(loop, settings, observer_command))


async def _main(loop: asyncio.AbstractEventLoop, settings: Settings, observer_command: list[str]) -> int:
    return await Traffic(loop, settings, observer_command).run()
