"""An HTTP receiver of CloudEvents that can be told to refuse, to hang, to answer with a status, and to come back."""

from __future__ import annotations

import contextlib
import http.server
import socketserver
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

_WAIT_SECONDS = 20.0


class Posted(NamedTuple):
    """One request, with lower-case header names."""

    path: str
    headers: Mapping[str, str]
    body: bytes


class Receiver:
    """Keeps what is posted to it. It stays at one port while it goes and comes."""

    def __init__(self) -> None:
        self.posted: list[Posted] = []
        self.status: Callable[[Posted], int] = lambda posted: 200
        self.hanging = False
        """Takes requests, and answers none."""
        self._server: _Server | None = None
        self._port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/consumer?key=1"

    def come(self) -> None:
        """Listen, and answer."""
        self.hanging = False
        self._server = _Server(("127.0.0.1", self._port), self)
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def go(self) -> None:
        """Refuse connections, and end those that are there."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server.end_connections()
            self._server = None

    def wait_for(self, count: int) -> list[Posted]:
        """What was posted, once there is so much of it."""
        end = time.monotonic() + _WAIT_SECONDS
        while len(self.posted) < count:
            assert time.monotonic() < end, f"{len(self.posted)} of {count} came"
            time.sleep(0.005)
        return self.posted


@contextlib.contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver that listens."""
    receiver = Receiver()
    receiver.come()
    try:
        yield receiver
    finally:
        receiver.go()


class _Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], receiver: Receiver) -> None:
        super().__init__(address, _Handler)
        self.receiver = receiver
        self.connections: list[_Handler] = []

    def end_connections(self) -> None:
        for one in self.connections:
            with contextlib.suppress(OSError):
                one.connection.shutdown(2)


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.server.connections.append(self)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        posted = Posted(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
        receiver = self.server.receiver
        while receiver.hanging:
            time.sleep(0.01)
            self.close_connection = True
        if self.close_connection:
            return
        status = receiver.status(posted)
        if 200 <= status < 300:
            receiver.posted.append(posted)
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the library's name
        """Nothing."""
