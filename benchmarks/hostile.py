"""How long is the observer busy with the worst message? `python -m benchmarks.hostile`: CPU time of each body there is.

Each body of `harness.hostile` is fed three times to a monitor that begins without a reference: it learns from the first, which
happens once a stream, and compares the others. It prints both times in milliseconds, by the second.
"""

from __future__ import annotations

import time

from harness.hostile import HOSTILE, Body
from sidecar.core.reading.decoders import decoders
from sidecar.core.watching.monitor import Monitor
from sidecar.core.words.exchange import Exchange, Message, Outcome
from sidecar.settings import Settings

ANSWER = Message(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n", b'{"predictions":[1]}', 19)


def exchange(body: Body) -> Exchange:
    """The body as a request that was accepted."""
    coding = f"Content-Encoding: {body.coding}\r\n" if body.coding else ""
    head = f"POST {body.path} HTTP/1.1\r\nHost: m\r\nContent-Type: {body.content}\r\n{coding}\r\n".encode()
    request = Message(head, body.data, len(body.data))
    return Exchange(0, 1, 1, "POST", body.path, body.path, 200, Outcome.COMPLETE, request, ANSWER)


def milliseconds(body: Body) -> tuple[float, float]:
    """CPU time of the first turn, and of the quicker of two later ones: what else the machine does is no cost of a message."""
    settings = Settings()
    monitor = Monitor(settings, None, decoders(settings.decode), 0.0, b"key")
    one, spent = exchange(body), []
    for now in (1.0, 2.0, 3.0):
        began = time.process_time()
        monitor.feed_many([one], now)
        monitor.tick(now + 0.25)
        spent.append((time.process_time() - began) * 1000)
    return spent[0], min(spent[1:])


def main() -> None:
    """Print a line for each body."""
    found = sorted(((*milliseconds(make()), name) for name, make in HOSTILE.items()), key=lambda one: one[1])
    for first, later, name in found:
        print(f"{later:8.1f} ms, learning {first:6.1f} ms  {name}")


if __name__ == "__main__":
    main()
