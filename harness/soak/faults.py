"""The registry of what goes wrong in a soak. A new fault is one line of `FAULTS`.

Each fault does its harm, holds it for a while, and undoes what does not end by itself. It says which failures of clients
it explains; any other failure, at any moment, is one too many. Faults run beside the event loop of the clients.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from harness.program import Wire, connect, eventually, process_state
from harness.soak.exchanges import BY_NAME, without_notice
from harness.soak.stand import RECOVERY_SECONDS, Account, Stand, account

FEW_DESCRIPTORS = 5
CROWD = 300
VANISHING = 50
HALF_REQUESTS = 300
_MEMORY_LEFT = 4 << 20
_HELD_SECONDS = 0.2
"""Until half a request has reached the sidecar for sure."""


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong. `explains` names what clients may meet meanwhile (see `clients.Failure`)."""

    name: str
    act: Callable[[Stand], None]
    explains: frozenset[str] = frozenset()
    short: bool = True
    """Part of the short form. The others take seconds, and have tests of their own."""


def kill_observer(stand: Stand) -> None:
    """SIGKILL."""
    pid = stand.observer()
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: process_state(pid) in "XZ")


def stop_observer(stand: Stand) -> None:
    """SIGSTOP, and it goes on later."""
    pid = stand.observer()
    os.kill(pid, signal.SIGSTOP)
    time.sleep(stand.hold)
    os.kill(pid, signal.SIGCONT)


def exhaust_observer(stand: Stand) -> None:
    """Its address space may grow no further."""
    pid = stand.observer()
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[0])
    with _limited(pid, resource.RLIMIT_AS, pages * resource.getpagesize() + _MEMORY_LEFT):
        time.sleep(stand.hold)


def fill_disk(stand: Stand) -> None:
    """No file of the observer may grow, as on a disk that is full."""
    with _limited(stand.observer(), resource.RLIMIT_FSIZE, 0):
        time.sleep(stand.hold)


def kill_model(stand: Stand) -> None:
    """SIGKILL in the midst of its answers; it is back at once."""
    stand.end_model()
    stand.start_model()


def restart_model(stand: Stand) -> None:
    """SIGTERM, and it is back at once."""
    stand.end_model(signal.SIGTERM)
    stand.start_model()


def refuse(stand: Stand) -> None:
    """Nobody listens in the place of the model."""
    stand.end_model()
    time.sleep(stand.hold)
    stand.start_model()


def hang_model(stand: Stand) -> None:
    """SIGSTOP: it accepts, in the kernel, and answers later."""
    stand.model.send_signal(signal.SIGSTOP)
    time.sleep(stand.hold)
    stand.model.send_signal(signal.SIGCONT)


def madden_model(stand: Stand) -> None:
    """It answers what is not HTTP."""
    stand.model.send_signal(signal.SIGUSR1)
    time.sleep(stand.hold)
    stand.model.send_signal(signal.SIGUSR2)


def vanish(stand: Stand) -> None:
    """Clients that are gone within their request, before their answer, or within it."""
    large = BY_NAME["large"].asks(1)
    rows = BY_NAME["large"].answers(2)[0]
    for at in range(VANISHING):
        wire = stand.sidecar.connect()
        if at % 3 == 0:
            wire.send(large[: 1 + at * 1009 % len(large)])
        else:
            wire.send(BY_NAME["rows"].asks(at))
        if at % 3 == 2:
            wire.sock.recv(1 + at % min(100, len(rows)))
        wire.reset()


def crowd(stand: Stand) -> None:
    """More clients that say nothing than the sidecar lets in (`stand.MOST_CLIENTS`)."""
    with ExitStack() as stack:
        for _ in range(CROWD):
            stack.enter_context(stand.sidecar.connect())
        time.sleep(stand.hold)


def half_requests(stand: Stand) -> None:
    """Half requests to the admin port, which must answer all the same."""
    with ExitStack() as stack:
        for _ in range(HALF_REQUESTS):
            half = stack.enter_context(Wire(connect(stand.sidecar.admin_port)))
            with contextlib.suppress(OSError):
                half.send(b"GET /livez HTTP/1.1\r\nHo")
        assert stand.sidecar.admin("GET /livez").status == 200


