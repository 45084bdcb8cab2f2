"""Fills the chart with rules and dashboards, and renders k8s/manifests/install.yaml from it. `scripts/manifests.py`."""

from __future__ import annotations

from pathlib import Path

import yaml
from helm_python import Chart

from dashboards.grafana.__main__ import files as dashboards
from dashboards.rules.__main__ import RUNBOOK, groups
from dashboards.rules.rule import plain

CHART = Path("k8s/chart")
INSTALL = Path("k8s/manifests/install.yaml")
NAMESPACE = "drift-sidecar"
_PLAIN = {part: {"enabled": False} for part in ("podMonitor", "prometheusRule", "dashboards")}
_HEAD = f"""# The chart without what needs the Prometheus operator; made by `make manifests`. Set the image in both places.
apiVersion: v1
kind: Namespace
metadata:
  name: {NAMESPACE}
"""


def chart_files() -> dict[str, str]:
    """What the chart carries along, by path within it."""
    found = {f"files/dashboards/{name}": content for name, content in dashboards().items()}
    return found | {"files/rules.yml": plain(groups(), RUNBOOK)}


def rendered() -> str:
    """All objects that every cluster knows, one after the other."""
    with Chart.load(CHART) as chart:
        made = chart.render(_PLAIN, name="drift-sidecar", namespace=NAMESPACE)
    documents = [text.strip() for path, text in sorted(made.items()) if path.endswith(".yaml") and text.strip()]
    objects = [one for text in documents for one in yaml.safe_load_all(text) if one]
    return _HEAD + "".join("---\n" + yaml.safe_dump(one, sort_keys=False, width=130) for one in objects)


def main() -> None:
    """Write all of it."""
    for path, content in chart_files().items():
        (CHART / path).parent.mkdir(parents=True, exist_ok=True)
        (CHART / path).write_text(content)
    INSTALL.parent.mkdir(parents=True, exist_ok=True)
    INSTALL.write_text(rendered())
    print(f"wrote {INSTALL}")


if __name__ == "__main__":
    main()
