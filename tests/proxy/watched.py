"""Watchers of HTTP/1 with an owner that writes down what it hears, and streams to feed them."""

from __future__ import annotations

from harness.http_streams import Sent
from sidecar.proxy.http1 import RequestWatcher, ResponseWatcher, Watcher
from sidecar.proxy.overload import Budget

LINE = b"x-put-in: \xfe\xff\r\n"
LIMIT = 4096
HEAD_MEMORY = 1_000_000


class Seen:
    """An owner that writes down what it hears and asks for a line in every head."""

    def __init__(self, answers: list[Sent] | None = None) -> None:
        self.messages: list[tuple[bytes, bytes]] = []
        self.ended = 0
        self.reasons: list[str] = []
        self.watcher: Watcher | None = None
        self._answers = answers or []

    def on_head(self, raw: bytes, lowered: bytes) -> bytes:
        assert lowered == raw.lower()
        self.messages.append((raw, b""))
        if isinstance(self.watcher, ResponseWatcher) and len(self.messages) <= len(self._answers):
            self.watcher.bodyless = self._answers[len(self.messages) - 1].to_head
        return LINE

    def on_body(self, piece: bytes) -> None:
        head, body = self.messages[-1]
        self.messages[-1] = head, body + piece

    def on_end(self) -> None:
        self.ended += 1

    def on_opaque(self, reason: str) -> None:
        self.reasons.append(reason)


def requests(limit: int = LIMIT, heads: Budget | None = None) -> tuple[RequestWatcher, Seen]:
    seen = Seen()
    return RequestWatcher(seen, limit, heads or Budget(HEAD_MEMORY)), seen


def responses(answers: list[Sent] | None = None) -> tuple[ResponseWatcher, Seen]:
    seen = Seen(answers)
    seen.watcher = watcher = ResponseWatcher(seen, LIMIT, Budget(HEAD_MEMORY))
    return watcher, seen


def feed(watcher: Watcher, pieces: list[bytes]) -> bytes:
    """All that is forwarded. On the way no more than one byte may ever be held back."""
    out = b""
    came = 0
    for piece in pieces:
        out += watcher.feed(piece)
        came += len(piece)
        assert came - 1 <= len(out.replace(LINE, b"")) <= came
    return out + watcher.release()


def with_lines(sent: list[Sent]) -> bytes:
    return b"".join(message.head[:-2] + LINE + b"\r\n" + message.body for message in sent)


def watch(kind: type[Watcher], sent: list[Sent]) -> tuple[Watcher, Seen]:
    return requests() if kind is RequestWatcher else responses(sent)


GET = b"GET / HTTP/1.1\r\n"
CHUNKS = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
