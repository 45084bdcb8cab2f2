"""The traffic process while it runs: starts its parts, hands snapshots to the observer, and drains when told to leave.

It is PID 1 in the container, so it loads nothing heavy (a test looks): the standard library, uvloop, httptools, msgspec and
PyYAML. Whatever needs more lives in the observer, which this process spawns. `sidecar.app` makes the parts.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import resource
import signal
import socket
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import NamedTuple

import uvloop

from sidecar.access import Access
from sidecar.core.words.snapshot import Snapshot
from sidecar.handoff.socket import SocketHandoff
from sidecar.handoff.wire import Hello
from sidecar.proxy.acceptor import Acceptor, Adopter
from sidecar.proxy.admin_front import AdminFront, Fronts, TrafficControl
from sidecar.proxy.conversation import Services
from sidecar.proxy.fallback import render
from sidecar.proxy.ingress import Ingress
from sidecar.proxy.splice import Connect
from sidecar.proxy.supervisor import Supervisor
from sidecar.proxy.tally import Waiting
from sidecar.settings import Settings

_SILENT_SECONDS = 60.0
"""How long an observer may be silent: longer than it takes to start on a busy machine, or to handle any batch."""


class AdminPort(NamedTuple):
    """The listening socket of the admin port, and who may ask what there."""

    socket: socket.socket
    access: Access


class Traffic:
    """Runs the parts of the traffic process.

    `connect_model` opens a connection to the model, to see whether it is ready. `observer` is the listening socket of the
    observer, to which `supervisor` hands it down.
    """

    def __init__(
        self,
        settings: Settings,
        services: Services,
        handoff: SocketHandoff,
        ingress: Ingress,
        supervisor: Supervisor,
        connect_model: Connect,
        admin: AdminPort,
        observer: socket.socket,
    ) -> None:
        self._settings = settings
        self._services = services
        self._handoff = handoff
        self._ingress = ingress
        self._supervisor = supervisor
        self._connect_model = connect_model
        self._admin = admin
        self._observer_socket = observer
        self._fronts = Fronts(services.gate.bounds.fronts, services.gate.front_gave_way)
        self._exit_code = 0
        self._reason = ""
        self._observers_started = 0
        self._stop = asyncio.Event()

    async def run(self) -> int:
        """Serve until SIGTERM, then drain. Returns the exit code."""
        loop = asyncio.get_running_loop()
        services = self._services
        loop.add_signal_handler(signal.SIGTERM, self._leave, "SIGTERM")
        loop.add_signal_handler(signal.SIGINT, self._on_interrupt)
        loop.add_signal_handler(signal.SIGHUP, self._supervisor.signal, signal.SIGHUP)
        self._supervisor.start(self._observer_started, self._observer_ended, self._refused)
        self._ingress.start()
        adopter = Adopter()
        admin = Acceptor(
            self._admin.socket,
            lambda sock: adopter.adopt(sock, AdminFront(self._control(), self._fronts)),
            services.gate.paused,
        )
        snapshots = loop.create_task(self._send_snapshots(), name="sender of snapshots")
        await self._stop.wait()
        flush_seconds = self._settings.drain.flush_seconds
        in_order = await self._ingress.leave(at_once=self._exit_code != 0)
        snapshots.cancel()
        services.ledger.settle()
        await self._handoff.drain(self._snapshot(), flush_seconds)
        await self._supervisor.stop(flush_seconds)
        admin.close()
        drain = "drained" if in_order else "the drain timed out, and connections that were left were reset"
        _say(f"sidecar ended with code {self._exit_code}: {self._reason}; {drain}")
        return self._exit_code

    def _control(self) -> TrafficControl:
        return TrafficControl(
            access=self._admin.access,
            draining=lambda: self._services.draining,
            model_accepts=self._model_accepts,
            observer_up=lambda: self._supervisor.up,
            metrics=lambda: render(self._snapshot(), self._settings.model),
            drain=self._ingress.begin_drain,
            end_drain=self._end_drain,
            drained=self._ingress.drained,
            connect_observer=self._connect_observer,
        )

    def _end_drain(self) -> bool:
        return not self._stop.is_set() and self._ingress.end_drain()

    def _leave(self, reason: str) -> None:
        self._reason = self._reason or reason
        self._ingress.begin_drain()
        self._stop.set()

    def _on_interrupt(self) -> None:
        if self._stop.is_set():  # Ctrl-C again: leave now
            _say("sidecar ended with code 1: SIGINT, and SIGINT again; the drain was cut short")
            os._exit(1)
        self._leave("SIGINT")

    async def _connect_observer(self, factory: Callable[[], asyncio.Protocol]) -> object:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.setblocking(False)
        try:
            sock.connect(self._observer_socket.getsockname())  # at once, or not at all if the backlog is full
            return await asyncio.get_running_loop().create_unix_connection(factory, sock=sock)
        except OSError:
            sock.close()
            raise

    async def _model_accepts(self) -> bool:
        try:
            transport, _ = await self._connect_model(asyncio.Protocol)
        except (OSError, TimeoutError):
            return False
        transport.close()
        return True

    def _observer_started(self, sock: socket.socket) -> None:
        self._services.tally.observer_restarts = self._observers_started
        self._observers_started += 1
        self._handoff.attach(sock, Hello(self._settings))
        self._handoff.send_snapshot(self._snapshot())

    def _refused(self) -> None:
        self._exit_code = 2
        self._leave("the observer refused its settings or its reference (see the line above)")

    def _observer_ended(self, reason: str) -> None:
        self._services.tally.observer_ends[reason] += 1
        self._handoff.detach()
        for front in list(self._fronts):
            front.observer_ended()

    def _snapshot(self) -> Snapshot:
        services = self._services
        services.ledger.settle()
        return services.tally.snapshot(
            now_ns=time.time_ns(),
            ready=self._ingress.listening and not services.draining,
            draining=services.draining,
            connections=self._ingress.connections,
            waiting=Waiting(self._handoff.waiting_bytes, self._handoff.waiting_exchanges, self._handoff.acknowledged),
        )

    async def _send_snapshots(self) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            while True:
                await asyncio.sleep(self._settings.handoff.snapshot_seconds)
                self._handoff.send_snapshot(self._snapshot())
                self._look_after_observer()

    def _look_after_observer(self) -> None:
        """End an observer that answers nothing: each snapshot is answered, and a stopped process does not end by itself."""
        silent = asyncio.get_running_loop().time() - self._handoff.heard
        if self._supervisor.up and silent > _SILENT_SECONDS:
            _say(f"observer has not answered for {silent:.0f} s, and is ended")
            self._supervisor.kill()


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def observer_listener() -> socket.socket:
    """Where observers serve the admin pages: an abstract Unix socket, which needs no writable file system.

    The observers inherit it, so a connection that comes while one starts waits in the backlog.
    """
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.bind(f"\0drift-sidecar-{os.getpid()}-{os.urandom(6).hex()}")
    sock.listen(128)
    return sock


def run(main: Callable[[], Coroutine[object, object, int]]) -> int:
    """Run `main` in an event loop and a process that are set up for many connections; returns what it returns."""
    _allow_many_connections()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)  # what an exchange allocates dies with it, without cycles
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main())


def descriptors() -> tuple[int, int]:
    """How many descriptors this process may have, and how many it has open."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return soft, len(list(Path("/proc/self/fd").iterdir()))


def _allow_many_connections() -> None:
    """Raise the limit of open files as far as it goes: every client takes two."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
