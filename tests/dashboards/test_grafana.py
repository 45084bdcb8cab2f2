"""The dashboards as users import them: fresh, complete, and resting on metrics that are documented."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from dashboards.grafana.__main__ import HERE, files
from dashboards.grafana.frame import VARIABLES
from dashboards.grafana.inventory import ABSENT, asked, panels
from dashboards.rules.__main__ import groups
from dashboards.rules.rule import Record

DOCUMENTS = {name: json.loads(content) for name, content in files().items()}
PANELS = [(name, panel) for name, document in DOCUMENTS.items() for panel in panels(document)]
OTHERS = ("container_", "kube_", "gen_ai_")
"""Metrics that others make."""
each_panel = pytest.mark.parametrize(
    ("name", "panel"), PANELS, ids=[f"{name}: {panel['title']}" for name, panel in PANELS]
)


def test_the_files_are_what_the_code_makes() -> None:
    for name, content in files().items():
        assert (HERE / name).read_text() == content, f"{name} is not fresh: run `make dashboards`"


@each_panel
def test_a_panel_says_what_it_shows_and_in_what_unit(name: str, panel: dict[str, Any]) -> None:
    assert panel["title"]
    assert panel["description"].endswith(".")
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert panel["datasource"]["uid"] == "${datasource}"
    assert all(target["expr"] for target in panel["targets"])


@each_panel
def test_a_panel_rests_on_documented_metrics_and_recorded_figures(name: str, panel: dict[str, Any]) -> None:
    documented = set(re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", (Path(__file__).parents[2] / "docs/metrics.md").read_text()))
    recorded = {rule.name for group in groups() for rule in group.rules if isinstance(rule, Record)}
    for target in panel["targets"]:
        used = re.findall(
            r"\b((?:model|http|sidecar|kube|container|gen_ai)[a-z0-9_:]*[a-z0-9])(?=[{\[])", target["expr"]
        )
        assert used, target["expr"]
        for metric in used:
            plain = re.sub(r"_(count|sum|bucket)$", "", metric)
            assert plain in documented | recorded or metric.startswith(OTHERS), metric


def test_no_two_panels_stand_on_one_another() -> None:
    for document in DOCUMENTS.values():
        places = {(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in document["panels"]}
        assert len(places) == len(document["panels"])


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_dashboard_links_to_the_others_marks_changes_and_asks_for_its_variables(name: str) -> None:
    document = DOCUMENTS[name]
    variables = {one["name"] for one in document["templating"]["list"]}
    used = set(re.findall(r"\$(\w+)", json.dumps(document["panels"]))) - {"__rate_interval", "__range", "__all"}

    assert document["links"][0]["tags"] == ["drift-sidecar"]
    assert {mark["name"] for mark in document["annotations"]["list"]} == {
        "Verdict drift",
        "Drift over",
        "Another reference",
    }
    assert used - {"datasource"} <= variables
    assert variables <= {"datasource", *VARIABLES}
    assert document["schemaVersion"] >= 36  # Grafana 10's, or older ones that it migrates


def test_what_may_find_nothing_is_used_at_all() -> None:
    expressions = [one.expr for content in files().values() for one in asked(content, {})]

    for pattern in ABSENT:
        assert any(re.search(pattern, expr) for expr in expressions), pattern
