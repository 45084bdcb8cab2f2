"""Every query of every panel, variable and mark, as Grafana would send it, and which of them may find no series."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

ABSENT = {
    r"^container_|[( ]container_": "is cAdvisor's, of a Kubernetes node",
    r"kube_": "is kube-state-metrics', of a Kubernetes cluster",
    r"model_container_": "needs a pod that shares its process namespace",
    r"sidecar_container_": "needs a cgroup of the sidecar's own",
    r"gen_ai_": "needs a model with OpenAI's API",
    r"sidecar_merge": "needs `metrics.merge`",
    r"model_answers_total": "needs a server that names its version",
    r"model_segment_": "needs `segments.by`",
    r"model_feature_violations_total": "shows only what breaks the schema, and nothing did",
    r"unless|offset": "marks a change, and is empty while there is none",
}
"""Patterns of expressions that may have no series, with the reason."""


class Asked(NamedTuple):
    """One expression, and where it stands."""

    dashboard: str
    panel: str
    expr: str

    @property
    def reason(self) -> str:
        """Why it may find nothing; empty if it may not."""
        return next((reason for pattern, reason in ABSENT.items() if re.search(pattern, self.expr)), "")


def panels(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All panels of a dashboard's JSON but the headings."""
    for panel in document["panels"]:
        if panel["type"] == "row":
            yield from panel.get("panels") or ()
        else:
            yield panel


def asked(document: str, values: dict[str, str]) -> Iterator[Asked]:
    """All expressions of a dashboard, with `values` for its variables."""
    loaded = json.loads(document)
    for panel in panels(loaded):
        for target in panel["targets"]:
            yield Asked(loaded["title"], panel["title"], _filled(target["expr"], values))
    for mark in loaded["annotations"]["list"]:
        yield Asked(loaded["title"], mark["name"], _filled(mark["expr"], values))
    for variable in loaded["templating"]["list"]:
        if variable["type"] == "query":
            yield Asked(loaded["title"], variable["name"], _filled(_series(variable["query"]["query"]), values))


def _series(query: str) -> str:
    """What Grafana looks at for a variable: `label_values(series, label)`."""
    found = re.fullmatch(r"label_values\((.+), (\w+)\)", query)
    assert found, query
    return found[1]


def _filled(expr: str, values: dict[str, str]) -> str:
    return re.sub(r"\$(\w+)", lambda found: values.get(found[1], found[0]), expr)
