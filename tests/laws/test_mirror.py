"""Every module has a test file of its name, which reaches it; those that have none are listed with the reason.

`sidecar/core/binning/cuts.py` is tested by `tests/core/binning/test_cuts.py`. A package that defines anything in its `__init__`
counts as a module of its name: `sidecar/sinks/prometheus/__init__.py` is tested by `tests/sinks/test_prometheus.py`. A registry
may be tested by the law over its members instead.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXEMPT = {
    "app.py": "puts the program together, so tests/path runs it whole",
    "cli.py": "parses arguments for commands, and every test in tests/commands goes through it",
    "errors.py": "classes with nothing to go wrong; that DecodeError knows no other reasons is a law of decoders",
    "export.py": "what exporters share, tested with real receivers by tests/sinks/test_otlp*.py",
    "sink.py": "a Protocol, to which tests/laws/test_sinks.py holds every sink",
    "commands/run.py": "calls app, so tests/path runs it whole",
    "core/reading/decoder.py": "a Protocol, to which tests/laws/test_decoders.py holds every decoder",
    "core/words/arrays.py": "types of arrays: nothing runs",
    "core/words/containers.py": "values without a method",
    "core/watching/stream_watch.py": "what a monitor does for each stream, tested through it by test_monitor.py",
    "core/watching/streams.py": "where exchanges go, tested through the monitor by test_monitor_streams.py",
    "core/words/stream.py": "values without a method",
    "settings/analysis.py": "declarations, which tests/laws/test_settings.py holds to what a setting must keep",
    "settings/exports.py": "as analysis",
    "settings/ports.py": "as analysis",
    "settings/traffic.py": "as analysis",
    "settings/types.py": "types: nothing runs",
    "observer/answers/changes.py": "types without a method, whose schema tests/observer/test_schema.py holds every answer to",
    "observer/answers/endpoints.py": "as changes",
    "observer/answers/features.py": "as changes",
    "observer/answers/status.py": "as changes",
    "observer/answers/traffic.py": "as changes",
}
"""Modules that need no file. The list may only shrink: an entry that has a file, or is gone, fails."""

STARTED_BY = {"proxy/traffic.py": "sidecar.app", "core/watching/mismatch.py": "sidecar.core.watching.monitor"}
"""Modules that a test starts by another, as the program does; commands are started by `sidecar.cli`."""


def modules() -> list[str]:
    """Every module that defines something, as a path within the package."""
    package = ROOT / "sidecar"
    found = sorted(path for path in package.rglob("*.py") if path.name != "__init__.py" or defines(path))
    return [str(path.relative_to(package)) for path in found]


def defines(path: Path) -> bool:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return any(isinstance(node, kinds) for node in ast.parse(path.read_text()).body)


def is_command(module: str) -> bool:
    path = ROOT / "sidecar" / module
    body = ast.parse(path.read_text()).body
    return path.parent.name == "commands" and any(getattr(node, "name", "") == "execute" for node in body)


def file_of(module: str) -> Path | None:
    """The test file of a module's name, if it is there."""
    path = Path(module)
    path = path.parent if path.name == "__init__.py" else path
    name = f"test_{path.stem}.py"
    places = [ROOT / "tests" / path.parent / name]
    places += [ROOT / "tests" / "laws" / name] if Path(module).name == "__init__.py" else []
    return next((place for place in places if place.exists()), None)


def reached(path: Path) -> set[str]:
    """The modules that a test file imports, itself or through a helper of `harness`."""
    names = imported(path)
    helpers = [ROOT / f"{name.replace('.', '/')}.py" for name in names if name.startswith("harness.")]
    return names.union(*(imported(helper) for helper in helpers if helper.exists()))


def imported(path: Path) -> set[str]:
    """The modules that a file names in its imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{one.name}" for one in node.names)}
        elif isinstance(node, ast.Import):
            names |= {one.name for one in node.names}
    return names


@pytest.mark.parametrize("module", [module for module in modules() if module not in EXEMPT])
def test_a_module_has_a_test_file_of_its_name_that_reaches_it(module: str) -> None:
    tests = file_of(module)

    assert tests is not None, f"write tests/{Path(module).parent}/test_{Path(module).stem}.py"
    dotted = ".".join(("sidecar", *Path(module).with_suffix("").parts)).removesuffix(".__init__")
    started_by = "sidecar.cli" if is_command(module) else STARTED_BY.get(module)
    assert {dotted, started_by} & reached(tests), f"{tests.relative_to(ROOT)} does not reach {dotted}"
    assert "\ndef test_" in tests.read_text()


@pytest.mark.parametrize("module", EXEMPT)
def test_an_exempted_module_is_there_and_has_no_test_file(module: str) -> None:
    assert module in modules()
    assert file_of(module) is None, f"{module} has tests: take it off the list"
