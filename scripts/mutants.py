"""Mutation testing: changes modules in one small place at a time, and tells which mutants no test notices (`make mutants`).

mutmut makes the mutants and runs the tests that reach each. Every module of `GUARDS` has a working copy of its own below
`build/mutants`, in which `mutmut show`, `mutmut run NAME` and `mutmut browse` go on from there. What the figures were, and why a
survivor may live, is in docs/testing.md.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
_MUTMUT = (sys.executable, "-m", "mutmut")
BUILD = ROOT / "build" / "mutants"
LEAST = 0.9
"""The share of a module's mutants that its tests must kill."""
KILLED = {"killed", "timeout"}

GUARDS = {
    "sidecar/core/evidence/policy.py": ("tests/core/evidence/test_policy.py",),
    "sidecar/core/evidence/detector.py": ("tests/core/evidence/test_detector_formulas.py",),
    "sidecar/core/evidence/dependence.py": ("tests/core/evidence/test_dependence_formulas.py",),
    "sidecar/core/evidence/all_features.py": ("tests/core/evidence/test_all_features_formulas.py",),
    "sidecar/core/evidence/rate_bets.py": ("tests/core/evidence/test_rate_bets.py",),
    "sidecar/core/evidence/shape_bets.py": ("tests/core/evidence/test_shape_bets.py",),
    "sidecar/core/evidence/recent.py": ("tests/core/evidence/test_recent.py",),
    "sidecar/core/reference/materiality.py": ("tests/core/reference/test_materiality.py",),
    "sidecar/core/evidence/recovery.py": ("tests/core/evidence/test_recovery.py",),
    "sidecar/core/evidence/clusters.py": ("tests/core/evidence/test_clusters.py",),
    "sidecar/core/reference/joint.py": ("tests/core/reference/test_joint.py",),
    "sidecar/core/scores/joint_drift.py": ("tests/core/scores/test_joint_drift_formulas.py",),
    "sidecar/core/watching/joint_watch.py": ("tests/core/watching/test_joint_watch.py",),
    "sidecar/proxy/http1.py": (
        "tests/proxy/test_http1.py",
        "tests/proxy/test_http1_messages.py",
        "tests/proxy/test_chunks.py",
    ),
    "sidecar/proxy/head.py": (
        "tests/proxy/test_head.py",
        "tests/proxy/test_conversation.py",
        "tests/proxy/test_conversation_ends.py",
    ),
    "sidecar/proxy/conversation.py": (
        "tests/proxy/test_conversation.py",
        "tests/proxy/test_conversation_ends.py",
        "tests/proxy/test_http1.py",
        "tests/proxy/test_http1_messages.py",
    ),
    "sidecar/inject/patch.py": ("tests/inject/test_patch.py",),
    "sidecar/inject/three_way.py": ("tests/inject/test_three_way.py",),
}
"""The tests that guard each module: exact and fast, since they run once for each mutant."""


def main(wanted: list[str]) -> int:
    """Run the modules whose path contains a word of `wanted`, all if there is none. 1 where too few mutants are killed."""
    modules = [module for module in GUARDS if not wanted or any(word in module for word in wanted)]
    if not modules:
        print(f"no module matches {' '.join(wanted)}; there are {', '.join(GUARDS)}", file=sys.stderr)
        return 2
    found = {module: _mutants(module) for module in modules}
    print("\n| module | mutants | killed | share |\n|---|---|---|---|")
    for module, statuses in found.items():
        print(f"| `{module}` | {len(statuses)} | {_killed(statuses)} | {_share(statuses):.1%} |")
    return int(any(_share(statuses) < LEAST for statuses in found.values()))


def _mutants(module: str) -> dict[str, str]:
    """What became of each mutant of a module, by its name; prints those that survived."""
    place = _working_copy(module)
    print(f"{module}: see {place}/mutmut.log", flush=True)
    threads = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # a forked process has only the one
    with (place / "mutmut.log").open("w") as log:
        subprocess.run([*_MUTMUT, "run"], cwd=place, env=os.environ | threads, stdout=log, check=True)  # noqa: S603  # our own words
    results = subprocess.run(  # noqa: S603  # as above
        [*_MUTMUT, "results", "--all", "true"], cwd=place, stdout=subprocess.PIPE, text=True, check=True
    )
    statuses = dict(line.strip().rsplit(": ", 1) for line in results.stdout.splitlines())
    for name, status in statuses.items():
        if status not in KILLED:
            print(f"\n{status}: {name}", flush=True)
            subprocess.run([*_MUTMUT, "show", name], cwd=place, check=True)  # noqa: S603  # as above
    return statuses


def _working_copy(module: str) -> Path:
    """A fresh copy of what the tests of a module need, with mutmut's settings for it."""
    place = BUILD / Path(module).stem
    shutil.rmtree(place, ignore_errors=True)
    unwanted = shutil.ignore_patterns("__pycache__")
    for folder in ("sidecar", "harness", "tests"):
        shutil.copytree(ROOT / folder, place / folder, ignore=unwanted)
    settings = {
        "source_paths": ["sidecar"],
        "only_mutate": [module],
        "also_copy": ["harness"],
        "pytest_add_cli_args_test_selection": list(GUARDS[module]),
    }
    lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
    text = (ROOT / "pyproject.toml").read_text()
    (place / "pyproject.toml").write_text("\n".join([text, "[tool.mutmut]", *lines, ""]))
    return place


def _killed(statuses: dict[str, str]) -> int:
    counted = Counter(statuses.values())
    return sum(counted[status] for status in KILLED)


def _share(statuses: dict[str, str]) -> float:
    return _killed(statuses) / max(len(statuses), 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
