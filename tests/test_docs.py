"""README, docs, help texts, metrics and settings say the same."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from sidecar import cli
from sidecar.core.words.exchange import Outcome
from sidecar.errors import DecodeError
from tests.sinks.test_prometheus import CONTRACT

SAME = {"the same": CONTRACT["model_feature_bin"]}
"""How the page abbreviates."""
ROOT = Path(__file__).parents[1]
COMMANDS = (
    "run",
    "profile",
    "constraints",
    "compare",
    "check",
    "replay",
    "demo",
    "accept",
    "bundle",
    "drain",
    "inject",
    "webhook",
    "doctor",
)


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_readme_names_the_two_commands_and_the_makefile_has_them() -> None:
    for command in ("demo", "test", "test-fast", "check", "bench-proxy"):
        assert re.search(rf"^{command}:", text("Makefile"), re.MULTILINE)
    assert "make demo" in text("README.md")
    assert "make test" in text("README.md")


def test_ci_runs_the_readme_s_test_command_and_nothing_else() -> None:
    lines = [line for line in text(".ci/run").splitlines() if line and not line.startswith(("#", "set ", "cd "))]

    assert lines == ["make test"]


def test_every_link_between_documents_leads_somewhere() -> None:
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", ["docs/math.md", "docs/drift.md"])
def test_the_tests_and_commands_that_back_a_claim_exist(page: str) -> None:
    named = re.findall(r"`(tests/[\w/.]+)(?:::(\w+))?`", text(page))
    commands = re.findall(r"`python -m ([\w.]+)`", text(page))
    assert named
    assert commands
    for path, function in named:
        assert (ROOT / path).exists(), f"{page} names {path}"
        assert not function or f"def {function}(" in text(path), f"{page} names {function}"
    for module in commands:
        assert importlib.util.find_spec(module) is not None, f"{page} names {module}"


def test_the_sections_that_modules_refer_to_exist() -> None:
    """E.g. `docs/math.md, "The budget"`; the words may be on two lines."""
    modules = {path: " ".join(path.read_text(encoding="utf-8").split()) for path in ROOT.glob("sidecar/**/*.py")}
    named = {
        (path, found) for path, prose in modules.items() for found in re.findall(r'docs/math\.md, "([^"]+)"', prose)
    }

    assert len(named) >= 8
    for path, section in named:
        assert f"\n## {section}\n" in text("docs/math.md"), f"{path} refers to {section}"


def test_every_file_that_the_architecture_names_is_there() -> None:
    named = re.findall(r"`(sidecar/[\w/]+\.py)`", text("ARCHITECTURE.md"))

    assert len(named) > 15
    assert [path for path in named if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("page", ["README.md", "CHANGELOG.md"])
def test_the_number_of_alerts_is_the_number_of_alerts(page: str) -> None:
    alerts = re.findall(r"^  - alert: ", text("dashboards/rules/drift-sidecar.rules.yml"), re.MULTILINE)
    assert f"{len(alerts)} alerts" in " ".join(text(page).split())


PAGES = {"api": "api_docs", "settings": "settings_docs", "annotations": "annotations_docs", "panels": "dashboards_docs"}


def script_of(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules[name] = made  # dataclasses look their module up
    spec.loader.exec_module(made)
    return made


@pytest.mark.parametrize("name", PAGES)
def test_the_pages_that_are_made_from_the_code_are_fresh(name: str) -> None:
    assert text(f"docs/{name}.md") == script_of(PAGES[name]).page(), "run `make docs`"


def test_the_page_of_tests_has_a_row_for_every_module_that_is_mutated_and_its_guards_exist() -> None:
    guards: dict[str, tuple[str, ...]] = script_of("mutants").GUARDS

    assert re.findall(r"^\| `(sidecar/\S+)` \|", text("docs/testing.md"), re.MULTILINE) == list(guards)
    assert [path for module, tests in guards.items() for path in (module, *tests) if not (ROOT / path).exists()] == []


def test_the_picture_of_the_core_is_fresh() -> None:
    assert text("docs/images/core-rooms.svg") == script_of("core_picture").picture(), "run `make docs`"


def test_the_picture_of_the_core_has_every_module_and_every_import_between_rooms() -> None:
    rooms = script_of("core_picture").rooms()
    core = ROOT / "sidecar" / "core"
    imports: Counter[tuple[str, str]] = Counter()
    for file in core.rglob("*.py"):
        room = file.relative_to(core).parts[0]
        found = set(re.findall(r"^from sidecar\.core\.(\w+)(\S*) import", file.read_text(), re.MULTILINE))
        imports.update((room, other) for other, _ in found if other != room)

    modules = {str(file.relative_to(core).with_suffix("")) for file in core.rglob("*.py") if file.name != "__init__.py"}
    assert {f"{name}/{module}" for name, room in rooms.items() for module in room.modules} == modules
    assert {(name, other): count for name, room in rooms.items() for other, count in room.imports.items()} == imports


def test_every_command_has_help_with_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    for command in COMMANDS:
        with pytest.raises(SystemExit):
            cli.main([command, "--help"])
        assert f"drift-sidecar {command} " in capsys.readouterr().out


def test_the_outcomes_in_the_docs_are_those_of_the_code() -> None:
    page = text("docs/metrics.md")

    assert all(f"`{outcome.value}`" in page for outcome in Outcome)


def test_the_page_of_metrics_has_every_metric_and_its_labels_and_no_other() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (.*?) \|", text("docs/metrics.md"), re.MULTILINE)
    documented = {name: set(re.findall(r"`(\w+)`", labels)) or SAME.get(labels, set()) for name, _, labels in rows}
    counters = {name for name, kind, _ in rows if kind == "counter"}
    emitted = {f"{name}_total" if f"{name}_total" in counters else name: labels for name, labels in CONTRACT.items()}

    assert documented == emitted


def test_every_reason_that_the_proxy_counts_is_documented() -> None:
    page = text("docs/metrics.md")
    source = "".join(path.read_text() for path in (ROOT / "sidecar").glob("proxy/*.py"))
    reasons = set(re.findall(r'give_up\(\s*"(\w+)"', source)) | {"tls", "http2", "upgrade", "connect"}

    assert all(f"`{reason}`" in page for reason in reasons), reasons
    assert DecodeError.REASONS


def test_flags_of_run_in_the_readme_exist(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["run", "--help"])
    described = capsys.readouterr().out

    for flag in re.findall(r"drift-sidecar run .*?(--[a-z-]+)", text("README.md")):
        assert flag in described
