"""`make soak`: traffic at 60 % of capacity with a fault a minute, and every byte and every exchange accounted for.

`python -m benchmarks.soak --seconds 7200` runs it; `--write` puts the results into docs/reliability.md. Ends with 1 if a byte
was wrong, a failure has no explanation, an exchange is missing, or memory grows. `harness.soak` does the work.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import uvloop

from harness.soak.faults import FAULTS
from harness.soak.memory import Slope
from harness.soak.soak import Plan, Result, soak
from harness.written import occasion, write_between

_MOST_EVERY = 60.0


def plan(seconds: float) -> Plan:
    """A fault a minute, or as many as it takes that each is put in once."""
    capacity = min(10.0, seconds / 10)
    every = min(_MOST_EVERY, (seconds - capacity) / (len(FAULTS) + 1))
    return Plan(seconds, every, hold=every / 6, capacity_seconds=capacity, faults=FAULTS)


def report(result: Result, planned: Plan) -> Iterator[str]:
    """Lines of Markdown."""
    accounts = result.accounts
    lost = sum(sum(one.shed.values()) for one in accounts)
    yield (
        f"{result.seconds / 60:.0f} minutes at {result.rate:.0f} exchanges a second, {planned.share:.0%} of what clients, "
        f"sidecar and model together did on the same cores, with a fault every {planned.every:.0f} s."
    )
    yield ""
    yield "| what | found |"
    yield "|---|---|"
    yield f"| exchanges compared byte for byte, both ways | {result.verified:,} ({result.book.bytes / 1e9:.1f} GB of answers) |"
    yield f"| wrong or missing bytes that no fault explains | {len(result.unexplained)} |"
    yield f"| failures that the fault of the moment explains | {result.explained.total():,} |"
    yield f"| forwarded, over {len(accounts)} lives of the sidecar | {sum(one.forwarded for one in accounts):,} |"
    yield f"| of these observed | {sum(one.observed for one in accounts):,} |"
    yield f"| of these shed, by reason | {lost:,}{_by_reason(result)} |"
    yield f"| accounts that are not closed to the last exchange | {sum(not one.closed for one in accounts)} |"
    for name, found in result.slopes.items():
        yield f"| memory of the {name} process | {_slope(found)} |"
    yield ""
    yield "| fault | times | failures explained | longest recovery |"
    yield "|---|---|---|---|"
    for fault in planned.faults:
        moments = [one for one in result.moments if one.fault is fault]
        longest = max((one.recovery for one in moments), default=0.0)
        yield f"| {fault.name} | {len(moments)} | {result.explained[fault.name]} | {longest:.1f} s |"


def _by_reason(result: Result) -> str:
    reasons = sorted({reason for one in result.accounts for reason in one.shed})
    totals = {reason: sum(one.shed.get(reason, 0) for one in result.accounts) for reason in reasons}
    told = ", ".join(f"`{reason}` {count:,}" for reason, count in totals.items() if count)
    return f": {told}" if told else ""


def _slope(found: Slope | None) -> str:
    if found is None:
        return "too short to tell"
    rate, error = found.bytes_per_hour / 1e6, found.error / 1e6
    return (
        f"{rate:+.1f} MB an hour, standard error {error:.1f} ({found.seconds / 60:.0f} minutes of {found.lives} lives)"
    )


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--seconds", type=float, default=7200.0, help="how long; 7200 is what the figures are meant for"
    )
    parser.add_argument("--write", action="store_true", help="put the results into docs/reliability.md")
    options = parser.parse_args()
    planned = plan(options.seconds)
    with tempfile.TemporaryDirectory(prefix="drift-sidecar-soak-") as folder:
        result = uvloop.run(soak(planned, Path(folder)))
    text = "\n".join(report(result, planned))
    print(text)
    if options.write:
        write_between("soak", f"{occasion(f'make soak SECONDS={options.seconds:.0f}')} {text}")
    for complaint in result.complaints:
        print(complaint, file=sys.stderr)
    return 1 if result.complaints else 0


if __name__ == "__main__":
    sys.exit(main())
