"""Public tables, split at random: one half profiled from a file by the real command, the other half sent as live rows.

Rows of both halves are exchangeable, so any verdict but `ok` is either wrong or one of the few that the budget of false alarms
allows. Live rows go through the real decoders and the real monitor, with the settings that users get.
"""

from __future__ import annotations

import contextlib
import io
import json
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from harness.wire import exchange
from sidecar.cli import main
from sidecar.core.reading.decoders import decoders
from sidecar.core.reference.profile import Profile
from sidecar.core.watching.monitor import Monitor
from sidecar.core.words.events import JointChanged, ReferenceMismatch, State, VerdictChanged
from sidecar.core.words.exchange import Exchange
from sidecar.core.words.frame import Side
from sidecar.reference_store import read_reference
from sidecar.settings import Settings

Table = Any
"""A pandas.DataFrame, which has no types here."""
PART = 25
"""Rows of a request."""
_SECONDS = 0.02
"""Between two rows: fifty a second."""
_QUIET = {State.OK, State.INSUFFICIENT}
_MISREAD = {"type", "missing_feature", "extra_feature", "shape"}
"""Violations that none of the table's own rows can be guilty of."""


class Run(NamedTuple):
    """What was said of half a table that came over the wire."""

    said: tuple[str, ...]
    """Verdicts other than `ok`, and rows that were misread; none if all is well."""
    judged: int
    """Features with a verdict..."""
    insufficient: int
    """...and those that had too few rows for one."""


def halves(table: Table, seed: int) -> tuple[Table, Table]:
    """The rows at random in two halves."""
    order = np.random.default_rng(seed).permutation(len(table))
    half = len(table) // 2
    return table.iloc[order[:half]], table.iloc[order[half:]]


def profiled(table: Table, folder: Path) -> Profile:
    """As `drift-sidecar profile` makes it of a CSV file."""
    data, reference = folder / "reference.csv", folder / "reference.json"
    table.to_csv(data, index=False)
    with contextlib.redirect_stdout(io.StringIO()):
        code = main(["profile", str(data), "-o", str(reference)])
    assert code == 0, data
    return read_reference(str(reference))


def sent(table: Table, wire: str, reference: Profile) -> Run:
    """The rows as requests, one after the other, to a monitor with this reference."""
    settings = Settings()
    monitor = Monitor(settings, reference, decoders(settings.decode), 0.0)
    said: list[str] = []
    now = 0.0
    for one in requests(table, wire):
        now += _SECONDS * PART
        said += _verdicts([*monitor.feed(one, now), *monitor.tick(now)])
    said += _verdicts(monitor.finish(now))
    view = next(side for side in monitor.view().sides if side.side is Side.INPUT)
    if view.rows_total != len(table):
        said.append(f"{view.rows_total:,} of {len(table):,} rows were read: {dict(monitor.view().decoded)}")
    violations = monitor.view().violations.items()
    said += [f"{rows:,} rows violate {kind} of {name}" for (name, kind), rows in violations if kind in _MISREAD]
    insufficient = sum(feature.state is State.INSUFFICIENT for feature in view.features)
    return Run(tuple(said), len(view.features) - insufficient, insufficient)


def requests(table: Table, wire: str) -> Iterator[Exchange]:
    """The rows in requests of `PART`."""
    make = WIRES[wire]
    for start in range(0, len(table), PART):
        yield make(table.iloc[start : start + PART])


def _verdicts(events: list[Any]) -> list[str]:
    said = []
    for event in events:
        if isinstance(event, ReferenceMismatch):
            said.append(f"mismatch: {event.detail}")
        elif isinstance(event, VerdictChanged) and event.report.state not in _QUIET:
            report = event.report
            said.append(
                f"{report.state} of {report.feature} after {event.rows_seen:,} rows: {report.changed}"
                f" (evidence {report.evidence:.1f} of {report.threshold:.1f}, effect {report.effect:.2f})"
            )
        elif isinstance(event, JointChanged) and event.report.state not in _QUIET:
            said.append(f"{event.report.state} of correlations: {event.report.pairs} (p {event.report.p_value:.1e})")
    return said


def _v2_fp32(part: Table) -> Exchange:
    """A tensor a column, in binary: numbers as FP32, all else as BYTES."""
    tensors, buffers = [], b""
    for name, cells in part.items():
        datatype, data = _tensor(cells)
        parameters = {"binary_data_size": len(data)}
        tensors.append({"name": str(name), "shape": [len(part), 1], "datatype": datatype, "parameters": parameters})
        buffers += data
    head = json.dumps({"inputs": tensors}).encode()
    headers = b"Inference-Header-Content-Length: %d\r\n" % len(head)
    answer = json.dumps({"model_name": "m", "outputs": []}).encode()
    return exchange("/v2/models/m/infer", head + buffers, answer, b"application/octet-stream", headers)


def _tensor(cells: Any) -> tuple[str, bytes]:
    if cells.dtype.kind in "iuf":
        return "FP32", cells.to_numpy(np.float32).tobytes()
    if cells.dtype.kind == "b":
        return "BOOL", cells.to_numpy(np.bool_).tobytes()
    texts = [b"" if missing else str(cell).encode() for cell, missing in zip(cells, cells.isna(), strict=True)]
    return "BYTES", b"".join(struct.pack("<I", len(text)) + text for text in texts)


def _v1_json(part: Table) -> Exchange:
    rows = part.astype(object).where(part.notna(), None).to_dict(orient="records")
    return exchange("/v1/models/m:predict", json.dumps({"instances": rows}).encode(), b'{"predictions": []}')


def _csv(part: Table) -> Exchange:
    return exchange("/invocations", part.to_csv(index=False).encode(), b"", b"text/csv")


WIRES: dict[str, Callable[[Table], Exchange]] = {"V2 FP32": _v2_fp32, "V1 JSON": _v1_json, "CSV": _csv}
