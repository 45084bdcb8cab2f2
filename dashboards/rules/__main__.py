"""Writes the rule files: `python -m dashboards.rules [--runbook URL]`."""

from __future__ import annotations

import argparse
from pathlib import Path

from dashboards.rules import alerts, fleet, service
from dashboards.rules.rule import Group, plain, prometheus_rule

RUNBOOK = "https://example.com/drift-sidecar/runbook.md"
"""Where the runbook is published; every installation has its own place."""
HERE = Path(__file__).parent


def groups() -> list[Group]:
    """Recording rules first: alerts rest on them."""
    return [*fleet.groups(), service.group(), *alerts.groups()]


def files(runbook: str) -> dict[str, str]:
    """Name and content of each file."""
    return {
        "drift-sidecar.rules.yml": plain(groups(), runbook),
        "prometheus-rule.yaml": prometheus_rule(groups(), runbook),
    }


def main() -> None:
    """Write them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runbook", default=RUNBOOK, help="address of your copy of the runbook")
    parser.add_argument("--into", type=Path, default=HERE)
    arguments = parser.parse_args()
    for name, content in files(arguments.runbook).items():
        (arguments.into / name).write_text(content)


if __name__ == "__main__":
    main()
