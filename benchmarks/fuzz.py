"""`make fuzz`: inputs that nobody would send, for everything that reads what others wrote.

`python -m benchmarks.fuzz --count 1000000` shows so many to each target; `--target` names those whose name holds a word, and
`--write` puts the table into docs/reliability.md. Ends with 1 if there is a finding; its input is printed, to be kept in
tests/fuzz/corpus. `harness.fuzz` does the work.
"""

from __future__ import annotations

import argparse
import sys

from harness.fuzz.engine import Report, run
from harness.fuzz.mutator import Mutator
from harness.fuzz.targets import TARGETS, everything
from harness.written import occasion, write_between


def row(report: Report) -> str:
    """A line of the table."""
    return (
        f"| {report.target} | {report.inputs:,} | {report.accepted / report.inputs:.1%} | {len(report.findings)} "
        f"| {1e6 * report.cpu_seconds / report.inputs:.0f} us | {1e3 * report.longest_seconds:.1f} ms |"
    )


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=100_000, help="inputs for each target")
    parser.add_argument("--target", default="", help="a word of the names of the targets")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--write", action="store_true", help="put the table into docs/reliability.md, if it is of all targets"
    )
    options = parser.parse_args()
    lines = ["| target | inputs | accepted | findings | CPU each | longest |", "|---|---|---|---|---|---|"]
    print("\n".join(lines))
    found = 0
    for target in TARGETS:
        if options.target not in target.name:
            continue
        corpus = everything(target)
        mutator = Mutator(corpus, target.tokens, options.seed)
        report = run(target, (mutator.one() for _ in range(options.count)))
        lines.append(row(report))
        print(lines[-1], flush=True)
        for finding in report.findings.values():
            found += 1
            print(f"{finding.place}: {finding.what}\n  {finding.data!r}", file=sys.stderr)
    if options.write and not options.target:
        command = f"make fuzz COUNT={options.count}"
        write_between("fuzz", f"{occasion(command)} Seed {options.seed}.\n\n" + "\n".join(lines))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
