"""Writes the dashboards' JSON: `python -m dashboards.grafana`."""

from __future__ import annotations

from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from dashboards.grafana.feature import feature
from dashboards.grafana.fleet import fleet
from dashboards.grafana.llm import llm
from dashboards.grafana.model import model
from dashboards.grafana.sidecar import sidecar

HERE = Path(__file__).parent / "json"
DASHBOARDS = {"fleet": fleet, "model": model, "feature": feature, "llm": llm, "sidecar": sidecar}


def files() -> dict[str, str]:
    """Name and content of each file."""
    encoder = JSONEncoder(sort_keys=True, indent=2)
    return {f"{name}.json": encoder.encode(make().build()) + "\n" for name, make in DASHBOARDS.items()}


def main() -> None:
    """Write them."""
    for name, content in files().items():
        (HERE / name).write_text(content)


if __name__ == "__main__":
    main()
