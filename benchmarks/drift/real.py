"""Real and published data, row by row through the core: `python -m benchmarks.drift.real`.

Car loans change at row 25,000 and not before; the census of employment changes slowly and a little, over years: certain, and
not worth an alarm. `scripts/car_loan PYTHON .cache/car-loan` fetches both.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet

from sidecar.core.reference.builder import Builder
from sidecar.core.watching.monitor import Monitor
from sidecar.core.words.events import ALL_FEATURES, State, VerdictChanged
from sidecar.core.words.frame import Frame, Side
from sidecar.settings import Settings

DATA = Path(".cache/car-loan")
CHANGE = 25_000
INPUTS = ("car_value", "salary_range", "debt_to_income_ratio", "loan_length", "repaid_loan_on_prev_car",
          "size_of_downpayment", "driver_tenure")  # fmt: skip
OUTPUTS = ("y_pred_proba",)
NO_FEATURES = {"id", "year", "employed", "prediction", "predicted_probability"}
SECONDS = 0.02
"""Between two rows: fifty a second, so that each block holds as few rows as blocks do."""


@dataclass(frozen=True)
class Table:
    """Columns by side, each a list of values."""

    sides: Mapping[Side, Mapping[str, Sequence[Any]]]

    def frame(self, side: Side, start: int, stop: int) -> Frame:
        """Some rows of one side."""
        columns = self.sides[side]
        values = [
            value for row in zip(*(column[start:stop] for column in columns.values()), strict=True) for value in row
        ]
        return Frame(side, tuple(columns), len(values) // len(columns), len(columns), values)

    @property
    def rows(self) -> int:
        """How many there are."""
        return len(next(iter(self.sides[Side.INPUT].values())))


def car_loans(which: str) -> Table:
    """The `reference` or the `analysis` set."""
    with (DATA / f"synthetic_car_loan_{which}.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    columns = {name: [_cell(row[name]) for row in rows] for name in (*INPUTS, *OUTPUTS)}
    return Table(
        {Side.INPUT: {name: columns[name] for name in INPUTS}, Side.OUTPUT: {name: columns[name] for name in OUTPUTS}}
    )


def employment(which: str) -> Table:
    """The `reference` (2015) or the `analysis` set (2016 to 2018).

    Rows are shuffled within each year: the files of 2017 and 2018 list all residents of institutions in one piece (7 % of a
    year), which a stream of people would not, and which is drift if it does.
    """
    table = pyarrow.parquet.read_table(DATA / f"employment_MA_{which}.pq")
    table = table.take(np.lexsort((np.random.default_rng(1).random(table.num_rows), table["year"].to_numpy())))
    inputs = {name: table[name].to_pylist() for name in table.column_names if name not in NO_FEATURES}
    return Table(
        {Side.INPUT: inputs, Side.OUTPUT: {"predicted_probability": table["predicted_probability"].to_pylist()}}
    )


def told(reference: Table, live: Table, rows: int, step: int = 1) -> tuple[list[VerdictChanged], Monitor]:
    """What a monitor with default settings says of the first `rows` live rows."""
    builder = Builder()
    for side in reference.sides:
        builder.add(reference.frame(side, 0, reference.rows))
    monitor = Monitor(Settings(), builder.build(), (), 0.0)
    events: list[VerdictChanged] = []
    for at in range(0, rows, step):
        now = at * SECONDS
        found = [
            *monitor.feed_frames([live.frame(side, at, at + step) for side in live.sides], now),
            *monitor.tick(now),
        ]
        events += [event for event in found if isinstance(event, VerdictChanged)]
    return events, monitor


def _cell(text: str) -> float | str | None:
    try:
        return float(text)
    except ValueError:
        return text or None


def main() -> None:
    """Print both tables."""
    events, _ = told(car_loans("reference"), car_loans("analysis"), CHANGE + 2_000)
    drifts = [event for event in events if event.report.state is State.DRIFT]
    print(f"car loans: {sum(event.rows_seen <= CHANGE for event in drifts)} alarms in {CHANGE:,} clean rows\n")
    print("| feature | rows after the change |\n|---|---|")
    for event in drifts:
        print(f"| {event.report.feature} | {event.rows_seen - CHANGE} |")
    live = employment("analysis")
    events, monitor = told(employment("reference"), live, live.rows, step=64)
    alarms = [
        f"{event.report.feature} after {event.rows_seen:,} rows"
        for event in events
        if event.report.state is State.DRIFT
    ]
    print(f"\nemployment: {live.rows:,} rows, alarms: {', '.join(alarms) or 'none'}\n")
    print("| feature | evidence (threshold) | effect (material from 0.1) | state |\n|---|---|---|---|")
    for side in monitor.view().sides:
        for one in sorted(side.features, key=lambda one: -one.evidence):
            print(f"| {one.feature} | {one.evidence:.1f} ({one.threshold:.1f}) | {one.effect:.4f} | {one.state} |")
        if whole := side.all_features:
            print(f"| {ALL_FEATURES} | {whole.evidence:.1f} | {whole.effect:.4f} | {whole.state} |")


if __name__ == "__main__":
    main()
