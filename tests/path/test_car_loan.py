"""Drift on data whose change is known: NannyML's car loans, through the running sidecar.

The analysis set changes at row 25,000. Three numbers drift, car_value, loan_length and the prediction; of the categories
salary_range and repaid_loan_on_prev_car do too, which an oracle confirms here. Most rows are sent as fast as they go, those
around the change at a pace of some hundred rows a second, as live traffic would be.
"""

from __future__ import annotations

import asyncio
import csv
import json
from pathlib import Path
from typing import Any

import uvloop
from scipy import stats

from harness.program import Sidecar, eventually
from sidecar import cli
from sidecar.core.words.events import ALL_FEATURES

DATA = Path(__file__).parents[2] / ".cache" / "car-loan"
CHANGE = 25_000
WITHIN = 300
PACED_FROM = CHANGE - 200
PACE_SECONDS = 0.012
DRIFTING = {"car_value", "loan_length", "y_pred_proba"}
INPUTS = ["car_value", "salary_range", "debt_to_income_ratio", "loan_length", "repaid_loan_on_prev_car",
          "size_of_downpayment", "driver_tenure"]  # fmt: skip
TEXT = {"salary_range", "repaid_loan_on_prev_car", "size_of_downpayment"}
BATCH = 8


def rows(upto: int) -> list[dict[str, str]]:
    path = DATA / "synthetic_car_loan_analysis.csv"
    assert path.exists(), "run `make test`, or scripts/car_loan, which fetches the data"
    with path.open(newline="") as file:
        return [row for row, _ in zip(csv.DictReader(file), range(upto), strict=False)]


def reference(directory: Path) -> Path:
    source = DATA / "synthetic_car_loan_reference.csv"
    with source.open(newline="") as file:
        header = next(csv.reader(file))
    excluded = [name for name in header if name not in INPUTS and name != "y_pred_proba"]
    path = directory / "reference.json"
    arguments = ["--outputs", "y_pred_proba", "--exclude", ",".join(excluded), "-o", str(path)]
    assert cli.main(["profile", str(source), *arguments]) == 0
    return path


def body(number: int, batch: list[dict[str, str]]) -> bytes:
    tensors = []
    for name in INPUTS:
        values: list[Any] = [row[name] if name in TEXT else float(row[name]) for row in batch]
        tensors.append(
            {"name": name, "shape": [len(batch)], "datatype": "BYTES" if name in TEXT else "FP64", "data": values}
        )
    return json.dumps({"id": str(number), "parameters": {"content_type": "pd"}, "inputs": tensors}).encode()


class Model(asyncio.Protocol):
    """Answers each request with the predictions that the data set holds for its rows."""

    def __init__(self, data: list[dict[str, str]]) -> None:
        self._data = data
        self._buffer = b""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, blank, rest = self._buffer.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]) if blank else -1
        if not blank or len(rest) < length:
            return
        self._buffer = rest[length:]
        at = int(json.loads(rest[:length])["id"])
        values = [float(row["y_pred_proba"]) for row in self._data[at : at + BATCH]]
        output = {"name": "y_pred_proba", "shape": [len(values), 1], "datatype": "FP64", "data": values}
        answer = json.dumps({"model_name": "m", "outputs": [output]}).encode()
        self._transport.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(answer), answer)
        )


async def send(port: int, data: list[dict[str, str]]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for at in range(0, len(data), BATCH):
        if at >= PACED_FROM:
            await asyncio.sleep(PACE_SECONDS)
        payload = body(at, data[at : at + BATCH])
        writer.write(
            b"POST /v2/models/m/infer HTTP/1.1\r\nHost: m\r\nContent-Length: %d\r\n\r\n%s" % (len(payload), payload)
        )
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]))
    writer.close()


def changes(running: Sidecar) -> list[dict[str, Any]]:
    answer: list[dict[str, Any]] = running.admin("GET /api/v1/changes").json["changes"]
    return answer


def all_seen(running: Sidecar, expected: int) -> bool:
    status = running.admin("GET /api/v1/status").json
    return all(side["rows_total"] == expected for side in status["sides"])


async def story(directory: Path, data: list[dict[str, str]]) -> list[dict[str, Any]]:
    """Send the rows through the sidecar; what it said about verdicts."""
    server = await asyncio.get_running_loop().create_server(lambda: Model(data), "127.0.0.1", 0)
    profile = await asyncio.to_thread(reference, directory)
    running = Sidecar(f"127.0.0.1:{server.sockets[0].getsockname()[1]}", {"reference": profile})
    try:
        await asyncio.to_thread(eventually, lambda: running.admin("GET /api/v1/status").status == 200)
        await send(running.port, data)
        await asyncio.to_thread(eventually, lambda: all_seen(running, len(data)))
        return await asyncio.to_thread(changes, running)
    finally:
        await asyncio.to_thread(running.kill)
        server.close()


def test_car_loans_alarm_soon_after_the_change_and_never_before(tmp_path: Path) -> None:
    told = uvloop.run(story(tmp_path, rows(CHANGE + 2_000)))

    alarms = {change["feature"]: change["rows_seen"] - CHANGE for change in told if change["state"] == "drift"}
    assert all(delay > 0 for delay in alarms.values()), alarms
    assert all(alarms.get(feature, WITHIN + 1) <= WITHIN for feature in DRIFTING), alarms
    assert all(has_changed(feature) for feature in alarms if feature != ALL_FEATURES), alarms


def has_changed(feature: str) -> bool:
    """Whether the two halves of the analysis set differ in this feature, by an exact oracle."""
    data = rows(2 * CHANGE)
    halves = [[row[feature] for row in part] for part in (data[:CHANGE], data[CHANGE:])]
    if feature not in TEXT:
        return bool(stats.ks_2samp(*([float(value) for value in half] for half in halves)).pvalue < 1e-9)
    names = sorted(set(halves[0]) | set(halves[1]))
    counts = [[half.count(name) for name in names] for half in halves]
    return bool(stats.chi2_contingency(counts).pvalue < 1e-9)
