"""False alarms of any kind on ten ugly tables on which nothing changes: `python -m benchmarks.drift.ugly --rows 10000000`.

At the default budget none is expected. At one of 100,000 rows the mean between alarms must be that or more. Each reference is a
draw of its own, and watches an equal part of the rows.
"""

from __future__ import annotations

import argparse

import numpy as np

from harness.ugly_tables import UGLY, alarms
from sidecar.settings import DriftSettings, Settings

BUDGETS = (DriftSettings().mean_rows_between_false_alarms, 1e5)


def main() -> None:
    """Print the table, then every alarm."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="of each table and budget")
    parser.add_argument("--references", type=int, default=10, help="drawn for each")
    parser.add_argument("--only", default="", help="a part of the names of tables")
    parser.add_argument("--budgets", type=float, nargs="+", default=BUDGETS, help="rows between false alarms")
    options = parser.parse_args()
    rows = options.rows // options.references
    print("| table | budget | rows | alarms | mean rows between |\n|---|---|---|---|---|")
    told: list[str] = []
    for name, ugly in UGLY.items():
        for budget in options.budgets if options.only in name else ():
            settings = Settings(drift=DriftSettings(mean_rows_between_false_alarms=budget))
            found = 0
            for reference in range(options.references):
                some = alarms(ugly, settings, np.random.default_rng([reference, *name.encode()]), rows)
                found += len(some)
                told += [
                    f"- {name}, budget {budget:.0e}, reference {reference}, row {a.row}: {a.of}: {a.changed}"
                    for a in some
                ]
            watched = rows * options.references
            between = f"{watched / found:,.0f}" if found else f"> {watched / 3:,.0f}"
            print(f"| {name} | {budget:.0e} | {watched:,} | {found} | {between} |", flush=True)
    print("\n" + "\n".join(told))


if __name__ == "__main__":
    main()
