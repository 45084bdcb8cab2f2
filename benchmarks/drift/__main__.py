"""`python -m benchmarks.drift`: false alarms, delays and speed beside the peers, on the same rows; writes a page.

Each peer runs in its own environment (`--environments`); one that is not there or fails is named in the tables with the reason.
"""

from __future__ import annotations

import argparse
import datetime
import json
import platform
import statistics
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.drift import ours, rows

PEERS = ("river", "alibi-detect", "frouros", "nannyml", "whylogs", "evidently")
PAGE = Path("docs/drift-benchmarks.md")
MARK = "<!-- made by make bench-drift -->"
HERE = Path(__file__).parent

Results = Mapping[str, Any]


def peer(name: str, environments: Path, directory: Path, script: str = "") -> dict[str, Any]:
    """What a peer found by a script, or why it did not."""
    python = (environments / name / "bin" / "python").absolute()
    if not python.exists():
        return {"failed": "not installed"}
    script = script or f"with_{name.replace('-', '_')}.py"
    ran = subprocess.run(
        ["nice", str(python), script, str(directory)], cwd=HERE / "peers", capture_output=True, text=True, check=False
    )
    if ran.returncode:
        return {"failed": ran.stderr.strip().splitlines()[-1][:200]}
    found: dict[str, Any] = json.loads(ran.stdout.strip().splitlines()[-1])
    return found


def false_alarms(found: Mapping[str, Results]) -> Iterator[str]:
    """Alarms in 10,000 rows of 20 features that do not change, and in the half of the loans that does not."""
    kinds = ("independent", "autocorrelated", "repeated")
    yield f"| method | {' | '.join(f'{kind} rows' for kind in kinds)} | {rows.LOAN_CHANGE:,} clean rows of car loans |"
    yield "|---|---|---|---|---|"
    for name, method, files in methods(found):
        figures = []
        for kind in kinds:
            one = files[f"null {kind}"]
            figures.append(f"{len(one['alarms']) / one['rows'] * 10_000:.1f}")
        loans = sum(row <= rows.LOAN_CHANGE for row, _ in files["loans"]["alarms"])
        yield f"| {name} {method} | {' | '.join(figures)} | {loans} |"


def delays(found: Mapping[str, Results], seeds: int) -> Iterator[str]:
    """Median rows from a change to the first alarm on its feature; how often there was none; false alarms before it."""
    yield f"| method | {' | '.join(rows.CHANGES)} | false alarms before |"
    yield f"|---|{'---|' * len(rows.CHANGES)}---|"
    for name, method, files in methods(found):
        figures, before = [], 0
        for change in rows.CHANGES:
            each = [files[f"change {change} seed {seed}"]["alarms"] for seed in range(seeds)]
            before += sum(row <= rows.BEFORE for alarms in each for row, _ in alarms)
            first = [min((row for row, at in alarms if at == 0 and row > rows.BEFORE), default=None) for alarms in each]
            told = [row - rows.BEFORE for row in first if row is not None]
            missed = f", {seeds - len(told)} missed" if len(told) < seeds else ""
            figures.append(f"{statistics.median(told):.0f}{missed}" if told else "never")
        yield f"| {name} {method} | {' | '.join(figures)} | {before} |"


def loans(found: Mapping[str, Results]) -> Iterator[str]:
    """Rows from the change at row 25,000 to the first alarm."""
    yield f"| method | {' | '.join(rows.LOAN_FEATURES[:3])} |\n|---|---|---|---|"
    for name, method, files in methods(found):
        first = [
            min((row for row, at in files["loans"]["alarms"] if at == feature and row > rows.LOAN_CHANGE), default=None)
            for feature in range(3)
        ]
        yield f"| {name} {method} | {' | '.join('never' if row is None else str(row - rows.LOAN_CHANGE) for row in first)} |"


def speeds(found: Mapping[str, Results]) -> Iterator[str]:
    """Million values a second of a core, rows of 20 features."""
    yield "| method | million values/s |\n|---|---|"
    for name, results in found.items():
        for what, values in results.get("speed", {}).items():
            yield f"| {name} {what} | {values / 1e6:.2f} |"


def methods(found: Mapping[str, Results]) -> Iterator[tuple[str, str, Any]]:
    """Name, method and what it found in each file."""
    for name, results in found.items():
        for method, files in results.get("methods", {}).items():
            yield name, method, files


def page(found: Mapping[str, Results], seeds: int) -> str:
    """The tables."""
    seconds, size = ours.closing()
    failed = [f"- {name}: {results['failed']}" for name, results in found.items() if "failed" in results]
    versions = ", ".join(f"{name} {results['version']}" for name, results in found.items() if "version" in results)
    where = (
        f"{datetime.datetime.now(tz=datetime.UTC):%Y-%m-%d}, {platform.machine()}, Python {platform.python_version()}"
    )
    return "\n".join([
        f"Measured {where}; {versions}.", *failed,
        "\n### False alarms\n",
        f"Alarms in 10,000 rows of 20 features that do not change, of {rows.NULL:,}; a rate r varies by sqrt(r / 6).\n",
        *false_alarms(found),
        "\n### Delay\n",
        f"Median rows from the change to the first alarm on the feature, {seeds} streams each, {rows.AFTER:,} rows watched;",
        f"and false alarms on any of 20 features in all the {seeds * len(rows.CHANGES)} x {rows.BEFORE:,} rows before.\n",
        *delays(found, seeds),
        "\n### Car loans\n",
        *loans(found),
        "\n### Speed\n",
        *speeds(found),
        f"\nOurs closes a window over 1,000 features in {seconds * 1e3:.0f} ms and needs {size / 1e3:.1f} kB a feature.",
    ])  # fmt: skip


def main() -> None:
    """Run everything, print and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--environments", type=Path, default=Path(".venv-drift"))
    parser.add_argument("--loans", type=Path, default=Path(".cache/car-loan"))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--peers", default=",".join(PEERS))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        rows.write(directory, options.loans, options.seeds)
        found: dict[str, Results] = {"ours:": ours.results(directory)}
        for name in filter(None, options.peers.split(",")):
            print(f"running {name}", flush=True)
            found[name] = peer(name, options.environments, directory)
    text = page(found, options.seeds)
    print(text)
    if PAGE.exists():
        head = PAGE.read_text().partition(MARK)[0]
        PAGE.write_text(f"{head}{MARK}\n\n{text}\n")


if __name__ == "__main__":
    main()
