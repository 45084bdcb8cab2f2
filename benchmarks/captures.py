"""What captures cost the observer, and what a spool holds while its receiver is away.

`python -m benchmarks.captures cost [--exchanges 50000]`: CPU of a process per exchange that a capture sink takes and has on
the disk, threads included, of which none is spent in the traffic process: sinks run in the observer alone. Every head and
every body is different. `python -m benchmarks.captures spool [--minutes 10] [--rate 200] [--bytes N]`: the receiver is away
for as many exchanges as that makes, then comes back; says how many it got, in which order, how many were dropped, and how long
the event loop was held.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
import orjson

from harness.observed import exchange
from harness.receiver import Posted, receiving
from sidecar.core.words.events import ExchangeSeen
from sidecar.core.words.exchange import Exchange
from sidecar.settings import CaptureSettings, CloudEventsSettings, DrainSettings, Settings
from sidecar.sink import Sink
from sidecar.sinks import capture, cloudevents

_FEATURES = 20
_STEP_NS = 5_000_000
_LINES = "traceparent: 00-{:032x}-{:016x}-01\r\nx-request-id: {:032x}\r\nuser-agent: python-requests/2.32\r\n"


def main() -> None:
    """Print every figure, one a line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("cost", "spool"))
    parser.add_argument("--exchanges", type=int, default=50_000, help="of `cost`, in each form")
    parser.add_argument("--rounds", type=int, default=3, help="of `cost`; the least counts")
    parser.add_argument("--minutes", type=float, default=10.0, help="of `spool`: how long the receiver is away")
    parser.add_argument("--rate", type=float, default=200.0, help="of `spool`: exchanges a second")
    parser.add_argument("--bytes", type=int, default=536_870_912, help="of `spool`: its bound")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        if arguments.what == "cost":
            cost(arguments, Path(made))
        else:
            spool(arguments, Path(made))


def different(count: int) -> Iterator[Exchange]:
    """Exchanges of 20 features with heads, bodies and times of their own."""
    rng = random.Random(1)
    for at in range(count):
        row = {f"feature_{name}": rng.gauss(0, 1) for name in range(_FEATURES)}
        lines = _LINES.format(rng.getrandbits(128), rng.getrandbits(64), rng.getrandbits(128))
        one = exchange([row], request_lines=lines)
        yield msgspec.structs.replace(one, started_ns=one.started_ns + at * _STEP_NS)


def cost(arguments: argparse.Namespace, folder: Path) -> None:
    """Of JSON lines and of Parquet."""
    exchanges = list(different(arguments.exchanges))
    for form in ("jsonl", "parquet"):
        rounds = [taken(form, exchanges, folder / f"{form}-{at}") for at in range(arguments.rounds)]
        least = min(rounds)
        print(
            f"{form}: {least.micros:.1f} us an exchange of CPU, {least.handling:.1f} us of it on the event loop, "
            f"{least.bytes:,.0f} bytes an exchange on the disk"
        )


class Taken(NamedTuple):
    """Of one exchange."""

    micros: float
    handling: float
    bytes: float


def taken(form: str, exchanges: list[Exchange], folder: Path) -> Taken:
    """All of them captured, and flushed, at the pace of a disk that keeps up."""
    of = CaptureSettings(path=f"{folder}/", format=form, max_bytes=2**30)  # type: ignore[arg-type]  # one of both
    sink = capture.make(Settings(capture=of, drain=DrainSettings(flush_seconds=100)))
    sink.handle(ExchangeSeen(exchanges[0], 0))
    started, handling = time.process_time(), time.thread_time()
    for at, one in enumerate(exchanges[1:], start=1):
        sink.handle(ExchangeSeen(one, 0))
        while at - sink.results["sent"] > 4096:  # else the writer would be outrun, and would drop
            time.sleep(0.001)
    held = time.thread_time() - handling
    sink.flush()
    used = time.process_time() - started
    assert sink.results == {"sent": len(exchanges)}, sink.results
    size = sum(file.stat().st_size for file in folder.iterdir())
    return Taken(used / len(exchanges) * 1e6, held / len(exchanges) * 1e6, size / len(exchanges))


class _Seen(list[Posted]):
    """Keeps what tells requests apart, and not their bodies."""

    def __init__(self) -> None:
        super().__init__()
        self.order: list[float] = []
        self.ids: set[str] = set()

    def append(self, posted: Posted) -> None:
        """Note an event of a request, once."""
        if posted.headers["ce-type"].endswith(".request") and posted.headers["ce-id"] not in self.ids:
            self.ids.add(posted.headers["ce-id"])
            self.order.append(orjson.loads(posted.body)["inputs"][0]["data"][0])


def spool(arguments: argparse.Namespace, folder: Path) -> None:
    """A receiver that is away, and comes back."""
    count = round(arguments.minutes * 60 * arguments.rate)
    with receiving() as receiver:
        seen = receiver.posted = _Seen()
        receiver.go()
        of = CloudEventsSettings(url=receiver.url, spool=str(folder / "spool"), max_bytes=arguments.bytes)
        sink = cloudevents.make(Settings(cloudevents=of, drain=DrainSettings(flush_seconds=10)))
        longest, expected = feed(sink, count)
        dropped = sink.results.get("dropped", 0)
        size = sum(file.stat().st_size for file in (folder / "spool").iterdir())
        print(f"{count:,} exchanges while it was away: {dropped:,} dropped, {size / 2**20:,.0f} MiB in the spool")
        print(f"the event loop was held for {longest * 1e3:.1f} ms at most, for one exchange")
        receiver.come()
        started = time.monotonic()
        while sum(sink.results.values()) < count:
            time.sleep(0.1)
        seconds = time.monotonic() - started
        sink.flush()
        lost = count - dropped - len(seen.ids)
        print(f"it came back: {len(seen.ids):,} came within {seconds:.0f} s, {lost:,} were lost")
        print(f"in their order: {seen.order == expected[: len(seen.order)]}; results: {dict(sink.results)}")


def feed(sink: Sink, count: int) -> tuple[float, list[float]]:
    """The longest time of one exchange, in seconds, and the first value of each."""
    longest, values = 0.0, []
    for one in different(count):
        values.append(orjson.loads(one.request.body)["inputs"][0]["data"][0])
        started = time.perf_counter()
        sink.handle(ExchangeSeen(one, 0))
        longest = max(longest, time.perf_counter() - started)
    return longest, values


if __name__ == "__main__":
    main()
