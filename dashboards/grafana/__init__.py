"""Dashboards for Grafana, as code. `python -m dashboards.grafana` writes the JSON that users import."""
