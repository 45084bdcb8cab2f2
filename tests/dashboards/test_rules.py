"""The rules as users load them: fresh, valid, tested one by one with promtool, and each alert explained."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from dashboards.rules.__main__ import HERE, RUNBOOK, files, groups
from dashboards.rules.rule import Alert, Record

RULES = HERE / "drift-sidecar.rules.yml"
UNIT_TESTS = sorted((HERE / "tests").glob("*.yml"))
ALERTS = [rule for group in groups() for rule in group.rules if isinstance(rule, Alert)]
RECORDS = [rule for group in groups() for rule in group.rules if isinstance(rule, Record)]
ENTRIES = re.findall(r"^## (\w+)$", (HERE.parent / "runbook.md").read_text(), re.MULTILINE)
METRIC = re.compile(r"\b((?:http|sidecar|model|rpc|gen_ai)_[a-z_]+)\b")


def test_the_files_are_what_the_code_makes() -> None:
    for name, content in files(RUNBOOK).items():
        assert (HERE / name).read_text() == content, f"{name} is not fresh: run `make rules`"


def test_promtool_accepts_the_rules() -> None:
    checked = subprocess.run(["promtool", "check", "rules", RULES], capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert f"{len(ALERTS) + len(RECORDS)} rules found" in checked.stdout


@pytest.mark.parametrize("path", UNIT_TESTS, ids=lambda path: path.stem)
def test_what_fires_fires_with_its_text_and_what_must_not_stays_silent(path: Path) -> None:
    tested = subprocess.run(["promtool", "test", "rules", path], capture_output=True, text=True, check=False)

    assert tested.returncode == 0, tested.stdout + tested.stderr


def test_every_alert_is_seen_to_fire_and_to_be_silent_beside_it() -> None:
    fired: set[str] = set()
    silent: set[str] = set()
    for path in UNIT_TESTS:
        for case in yaml.safe_load(path.read_text())["tests"]:
            series = len(case["input_series"])
            for look in case["alert_rule_test"]:
                (fired if look["exp_alerts"] else silent).add(look["alertname"])
                if look["exp_alerts"] and series > len(look["exp_alerts"]):
                    silent.add(look["alertname"])  # promtool wants exactly these, so the other series are silent

    assert {alert.name for alert in ALERTS} == fired
    assert fired <= silent


def test_the_runbook_has_an_entry_for_each_alert_in_their_order_and_no_other() -> None:
    assert [alert.name for alert in ALERTS] == ENTRIES


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_an_entry_says_what_it_means_how_to_look_what_to_do_and_how_to_silence_it(alert: Alert) -> None:
    entry = (HERE.parent / "runbook.md").read_text().split(f"## {alert.name}\n")[1].split("\n## ")[0].lower()

    for part in ("means:", "look", "do", "silence"):
        assert f"*{part}" in entry or f"{part}," in entry or f"{part}:*" in entry


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_an_alert_links_to_its_entry_and_says_how_bad_it_is(alert: Alert) -> None:
    built = alert.built("https://wiki.example/runbook")

    assert built["annotations"]["runbook_url"] == f"https://wiki.example/runbook#{alert.name.lower()}"
    assert built["labels"]["severity"] in ("critical", "warning", "info")
    assert "<" not in built["annotations"]["summary"] + built["annotations"]["description"]


def test_rules_rest_on_documented_metrics_only() -> None:
    documented = set(METRIC.findall((Path(__file__).parents[2] / "docs/metrics.md").read_text()))
    expressions = [*(rule.expr for rule in ALERTS), *(rule.expr for rule in RECORDS)]
    used = {name for expression in expressions for name in METRIC.findall(expression)}
    plain = {re.sub(r"_(count|sum|bucket)$", "", name) for name in used}

    assert plain - documented - {"model_name", "model_version"} == set()


def test_every_recorded_figure_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs/alerts.md").read_text()
    windows = re.compile(r":(?:5m|30m|1h|6h|3d|1d)$")

    assert {windows.sub("", rule.name) for rule in RECORDS} <= set(re.findall(r"model:[a-z_0-9]+(?::rate5m)?", page))


def test_the_operator_s_object_holds_the_same_groups() -> None:
    same = yaml.safe_load((HERE / "prometheus-rule.yaml").read_text())

    assert same["kind"] == "PrometheusRule"
    assert same["spec"]["groups"] == yaml.safe_load(RULES.read_text())["groups"]
