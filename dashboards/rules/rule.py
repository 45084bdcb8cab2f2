"""Recording rules, alerts and groups as data, and how they are written as files for Prometheus and its operator."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

MODEL = ("namespace", "model_name", "model_version")
"""Labels that tell models apart; without Kubernetes there is no namespace, which is as good as one."""

_WORDS = {
    "model": "{{ $labels.model_name }}{{ with $labels.model_version }} {{ . }}{{ end }}",
    "where": "{{ with $labels.namespace }} in {{ . }}{{ end }}",
    "evidence": '10^{{ $value | printf "%.0f" }}',
    "percent": "{{ $value | humanizePercentage }}",
    "figure": '{{ $value | printf "%.2f" }}',
    "count": '{{ $value | printf "%.0f" }}',
}
"""Placeholders in the texts of alerts that are more than a label's value."""


@dataclass(frozen=True)
class Record:
    """A recording rule."""

    name: str
    expr: str

    def built(self, runbook: str) -> dict[str, Any]:
        """As Prometheus reads it."""
        return {"record": self.name, "expr": _laid_out(self.expr)}


@dataclass(frozen=True)
class Alert:
    """An alert rule; `lasting` is how long its expression must hold.

    In the texts `<feature>` is the value of that label, and so on, but for `_WORDS`.
    """

    name: str
    expr: str
    lasting: str
    severity: str
    summary: str
    description: str

    def built(self, runbook: str) -> dict[str, Any]:
        """As Prometheus reads it; `runbook` is where the runbook's page is."""
        return {
            "alert": self.name,
            "expr": _laid_out(self.expr),
            "for": self.lasting,
            "labels": {"severity": self.severity},
            "annotations": {
                "summary": _templated(self.summary),
                "description": _templated(self.description),
                "runbook_url": f"{runbook}#{self.name.lower()}",
            },
        }


@dataclass(frozen=True)
class Group:
    """Rules that are evaluated one after the other every `interval`."""

    name: str
    interval: str
    rules: Sequence[Record | Alert]

    def built(self, runbook: str) -> dict[str, Any]:
        """As Prometheus reads it."""
        return {
            "name": self.name,
            "interval": self.interval,
            "rules": [rule.built(runbook) for rule in self.rules],
        }


def by(*labels: str) -> str:
    """A `by` clause."""
    return f"by ({', '.join(labels)})"


def rate(metric: str, *more: str, where: str = "", window: str = "10m") -> str:
    """How much a counter grows a second, by model and `more` labels; `where` selects its series."""
    selected = f"{{{where}}}" if where else ""
    return f"sum {by(*MODEL, *more)} (rate({metric}{selected}[{window}]))"


def plain(groups: Iterable[Group], runbook: str) -> str:
    """The file for `rule_files`."""
    return _yaml({"groups": [group.built(runbook) for group in groups]})


def prometheus_rule(groups: Iterable[Group], runbook: str) -> str:
    """The same as an object for the Prometheus operator."""
    return _yaml(
        {
            "apiVersion": "monitoring.coreos.com/v1",
            "kind": "PrometheusRule",
            "metadata": {"name": "drift-sidecar", "labels": {"app.kubernetes.io/name": "drift-sidecar"}},
            "spec": {"groups": [group.built(runbook) for group in groups]},
        }
    )


def _templated(text: str) -> str:
    """In Prometheus's template language."""
    one_line = " ".join(text.split())
    return re.sub(r"<(\w+)>", lambda found: _WORDS.get(found[1], f"{{{{ $labels.{found[1]} }}}}"), one_line)


def _laid_out(expr: str) -> str:
    return textwrap.dedent(expr).strip()


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as blocks."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def _yaml(value: dict[str, Any]) -> str:
    head = "# Made by `make rules`; change dashboards/rules/*.py instead.\n"
    return head + yaml.dump(value, Dumper=_Dumper, sort_keys=False, width=130, allow_unicode=True)
