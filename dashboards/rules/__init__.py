"""Recording and alert rules for Prometheus, as code. `python -m dashboards.rules` writes the files that users load."""
