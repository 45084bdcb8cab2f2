"""Rules, alerts, their runbook and dashboards for an engineer on call. The code here generates the files beside it."""
