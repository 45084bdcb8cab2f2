"""The whole program over real sockets: the sidecar as a process, and a client and a model that a test plays itself.

A test sends and expects bytes on both sides in the order it likes; nothing happens behind its back. All sockets have a
timeout that only a broken program reaches, so a test fails instead of hanging.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO, Any, ClassVar

from sidecar.commands.demo_processes import is_unused

PATIENCE_SECONDS = 20.0
"""A time that only a broken program needs."""
STARTING_SECONDS = 60.0
"""A model that loads its libraries on a machine whose cores are all busy has not failed before."""
_TRACE_LINE = re.compile(rb"traceparent: 00-[0-9a-f]{32}-[0-9a-f]{16}-00\r\n\r\n\Z")
_RESET = struct.pack("ii", 1, 0)


class Wire:
    """One connected socket, seen as a stream of bytes. `Wire.close_all()` closes every one that is open."""

    _open: ClassVar[list[Wire]] = []

    def __init__(self, sock: socket.socket) -> None:
        self._open.append(self)
        self.sock = sock
        self.sock.settimeout(PATIENCE_SECONDS)
        if sock.family != socket.AF_UNIX:
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, data: bytes) -> None:
        """Send all of it."""
        self.sock.sendall(data)

    def send_each(self, data: bytes) -> None:
        """Send it in packets of one byte."""
        for at in range(len(data)):
            self.sock.sendall(data[at : at + 1])

    def take(self, size: int) -> bytes:
        """The next `size` bytes; fewer only at the end of the stream."""
        data = b""
        while len(data) < size and (piece := self.sock.recv(size - len(data))):
            data += piece
        return data

    def expect(self, data: bytes) -> None:
        """The next bytes are these."""
        came = self.take(len(data))
        assert came == data

    def expect_request(self, head: bytes, body: bytes = b"") -> None:
        """The next bytes are this request with one line of trace context at the end of its head."""
        came = self.head()
        line = _TRACE_LINE.search(came)
        assert line, came
        assert came[: line.start()] + b"\r\n" == head
        self.expect(body)

    def head(self) -> bytes:
        """The next bytes up to a blank line, not a byte more."""
        data = b""
        while not data.endswith(b"\r\n\r\n") and (piece := self.sock.recv(1)):
            data += piece
        return data

    def rest(self) -> bytes:
        """All bytes up to the end of the stream. Raises ConnectionResetError if it ends with a reset."""
        data = b""
        while piece := self.sock.recv(65_536):
            data += piece
        return data

    def expect_end(self) -> None:
        """Nothing more comes, and the stream ends in order."""
        assert self.rest() == b""

    def expect_reset(self) -> bytes:
        """The stream is reset; returns what came before."""
        data = b""
        try:
            while piece := self.sock.recv(65_536):
                data += piece
        except ConnectionError:
            return data
        raise AssertionError(f"ended in order after {data!r}")

    def end(self) -> None:
        """Send no more (half-close)."""
        self.sock.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Vanish with a reset."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.sock.close()

    def close(self) -> None:
        """Close both directions."""
        self.sock.close()

    @classmethod
    def close_all(cls) -> None:
        """At the end of a test."""
        while cls._open:
            cls._open.pop().close()

    def __enter__(self) -> Wire:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Model:
    """The listening socket of a model; the test accepts and answers itself."""

    def __init__(self, path: Path | None = None) -> None:
        if path is None:
            self._sock = socket.create_server(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{self._sock.getsockname()[1]}"
        else:
            self._sock = socket.socket(socket.AF_UNIX)
            self._sock.bind(str(path))
            self._sock.listen()
            self.address = f"unix:{path}"
        self._sock.settimeout(PATIENCE_SECONDS)

    def accept(self) -> Wire:
        """The next connection that the sidecar opened."""
        return Wire(self._sock.accept()[0])

    def close(self) -> None:
        """Accept no more; connections are refused from now on."""
        self._sock.close()


class Response:
    """An answer of the admin port."""

    def __init__(self, raw: bytes) -> None:
        head, _, self.body = raw.partition(b"\r\n\r\n")
        self.status = int(head.split(b" ", 2)[1])
        self.head = head.decode()

    @property
    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.body)


class Metrics:
    """Samples of the Prometheus text format."""

    def __init__(self, text: str) -> None:
        self.text = text

    def samples(self, name: str, **labels: str) -> list[tuple[dict[str, str], float]]:
        """Labels and value of each sample called `name` that has (at least) these labels."""
        found = []
        for line in self.text.splitlines():
            series, _, value = line.rpartition(" ")
            if series == name or series.startswith(name + "{"):
                pairs = dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', series))
                if labels.items() <= pairs.items():
                    found.append((pairs, float(value)))
        return found

    def total(self, name: str, **labels: str) -> float:
        """The sum of these samples."""
        return sum(value for _, value in self.samples(name, **labels))


class Sidecar:
    """The program as a user starts it. `sets` are settings by their dotted keys."""

    def __init__(
        self,
        upstream: str,
        sets: dict[str, Any] | None = None,
        environ: dict[str, str] | None = None,
        stdout: IO[bytes] | int = subprocess.DEVNULL,
        stderr: IO[bytes] | int | None = None,
        descriptors: int = 0,
    ) -> None:
        """`descriptors` is its limit of open files; 0 means as many as we may have."""
        self.port, self.admin_port = free_ports(2)
        arguments = [
            "--upstream",
            upstream,
            "--listen",
            f"127.0.0.1:{self.port}",
            "--admin",
            f"127.0.0.1:{self.admin_port}",
        ]
        for key, value in (sets or {}).items():
            arguments += ["--set", f"{key}={value}"]
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("SIDECAR_")}
        limited = ["prlimit", f"--nofile={descriptors}", "--"] if descriptors else []
        self.process = subprocess.Popen(
            [*limited, sys.executable, "-m", "sidecar.cli", "run", *arguments],
            env=inherited | {"TMPDIR": _temporary()} | (environ or {}),
            stdout=stdout,
            stderr=stderr,
        )

    @property
    def pid(self) -> int:
        """Of the traffic process."""
        return self.process.pid

    @property
    def observer_pid(self) -> int:
        """Of the observer that runs now.

        Between fork and exec it is not one yet: who stopped it there would stop its parent too, which waits for the exec.
        """
        pid = eventually(lambda: next((child for child in children(self.pid) if is_observer(child)), 0))
        return int(pid)

    def connect(self) -> Wire:
        """A client's connection to the traffic port."""
        return Wire(self._dial(self.port))

    def admin(self, request: str, lines: str = "x-drift-sidecar: test\r\n") -> Response:
        """What the admin port answers to e.g. `GET /metrics`, with these further lines in its head."""
        with Wire(self._dial(self.admin_port)) as wire:
            wire.send(f"{request} HTTP/1.1\r\nHost: 127.0.0.1\r\n{lines}Connection: close\r\n\r\n".encode())
            return Response(wire.rest())

    def _dial(self, port: int) -> socket.socket:
        return connect(port, lambda: self.process.poll() is None)

    def metrics(self) -> Metrics:
        """What `/metrics` says now."""
        answer = self.admin("GET /metrics")
        assert answer.status == 200, answer.body
        return Metrics(answer.body.decode())

    def exchanges(self) -> dict[str, int]:
        """`sidecar_exchanges_total` by outcome (reason, for opaque connections), without the zeros."""
        return {
            labels["outcome"]: int(value)
            for labels, value in self.metrics().samples("sidecar_exchanges_total")
            if value
        }

    def signal(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Send a signal to the traffic process."""
        self.process.send_signal(number)

    def wait(self) -> int:
        """The exit code, once it has ended."""
        return self.process.wait(PATIENCE_SECONDS)

    def kill(self) -> None:
        """End it and its observer, in whatever state they are."""
        for pid in children(self.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait(PATIENCE_SECONDS)


@functools.cache
def _temporary() -> str:
    """Of all programs that these tests start, and gone with them: what a sidecar keeps for its next start is not for others."""
    return _ours.enter_context(tempfile.TemporaryDirectory(prefix="drift-sidecar-tests-"))


def connect(port: int, alive: Callable[[], bool] = lambda: True) -> socket.socket:
    """Connect to a port of this host, which may not be there yet, as long as there is hope."""
    deadline = time.monotonic() + STARTING_SECONDS
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS)
        except ConnectionRefusedError:
            if time.monotonic() > deadline or not alive():
                raise
            time.sleep(0.01)


def eventually(look: Callable[[], Any], seconds: float = PATIENCE_SECONDS) -> Any:
    """The first true value of `look()`; AssertionError if there is none for so long."""
    deadline = time.monotonic() + seconds
    while not (value := look()):
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.01)
    return value


_PORTS = range(20_000, 32_768)
"""Below those that the kernel gives to clients, which may take one at any moment."""
_ours = contextlib.ExitStack()
atexit.register(_ours.close)


def free_ports(count: int) -> list[int]:
    """Ports of this host that nobody uses, and that no other process of the tests gets as long as this one runs.

    A port is ours if we hold an abstract Unix socket of its number: tests that run in parallel never ask for the same one, and
    the kernel gives it back when we end.
    """
    start = os.getpid() * 37 % len(_PORTS)
    found: list[int] = []
    for port in (*_PORTS[start:], *_PORTS[:start]):
        if len(found) < count and _reserve(port) and is_unused(port):
            found.append(port)
    assert len(found) == count, "no port is left"
    return found


def _reserve(port: int) -> bool:
    mark = socket.socket(socket.AF_UNIX)
    try:
        mark.bind(f"\0drift-sidecar tests, port {port}")
    except OSError:
        mark.close()
        return False
    _ours.callback(mark.close)
    return True


def children(pid: int) -> list[int]:
    """The processes that `pid` has started and that are not dead."""
    try:
        pids = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [int(child) for child in pids if process_state(int(child)) not in "ZX"]


def descendants(pid: int) -> list[int]:
    """Its children, theirs, and so on."""
    own = children(pid)
    return own + [one for child in own for one in descendants(child)]


def is_observer(pid: int) -> bool:
    """Whether a process runs the observer's program."""
    try:
        return b"sidecar.app" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return False


def process_state(pid: int) -> str:
    """The kernel's letter for it: R, S, T (stopped), Z (dead and not waited for), X (gone)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):  # it may end between the opening and the reading
        return "X"


def resident_bytes(pid: int) -> int:
    """Resident memory of a process."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) * 1024


def open_sockets(pid: int) -> int:
    """How many sockets a process has open."""
    folder = Path(f"/proc/{pid}/fd")
    links = []
    for entry in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):
            links.append(str(entry.readlink()))
    return sum(link.startswith("socket:") for link in links)
