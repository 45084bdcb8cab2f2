"""What `drift-sidecar check --admin` says of a sidecar that runs: in words, from its health and its metrics.

An *error* is what is wrong now. A *finding* is what was counted since the start, or what somebody should know; it does not
change the exit code. Pure: `check` asks.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Iterator
from typing import NamedTuple

from prometheus_client.parser import text_string_to_metric_families

from sidecar.commands.asking import REFUSED, REFUSED_FIX, Answered

Labels = dict[str, str]
Samples = dict[str, list[tuple[Labels, float]]]
_LOST_EVENTS = ("dropped", "failed")
"""Results of `sidecar_sink_events_total` that are a loss."""
_ALL: tuple[str, tuple[str, ...]] = ("", ("",))


class Level(enum.StrEnum):
    """How much a line matters."""

    OK = "ok"
    FINDING = "finding"
    ERROR = "error"


class Line(NamedTuple):
    """One thing that was looked at."""

    about: str
    level: Level
    said: str


def judged(livez: Answered, readyz: Answered, metrics: Answered) -> list[Line]:
    """A line for each thing that was looked at."""
    lines = [_alive(livez), _ready(readyz)]
    if metrics.status != 200:
        fix = f"; {REFUSED_FIX}" if metrics.status in REFUSED else ""
        return [*lines, Line("metrics", Level.ERROR, f"/metrics answers with status {metrics.status}{fix}")]
    samples = _samples(metrics.body.decode("utf-8", "replace"))
    return lines + [line for look in _LOOKS for line in look(samples)]


def _samples(text: str) -> Samples:
    found: Samples = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


def _alive(livez: Answered) -> Line:
    if livez.status == 200:
        return Line("process", Level.OK, "the traffic process answers")
    return Line("process", Level.ERROR, f"/livez answers with status {livez.status}")


def _ready(readyz: Answered) -> Line:
    if readyz.status == 200:
        return Line("model", Level.OK, "ready: the model accepts connections")
    try:
        why = str(json.loads(readyz.body)["status"])
    except (ValueError, KeyError, TypeError):
        why = f"status {readyz.status}"
    if why == "draining":
        return Line("model", Level.FINDING, "not ready: it drains, because it was told to leave")
    return Line("model", Level.ERROR, f"not ready: {why}")


def _traffic(samples: Samples) -> Iterator[Line]:
    ended = sum(value for _, value in samples.get("sidecar_exchanges_total", ()))
    if not ended:
        yield Line("traffic", Level.FINDING, "no exchange has passed yet: do clients call the sidecar's port?")
        return
    yield Line("traffic", Level.OK, f"{ended:.0f} exchanges have passed")
    refused = _by(samples, "sidecar_exchanges_total", "protocol", only=("outcome", ("upstream_refused",)))
    if refused:
        yield Line("traffic", Level.FINDING, f"answered 503 because the model took no connection: {refused}")


def _observer(samples: Samples) -> Iterator[Line]:
    if not _total(samples, "sidecar_observer_up"):
        yield Line("observer", Level.ERROR, "the observer is down: traffic passes, and nothing is analysed")
        return
    restarts = _total(samples, "sidecar_observer_restarts_total")
    if restarts:
        yield Line("observer", Level.FINDING, f"up; it was started again {restarts:.0f} times, its log says why")
    else:
        yield Line("observer", Level.OK, "up since the start")


def _reference(samples: Samples) -> Iterator[Line]:
    if not _total(samples, "sidecar_observer_up"):
        return
    sources = sorted({labels["source"] for labels, _ in samples.get("model_reference_info", ())})
    if not sources:
        yield Line("reference", Level.FINDING, "none yet: rows of the first exchanges will make one")
    elif "learning" in sources:
        yield Line("reference", Level.FINDING, "is being learned: there are no verdicts meanwhile")
    else:
        yield Line("reference", Level.OK, f"in use, from: {', '.join(sources)}")
    failed = _by(samples, "sidecar_reference_reloads_total", "result", only=("result", ("failed",)))
    if failed:
        yield Line("reference", Level.FINDING, f"a new one could not be read, and the last good one stays: {failed}")


def _verdicts(samples: Samples) -> Iterator[Line]:
    for name, what in (("model_drifted_features", "drift"), ("model_mismatched_features", "mismatch")):
        if count := _total(samples, name):
            yield Line("verdicts", Level.FINDING, f"features in state {what}: {count:.0f}")


def _losses(samples: Samples) -> Iterator[Line]:
    yield _counted(samples, "shed", "sidecar_shed_total", ("stage", "reason"), "nothing was shed")
    yield _counted(samples, "refusals", "sidecar_refused_connections_total", ("reason",), "nobody was turned away")
    if _total(samples, "sidecar_observer_up"):
        yield _counted(samples, "faults", "sidecar_faults_total", ("kind",), "no fault of the observer")
    failed = _by(samples, "sidecar_sink_events_total", "sink", "result", only=("result", _LOST_EVENTS))
    if failed:
        yield Line("sinks", Level.FINDING, f"events that did not go out: {failed}")
    if lost := _total(samples, "sidecar_log_lines_lost_total"):
        yield Line("log", Level.FINDING, f"lines that nobody took in time: {lost:.0f}")


def _counted(samples: Samples, about: str, name: str, labels: tuple[str, ...], none: str) -> Line:
    said = _by(samples, name, *labels)
    return Line(about, Level.FINDING, f"since the start: {said}") if said else Line(about, Level.OK, none)


def _by(samples: Samples, name: str, *labels: str, only: tuple[str, tuple[str, ...]] = _ALL) -> str:
    """`tap/memory 12, ...`, of these labels, for each sample that is not zero; `only` is a label and values it may have."""
    label, values = only
    return ", ".join(
        f"{'/'.join(found.get(one, '') for one in labels)} {value:.0f}"
        for found, value in samples.get(name, ())
        if value and found.get(label, "") in values
    )


def _total(samples: Samples, name: str) -> float:
    return sum(value for _, value in samples.get(name, ()))


_LOOKS = (_traffic, _observer, _reference, _verdicts, _losses)
