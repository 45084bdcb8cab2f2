"""How often each p-value sees a change in one look: `python -m benchmarks.drift.power`.

200 live rows against a reference of 10,000 standard normal ones, at 0.05, for five changes that different tests are good at.
"""

from __future__ import annotations

import argparse
import math

from harness.power import CHANGES, power


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--looks", type=int, default=2_000)
    times = parser.parse_args().looks
    rows = {name: power(change, times, seed=at) for at, (name, change) in enumerate(CHANGES.items())}
    measures = list(rows["none"])
    print(
        f"{times:,} looks a cell, each with a reference of its own; standard error at most {0.5 / math.sqrt(times):.3f}\n"
    )
    print(f"| change | {' | '.join(measures)} |\n|---|{'---|' * len(measures)}")
    for name, found in rows.items():
        print(f"| {name} | {' | '.join(f'{found[measure]:.2f}' for measure in measures)} |")


if __name__ == "__main__":
    main()