def take_descriptors(stand: Stand) -> None:
    """No descriptor can be had."""
    with _limited(stand.sidecar.pid, resource.RLIMIT_NOFILE, FEW_DESCRIPTORS):
        time.sleep(stand.hold)


def spoil_reference(stand: Stand) -> None:
    """The reference is rubbish while the observer starts again; the file is mended later."""
    stand.reference_path.write_text("{" * 1000)
    kill_observer(stand)
    time.sleep(stand.hold)
    stand.mend_reference()


def leave_log(stand: Stand) -> None:
    """Nobody reads the pipe behind standard output and error, while there is something to say."""
    stand.log.leave()
    kill_observer(stand)
    time.sleep(stand.hold)
    stand.log.take()


def term_at_work(stand: Stand) -> None:
    """SIGTERM while all clients ask."""
    _leave(stand, stand.sidecar.signal)


def term_without_observer(stand: Stand) -> None:
    """SIGTERM while the observer is down."""
    _leave(stand, lambda: kill_observer(stand), stand.sidecar.signal)


def term_twice(stand: Stand) -> None:
    """SIGTERM while it drains already."""
    _leave(stand, stand.sidecar.signal, stand.sidecar.signal)


def term_at_start(stand: Stand) -> None:
    """SIGTERM to another sidecar as soon as it listens, before its observer is at work."""
    young = stand.start_sidecar()
    young.signal()
    try:
        assert young.process.wait(RECOVERY_SECONDS) == 0
    finally:
        young.kill()


FAULTS = (
    Fault("observer killed", kill_observer),
    Fault("model killed", kill_model, frozenset({"503", "unanswered", "cut"})),
    Fault("observer stopped", stop_observer),
    Fault("model hangs", hang_model),
    Fault("disk full", fill_disk),
    Fault("model refuses", refuse, frozenset({"503", "unanswered", "cut"})),
    Fault("clients vanish", vanish),
    Fault("model answers rubbish", madden_model, frozenset({"rubbish", "unanswered", "cut"})),
    Fault("observer out of memory", exhaust_observer),
    Fault("no descriptors", take_descriptors),
    Fault("half requests to the admin port", half_requests, short=False),
    Fault("model restarts", restart_model, frozenset({"503", "unanswered", "cut"})),
    Fault("reference is rubbish", spoil_reference, short=False),
    Fault("clients too many", crowd, frozenset({"503", "unanswered"})),
    Fault("log not read", leave_log, short=False),
    Fault("SIGTERM at the start", term_at_start, short=False),
    Fault("SIGTERM at work", term_at_work, frozenset({"connect", "unanswered"})),
    Fault("SIGTERM without observer", term_without_observer, frozenset({"connect", "unanswered"})),
    Fault("SIGTERM twice", term_twice, frozenset({"connect", "unanswered"}), short=False),
)


@contextlib.contextmanager
def _limited(pid: int, what: int, soft: int) -> Iterator[None]:
    """A limit of a process, for a while; it may end meanwhile."""
    before = resource.prlimit(pid, what)
    resource.prlimit(pid, what, (soft, before[1]))
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(pid, what, before)


def _leave(stand: Stand, *acts: Callable[[], object]) -> None:
    """End this life with one exchange held in the midst of its request: all others end, and the account is closed to it.

    Then the last one must be answered whole, the exit be 0, and a new life begin.
    """
    kind = BY_NAME["rows"]
    asked = kind.asks(7)
    with stand.sidecar.connect() as held:
        held.send(asked[:-1])
        time.sleep(_HELD_SECONDS)
        for act in acts:
            act()
        stand.accounts.append(eventually(lambda: _alone(stand), RECOVERY_SECONDS))
        held.send(asked[-1:])
        answer = held.rest()
    assert without_notice(answer) == b"".join(kind.answers(7)) != answer, answer
    assert stand.sidecar.process.wait(RECOVERY_SECONDS) == 0
    stand.sidecar = stand.start_sidecar()


def _alone(stand: Stand) -> Account | None:
    """The account, once a single client is left."""
    metrics = stand.sidecar.metrics()
    return account(metrics) if metrics.total("sidecar_connections") == 1 else None
