"""What an engineer is told by. Every alert has an entry in `dashboards/runbook.md`.

Severities: `critical` wakes somebody, `warning` is for working hours, `info` is to be seen.
"""

from __future__ import annotations

from dashboards.rules import alerts_data, alerts_drift, alerts_service, alerts_sidecar
from dashboards.rules.rule import Group


def groups() -> list[Group]:
    """All alerts."""
    return [
        Group("drift-sidecar-drift", "30s", (*alerts_drift.PODS, *alerts_drift.FLEET)),
        Group("drift-sidecar-data", "30s", (*alerts_data.DATA, *alerts_data.REFERENCES)),
        Group("drift-sidecar-objectives", "30s", (*alerts_service.BUDGETS, *alerts_service.TRAFFIC)),
        Group("drift-sidecar-itself", "30s", (*alerts_sidecar.ITSELF, *alerts_sidecar.KUBERNETES)),
    ]
