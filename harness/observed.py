"""Real values for the observer's tests: V2 exchanges, snapshots, and a monitor fed with them."""

from __future__ import annotations

import random

import msgspec
import orjson

from harness.profiles import recounted_frames
from sidecar.core.reading.decoders import decoders
from sidecar.core.reference.profile import Profile
from sidecar.core.watching.monitor import Monitor
from sidecar.core.words.exchange import Exchange, Message, Outcome, Trace
from sidecar.core.words.frame import Frame, Side
from sidecar.core.words.snapshot import (
    ADDED_BOUNDS,
    DURATION_BOUNDS,
    OBSERVED,
    SIZE_BOUNDS,
    Histogram,
    RequestSeries,
    RouteSeries,
    Snapshot,
)
from sidecar.handoff.wire import NONE, Counts
from sidecar.settings import ModelSettings, SegmentSettings, Settings

STARTED = 1_700_000_000.0
"""Unix time at which the tests' clocks begin."""
ROUTE = "/v2/models/{model}/infer"
TRACE = Trace("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", "", sampled=True)
SETTINGS = Settings(model=ModelSettings(name="loans", version="7"))
SEGMENTED = msgspec.structs.replace(SETTINGS, segments=SegmentSettings(by="header:x-tenant", values=("acme",)))


def reference(names: tuple[str, ...] = ("age", "income"), rows: int = 2000) -> Profile:
    """Standard normals for every name, on the input side, and one output."""
    rng = random.Random(1)
    values = [rng.gauss(0, 1) for _ in range(rows * len(names))]
    frames = (
        Frame(Side.INPUT, names, rows, len(names), values),
        Frame(Side.OUTPUT, ("score",), rows, 1, [rng.random() for _ in range(rows)]),
    )
    return recounted_frames(frames)


def exchange(
    rows: list[dict[str, float]] | None = None,
    *,
    status: int = 200,
    trace: Trace | None = None,
    outcome: Outcome = Outcome.COMPLETE,
    request_lines: str = "",
    target: str = "/v2/models/loans/infer",
    duration_ns: int = 20_000_000,
) -> Exchange:
    """A V2 request of `rows` (default: one row) with an answer of one score a row, even between 0 and 1."""
    rows = rows if rows is not None else [{"age": 0.1, "income": -0.2}]
    inputs = [
        {"name": name, "shape": [len(rows), 1], "datatype": "FP64", "data": [row[name] for row in rows]}
        for name in (rows[0] if rows else ())
    ]
    spread = [(at + 0.5) / len(rows) for at in range(len(rows))]
    scores = {"name": "score", "shape": [len(rows)], "datatype": "FP64", "data": spread}
    asked = orjson.dumps({"inputs": inputs})
    answered = orjson.dumps({"model_name": "loans", "model_version": "7", "outputs": [scores]})
    return Exchange(
        started_ns=round(STARTED * 1e9),
        duration_ns=duration_ns,
        first_byte_ns=duration_ns // 2,
        method="POST",
        target=target,
        route=ROUTE,
        status=status,
        outcome=outcome,
        request=_message(f"POST {target} HTTP/1.1\r\nHost: loans.example:8080\r\n{request_lines}", asked),
        response=_message(f"HTTP/1.1 {status} OK\r\n", answered),
        trace=trace,
    )


def _message(lines: str, body: bytes) -> Message:
    head = f"{lines}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return Message(head.encode("latin-1"), body, len(body))


def analysed(exchanges: int) -> Counts:
    """An acknowledgement of so many exchanges whose rows were counted."""
    return exchanges, *NONE[1:]


def snapshot(requests: int = 10, *, status: int = 200, at: float = STARTED, **changes: object) -> Snapshot:
    """`requests` answers of 20 ms on the usual route, taken at Unix time `at`."""
    durations = histogram(DURATION_BOUNDS, 0.02, requests)
    sizes = histogram(SIZE_BOUNDS, 200, requests)
    made = Snapshot(
        taken_ns=round(at * 1e9),
        started_ns=round(STARTED * 1e9),
        ready=True,
        draining=False,
        active_requests=3,
        connections=2,
        handoff_bytes=100,
        handoff_exchanges=2,
        observed=tuple(zip(OBSERVED, analysed(requests), strict=True)),
        observer_restarts=1,
        observer_ends=(("memory", 1), ("hung", 0), ("other", 0)),
        log_lines_lost=0,
        requests=(RequestSeries("POST", ROUTE, status, durations),),
        routes=(RouteSeries(ROUTE, durations, sizes, sizes),),
        added=histogram(ADDED_BOUNDS, 0.00004, requests),
        exchanges=(("http1", "complete", requests), ("opaque", "tls", 1)),
        shed=(("body", "bytes", 4),),
        connections_limit=1000,
        refused=(("connections", 6), ("descriptors", 0), ("admin", 0)),
        accept_pauses=1,
    )
    return msgspec.structs.replace(made, **changes)


def histogram(bounds: tuple[float, ...], value: float, count: int) -> Histogram:
    """`count` times `value`."""
    at = sum(bound < value for bound in bounds)
    return Histogram(tuple(count * (index == at) for index in range(len(bounds) + 1)), value * count)


def monitor(profile: Profile | None = None, settings: Settings = SETTINGS) -> Monitor:
    """A monitor with the usual reference, which began at STARTED."""
    return Monitor(settings, profile or reference(), decoders(settings.decode), STARTED)


def drifted_monitor(settings: Settings = SETTINGS, profile: Profile | None = None) -> Monitor:
    """One that has seen 3,000 rows in which `age` moved by two standard deviations."""
    made = monitor(profile, settings)
    rng = random.Random(2)
    for step in range(60):
        rows = [{"age": rng.gauss(2, 1), "income": rng.gauss(0, 1)} for _ in range(50)]
        made.feed(exchange(rows), STARTED + step)
    made.tick(STARTED + 61)
    return made
