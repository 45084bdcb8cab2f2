"""A reference from a file of decimals, and live rows in every precision of the wire: quiet, until something changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import orjson
import pytest

from harness.profiles import recounted
from harness.references import bfloat16, cast, printed
from harness.wire import exchange
from sidecar.core.reading.decoders import decoders
from sidecar.core.reference.profile import Profile
from sidecar.core.reference.profile_file import dumps, loads
from sidecar.core.watching.monitor import Monitor
from sidecar.core.words.arrays import Floats
from sidecar.core.words.events import State, VerdictChanged
from sidecar.core.words.exchange import Exchange
from sidecar.settings import Settings

pytestmark = pytest.mark.slow  # streams of thousands of rows

ROWS, MESSAGE = 20_000, 50
Table = Mapping[str, Floats]


def table(seed: int, rows: int = ROWS) -> dict[str, Floats]:
    """Rows as a file has them: repeated decimals, decimals, integers, full precision, and spikes among it."""
    rng = np.random.default_rng(seed)
    full = rng.normal(1, 2, rows)
    return {
        "repeated": rng.choice([0.1, 0.7, 1.0, 3.0], rows),
        "price": np.round(rng.lognormal(3, 0.5, rows), 2),
        "count": rng.integers(0, 500, rows).astype(np.float64),
        "full": full,
        "spikes": np.where(rng.random(rows) < 0.4, rng.choice([0.1, 0.7, 1 / 3], rows), full),
    }


def v2_json(live: Table, datatype: str) -> Exchange:
    tensors = [
        {"name": name, "shape": [len(column)], "datatype": datatype, "data": column.tolist()}
        for name, column in live.items()
    ]
    return exchange("/v2/models/m/infer", orjson.dumps({"inputs": tensors}))


def v2_binary(live: Table, datatype: str) -> Exchange:
    def buffer(column: Floats) -> bytes:
        if datatype == "BF16":
            return (column.astype("<f4").view("<u4") >> 16).astype("<u2").tobytes()
        return column.astype({"FP32": "<f4", "FP16": "<f2"}[datatype]).tobytes()

    buffers = {name: buffer(column) for name, column in live.items()}
    tensors = [
        {"name": name, "shape": [MESSAGE], "datatype": datatype, "parameters": {"binary_data_size": len(one)}}
        for name, one in buffers.items()
    ]
    head = orjson.dumps({"inputs": tensors})
    said = b"Inference-Header-Content-Length: %d\r\n" % len(head)
    return exchange("/v2/models/m/infer", head + b"".join(buffers.values()), headers=said)


def v1_json(live: Table, _: str) -> Exchange:
    rows = [dict(zip(live, row, strict=True)) for row in zip(*(one.tolist() for one in live.values()), strict=True)]
    return exchange("/v1/models/m:predict", orjson.dumps({"instances": rows}))


def csv(live: Table, form: str) -> Exchange:
    lines = [",".join(live), *(",".join(form % cell for cell in row) for row in zip(*live.values(), strict=True))]
    return exchange("/invocations", "\n".join(lines).encode(), content_type=b"text/csv")


Send = Callable[[Table, str], Exchange]
FORMS: dict[str, tuple[Callable[[Floats], Floats], Send, str]] = {
    "V2 JSON FP32": (cast("f4"), v2_json, "FP32"),
    "V2 JSON FP32, as decimals": (np.asarray, v2_json, "FP32"),
    "V2 JSON FP16": (cast("f2"), v2_json, "FP16"),
    "V2 JSON BF16": (bfloat16, v2_json, "BF16"),
    "V2 JSON FP64": (np.asarray, v2_json, "FP64"),
    "V2 binary FP32": (np.asarray, v2_binary, "FP32"),
    "V2 binary FP16": (np.asarray, v2_binary, "FP16"),
    "V2 binary BF16": (bfloat16, v2_binary, "BF16"),
    "V1 JSON, float32 widened": (cast("f4"), v1_json, ""),
    "V1 JSON, float16 widened": (cast("f2"), v1_json, ""),
    "V1 JSON, three places": (printed("%.3f"), v1_json, ""),
    "CSV, six digits": (np.asarray, csv, "%.6g"),
    "CSV, four digits": (np.asarray, csv, "%.4g"),
}


@pytest.fixture(scope="module")
def reference() -> Profile:
    return loads(dumps(recounted({name: column.tolist() for name, column in table(1).items()})))


def drifted(reference: Profile, form: str, live: Table) -> set[str]:
    """The features that drifted while rows came in a form."""
    cast_to, send, said = FORMS[form]
    sent = {name: cast_to(column) for name, column in live.items()}
    monitor = Monitor(Settings(), reference, decoders(Settings().decode), 0.0)
    rows = len(next(iter(live.values())))
    events: list[Any] = []
    for at in range(0, rows, MESSAGE):
        part = {name: column[at : at + MESSAGE] for name, column in sent.items()}
        events += monitor.feed_many([send(part, said)], at / 500)
        events += monitor.tick(at / 500 + 0.05)
    assert monitor.view().sides[0].rows_total == rows
    changes = [event.report for event in events if isinstance(event, VerdictChanged)]
    return {report.feature for report in changes if report.state is State.DRIFT}


@pytest.mark.parametrize("form", FORMS)
def test_unchanged_rows_are_quiet_in_every_precision_of_the_wire(reference: Profile, form: str) -> None:
    assert not drifted(reference, form, table(2))


@pytest.mark.parametrize("form", FORMS)
def test_a_shift_of_half_a_standard_deviation_is_drift_in_every_precision(reference: Profile, form: str) -> None:
    live = table(3, 4_000)
    live["full"] = live["full"] + 1.0

    assert "full" in drifted(reference, form, live)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("name", "value"), [("full", 1.0), ("repeated", 0.7), ("price", 20.0)])
def test_a_value_that_is_stuck_is_drift_in_every_precision(
    reference: Profile, form: str, name: str, value: float
) -> None:
    live = table(4, 4_000)
    live[name] = np.where(np.arange(4_000) % 2, value, live[name])

    assert name in drifted(reference, form, live)


@pytest.mark.parametrize("form", ["V2 JSON FP64", "V2 JSON FP32", "V1 JSON, float32 widened"])
def test_decimals_are_quiet_against_a_reference_of_widened_float32(form: str) -> None:
    widened = {name: cast("f4")(column).tolist() for name, column in table(1).items()}

    assert not drifted(recounted(widened), form, table(2))
