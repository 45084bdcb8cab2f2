"""The composition root: the only file that knows everybody. Makes both processes out of their parts.

The parts get what they need as arguments and do not look for it; which classes they are is decided here. Imports stand
inside the functions, because the traffic process must not load what only the observer needs.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import os
import random
import resource
import secrets
import socket
import sys
import time
from typing import TYPE_CHECKING

from sidecar.errors import SidecarError
from sidecar.plain_text import one_line
from sidecar.settings import Settings
from sidecar.settings.load import Effective

if TYPE_CHECKING:
    from collections.abc import Callable

    from sidecar.handoff.port import Handoff
    from sidecar.proxy.conversation import Services
    from sidecar.proxy.overload import Bounds
    from sidecar.proxy.tally import Tally

OBSERVER_COMMAND = [sys.executable, "-m", "sidecar.app"]
"""Runs the observer; the supervisor adds the numbers of the two sockets it inherits."""

_LABEL_KEY_BYTES = 16
"""Of the key by which categories are labelled that must not be named; it is written nowhere and ends with the process."""
_READINESS_SECONDS = 1.0
"""How long the model may take to accept the connection by which `/readyz` tries it."""


def run(effective: Effective) -> int:
    """Run the sidecar (this process carries the traffic). Returns the exit code; raises SettingsError."""
    from sidecar.line_writer import standard_streams
    from sidecar.proxy import traffic

    with standard_streams() as streams:
        return traffic.run(lambda: carry_traffic(effective.settings, OBSERVER_COMMAND, lambda: streams.lost))


async def carry_traffic(
    settings: Settings, observer_command: list[str], log_lines_lost: Callable[[], int] = lambda: 0
) -> int:
    """Run the traffic process until it is told to leave. Returns the exit code.

    Raises SettingsError if an address is bad or taken, or the admin port's token cannot be read.
    """
    from sidecar.access import Access
    from sidecar.handoff.socket import SocketHandoff
    from sidecar.proxy.address import bind, parse_address
    from sidecar.proxy.ingress import Ingress
    from sidecar.proxy.overload import bounds
    from sidecar.proxy.splice import connector
    from sidecar.proxy.supervisor import Supervisor
    from sidecar.proxy.tally import Tally
    from sidecar.proxy.traffic import AdminPort, Traffic, descriptors, observer_listener

    loop = asyncio.get_running_loop()
    access = Access(settings.access)
    access.check()
    upstream = parse_address("upstream", settings.upstream, unix=True)
    tally = Tally(time.time_ns(), log_lines_lost)
    handoff = SocketHandoff(loop, settings.handoff, tally.shed)
    allowed = bounds(settings.http.max_connections, *descriptors())
    services = _services(settings, tally, handoff, allowed)
    ingress = Ingress(settings, services)
    connect_model = connector(upstream, _READINESS_SECONDS)
    with bind("admin", parse_address("admin", settings.admin)) as admin, observer_listener() as observer:
        supervisor = Supervisor(loop, observer_command, observer)
        asked = AdminPort(admin, access)
        return await Traffic(settings, services, handoff, ingress, supervisor, connect_model, asked, observer).run()


def _services(settings: Settings, tally: Tally, handoff: Handoff, allowed: Bounds) -> Services:
    """What all connections share."""
    from sidecar.proxy.conversation import Services
    from sidecar.proxy.ledger import Ledger
    from sidecar.proxy.overload import Budget, Gate
    from sidecar.proxy.route import Routes
    from sidecar.proxy.tap import Tap
    from sidecar.proxy.trace import Tracer

    rng = random.Random()
    tap = Tap(settings.tap, tally, rng)
    tracer = Tracer(settings.trace, rng)
    heads = Budget(settings.http.head_memory_limit_bytes)
    later = functools.partial(asyncio.get_running_loop().call_later, settings.handoff.flush_seconds)
    return Services(
        tally=tally,
        tap=tap,
        tracer=tracer,
        routes=Routes((*settings.http.routes, *settings.decode.routes)),
        ledger=Ledger(tally, tap, heads, handoff, tracer, lambda: time.time_ns() - time.monotonic_ns(), later),
        probes=frozenset(path.encode() for path in settings.http.probes),
        head_limit=settings.http.head_limit_bytes,
        heads=heads,
        gate=Gate(allowed, tally, time.monotonic, functools.partial(print, file=sys.stderr, flush=True)),
    )


def observe(handoff: socket.socket, admin: socket.socket, log_lines_lost: Callable[[], int]) -> None:
    """Run the observer until the traffic process ends the handoff. Raises SidecarError for a bad reference or setting."""
    import uvloop

    from sidecar.core.reading.decoders import decoders
    from sidecar.core.watching.monitor import Monitor
    from sidecar.handoff.receive import receive_hello
    from sidecar.handoff.wire import FrameReader
    from sidecar.last_good import LastGood
    from sidecar.observer.complaints import Complaints, Part
    from sidecar.observer.processes import read_containers
    from sidecar.observer.reload import Reloader
    from sidecar.observer.serve import serve, steady_clock
    from sidecar.observer.worker import Worker
    from sidecar.proxy.supervisor import OUT_OF_MEMORY
    from sidecar.reference_store import save_reference
    from sidecar.sinks import make_sinks

    reader = FrameReader()
    hello, early = receive_hello(handoff, reader)
    settings = hello.settings
    clock = steady_clock()
    limit = settings.observer.memory_limit_bytes
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    reference, failed = LastGood(settings.reference).read() if settings.reference else (None, None)
    label_key = secrets.token_bytes(_LABEL_KEY_BYTES)
    complaints = Complaints()

    def complain(error: Exception) -> None:
        complaints.add(Part.ANALYSIS, "the analysis of an exchange", error, clock())

    monitor = Monitor(settings, reference, decoders(settings.decode), clock(), label_key, complain)

    def save_learned() -> None:
        if settings.learn.save and monitor.reference is not None:
            save_reference(monitor.reference, settings.learn.save)

    reloader = Reloader(settings.reference, settings.reference_poll_seconds, monitor, complaints, failed)
    containers = functools.partial(read_containers, settings.container)
    worker = Worker(
        monitor,
        make_sinks(settings),
        clock,
        complaints,
        save_learned,
        reloader,
        containers,
        log_lines_lost,
        exhausted=lambda: os._exit(OUT_OF_MEMORY),
    )
    logging.getLogger().setLevel(settings.log.level.upper())
    uvloop.run(serve(settings, worker, clock, admin, handoff, reader, early))


def _observer_process(arguments: list[str]) -> int:
    """What `OBSERVER_COMMAND` runs. Exit code 2 says that the settings are at fault."""
    from sidecar.line_writer import standard_streams
    from sidecar.proxy.supervisor import OUT_OF_MEMORY

    handoff, admin = (socket.socket(fileno=int(number)) for number in arguments)
    with contextlib.suppress(OSError):  # on a core that both processes want, ours never interrupts the traffic
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    with standard_streams() as streams:
        try:
            observe(handoff, admin, lambda: streams.lost)
        except SidecarError as error:
            print(f"drift-sidecar: {one_line(str(error))}", file=sys.stderr)
            return error.exit_code
        except MemoryError:  # before it serves
            return OUT_OF_MEMORY
        except ConnectionError:
            print("observer ended with code 0: the traffic process left before it began", file=sys.stderr)
            return 0
        print("observer ended with code 0: the traffic process closed the handoff", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(_observer_process(sys.argv[1:]))
