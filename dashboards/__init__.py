"""What an engineer on call looks at and is told by: rules, alerts, their runbook, dashboards. Code makes the files beside it."""
