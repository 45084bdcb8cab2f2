"""The composition root: the only file that knows everybody. Makes both processes out of their parts.

Imports stand inside the functions, because the traffic process must not load what only the observer needs.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys

from sidecar.errors import SidecarError
from sidecar.settings import Effective

OBSERVER_COMMAND = [sys.executable, "-m", "sidecar.app"]
"""Runs the observer; the supervisor adds the numbers of the two sockets it inherits."""


def run(effective: Effective) -> int:
    """Run the sidecar (this process carries the traffic). Returns the exit code; raises SettingsError."""
    from sidecar.proxy.traffic import run as run_traffic

    return run_traffic(effective.settings, OBSERVER_COMMAND)


def observe(handoff: socket.socket, admin: socket.socket) -> None:
    """Run the observer until the traffic process ends the handoff. Raises SidecarError for a bad reference or setting."""
    import functools
    import logging

    import uvloop

    from sidecar.core.reading.decoders import decoders
    from sidecar.core.watching.monitor import Monitor
    from sidecar.handoff.receive import receive_hello
    from sidecar.handoff.wire import FrameReader
    from sidecar.observer.complaints import Complaints
    from sidecar.observer.processes import read_containers
    from sidecar.observer.reload import Reloader
    from sidecar.observer.serve import serve, steady_clock
    from sidecar.observer.worker import Worker
    from sidecar.reference_store import read_reference, save_reference
    from sidecar.sinks import make_sinks

    reader = FrameReader()
    hello, early = receive_hello(handoff, reader)
    settings = hello.settings
    clock = steady_clock()
    reference = read_reference(settings.reference) if settings.reference else None
    monitor = Monitor(settings, reference, decoders(settings.decode), clock())

    def save_learned() -> None:
        if settings.learn.save and monitor.reference is not None:
            save_reference(monitor.reference, settings.learn.save)

    complaints = Complaints()
    reloader = Reloader(settings.reference, settings.reference_poll_seconds, monitor, complaints)
    containers = functools.partial(read_containers, settings.container)
    worker = Worker(monitor, make_sinks(settings), clock, complaints, save_learned, reloader, containers)
    logging.basicConfig(level=settings.log.level.upper(), stream=sys.stderr)
    uvloop.run(serve(settings, worker, clock, admin, handoff, reader, early))


def _observer_process(arguments: list[str]) -> int:
    """What `OBSERVER_COMMAND` runs. Exit code 2 says that the settings are at fault."""
    handoff, admin = (socket.socket(fileno=int(number)) for number in arguments)
    with contextlib.suppress(OSError):  # on a core that both processes want, ours never interrupts the traffic
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    try:
        observe(handoff, admin)
    except SidecarError as error:
        print(f"drift-sidecar: {error}", file=sys.stderr, flush=True)
        return error.exit_code
    except ConnectionError:
        return 0  # the traffic process left before we began
    return 0


if __name__ == "__main__":
    sys.exit(_observer_process(sys.argv[1:]))
