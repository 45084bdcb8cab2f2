"""What clients and the model of a soak say to each other: every byte of it follows from a kind and a number.

So the model knows what it must have been sent, and the client what it must be answered, and both compare all of it. A new
kind of traffic is one line of `KINDS`.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sidecar.proxy.head import BLANK_LINE

LARGE_BYTES = 1_500_000
"""More than the tap keeps, and more than the sockets' buffers hold."""
_SPEAKER = re.compile(rb"\r\nX-Soak: (\w+) (\d+)\r\n")
_POST = b"POST /v2/models/m/infer HTTP/1.1\r\nHost: m\r\nContent-Type: application/json\r\nX-Soak: %s %d\r\n"
_OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@dataclass(frozen=True)
class Kind:
    """One kind of exchange. `asks` and `answers` give the bytes of a number, an answer in the pieces that are sent apart."""

    name: str
    asks: Callable[[int], bytes]
    answers: Callable[[int], list[bytes]]
    weight: int
    depth: int = 1
    """So many are sent at once, before the first is answered."""
    closes: bool = False
    """Its answer ends with the connection."""
    messages: tuple[str, ...] = ("ok", "ok")
    """What the observer makes of it: the results of `sidecar_decoded_total`, one for each message."""


def _sized(head: bytes, body: bytes) -> bytes:
    return b"%sContent-Length: %d\r\n\r\n%s" % (head, len(body), body)


def _chunks(pieces: list[bytes]) -> list[bytes]:
    return [b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces] + [b"0\r\n\r\n"]


def _row(number: int) -> bytes:
    return b'{"inputs":[{"name":"a","shape":[1],"datatype":"FP64","data":[%r]}]}' % random.Random(number).gauss(0, 1)


def _score(number: int) -> bytes:
    return b'{"id":"%d","outputs":[{"name":"score","shape":[1],"datatype":"FP64","data":[%r]}]}' % (
        number, random.Random(number).random(),
    )  # fmt: skip


def _post(name: bytes, body: Callable[[int], bytes]) -> Callable[[int], bytes]:
    return lambda number: _sized(_POST % (name, number), body(number))


def _answer(number: int) -> list[bytes]:
    return [_sized(_OK, _score(number))]


def _padded(text: Callable[[int], bytes]) -> Callable[[int], bytes]:
    """Valid JSON that is large: a member of random digits beside the rows."""
    return lambda number: (
        text(number)[:-1] + b',"pad":"%s"}' % random.Random(number).randbytes(LARGE_BYTES).hex().encode()
    )


def _events(number: int) -> list[bytes]:
    events = [b'data: {"id":"%d","at":%d}\n\n' % (number, at) for at in range(5)]
    return [
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n",
        *_chunks(events),
    ]


def _in_chunks(number: int) -> bytes:
    body = _row(number)
    cut = number % len(body)
    pieces = [piece for piece in (body[:cut], body[cut:]) if piece]
    return b"".join((_POST % (b"chunked", number), b"Transfer-Encoding: chunked\r\n\r\n", *_chunks(pieces)))


def _answer_in_chunks(number: int) -> list[bytes]:
    return [_OK + b"Transfer-Encoding: chunked\r\n\r\n", *_chunks([_score(number)])]


def _large_answer(number: int) -> list[bytes]:
    return [_sized(_OK, _padded(_score)(number))]


def _decline(number: int) -> list[bytes]:
    return [_sized(b"HTTP/1.1 422 No\r\n", _score(number))]


def _till_the_end(number: int) -> list[bytes]:
    return [b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n", _score(number)]


KINDS = (
    Kind("rows", _post(b"rows", _row), _answer, weight=60),
    Kind("pipelined", _post(b"pipelined", _row), _answer, weight=10, depth=4),
    Kind("chunked", _in_chunks, _answer_in_chunks, weight=10),
    Kind("stream", _post(b"stream", _row), _events, weight=8, messages=("ok", "syntax")),
    Kind("closing", _post(b"closing", _row), _till_the_end, weight=5, closes=True),
    Kind("large", _post(b"large", _padded(_row)), _large_answer, weight=1, messages=("truncated", "truncated")),
    Kind("unreadable", _post(b"unreadable", lambda number: b"{%d" % number), _answer, weight=3, messages=("syntax", "ok")),
    Kind("declined", _post(b"declined", _row), _decline, weight=3, messages=("ok",)),
)  # fmt: skip
BY_NAME = {kind.name: kind for kind in KINDS}
RUBBISH = (b"HTTP/1.1 2000 what\r\n\r\n", b"\x00" * 64, b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", b"}{")
"""What a model says that has gone mad."""
DIFFERS = _sized(b"HTTP/1.1 599 Another request came\r\nConnection: close\r\n", b"")
"""What the model answers if a request did not come as it was sent."""


def spoken(head: bytes) -> tuple[Kind, int] | None:
    """Kind and number of a request, by its head; None if it has none."""
    found = _SPEAKER.search(head)
    return (BY_NAME[found[1].decode()], int(found[2])) if found and found[1].decode() in BY_NAME else None


def numbers(seed: int) -> Iterator[tuple[Kind, int]]:
    """Kinds by their weights and numbers, without end, the same for the same seed."""
    rng = random.Random(seed)
    weights = [kind.weight for kind in KINDS]
    while True:
        yield rng.choices(KINDS, weights)[0], rng.randrange(1 << 40)


def without_notice(answer: bytes) -> bytes:
    """An answer without the line that a sidecar puts into the heads of answers while it drains."""
    head, blank, body = answer.partition(BLANK_LINE)
    return head.removesuffix(b"\r\nConnection: close") + blank + body
