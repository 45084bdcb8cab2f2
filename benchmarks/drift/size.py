"""How often p-values are small although nothing drifts: `python -m benchmarks.drift.size`.

For each family of distributions, reference size and number of live rows: the share of looks at which a measure's p-value falls
below alpha. Every look has live rows of its own, every few looks a reference of their own, cut at its own quantiles.
"""

from __future__ import annotations

import argparse
import math

from harness.families import FAMILIES
from harness.size import ALPHAS, LOOKS, REFERENCES, cells


def main() -> None:
    """Print the table of each alpha, and every cell outside of half to one and a half alpha."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--references", type=int, default=400, help="references drawn for each situation")
    times = parser.parse_args().references
    found = [
        cell
        for at, family in enumerate(FAMILIES)
        for rows in REFERENCES
        for cell in cells(family, rows, times, seed=100 * at + round(math.log10(rows)))
    ]
    measures = list(dict.fromkeys(cell.measure for cell in found))
    errors = ", ".join(f"{math.sqrt(alpha / times):.4f}" for alpha in ALPHAS)
    print(f"{LOOKS} looks at each of {times:,} references a cell; standard errors at most {errors}\n")
    for at, alpha in enumerate(ALPHAS):
        print(f"Rejections at {alpha}, least and most over references and live rows:\n")
        print(f"| family | {' | '.join(measures)} |\n|---|{'---|' * len(measures)}")
        for family in FAMILIES:
            rates = [[c.rates[at] for c in found if (c.family, c.measure) == (family, measure)] for measure in measures]
            print(f"| {family} | {' | '.join(f'{min(r):.3f} to {max(r):.3f}' if r else '' for r in rates)} |")
        outside = [(c, "liberal") for c in found if c.liberal(at)] + [
            (c, "conservative") for c in found if c.conservative(at)
        ]
        print(f"\nOutside: {len(outside)} of {len(found)}\n")
        for cell, how in outside:
            print(
                f"- {how}: {cell.measure}, {cell.family}, reference {cell.reference:,}, {cell.rows:,} rows: {cell.rates[at]:.4f}"
            )
        print()


if __name__ == "__main__":
    main()
