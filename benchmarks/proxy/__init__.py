"""What the sidecar costs on the way to the model, beside the proxies people already run.

`python -m benchmarks.proxy` starts every proxy in front of the same upstream, pins the proxies to one core and the load
to another, takes turns in rounds, and reports medians. It measures; it must not tune what it measures. docs/benchmarks.md
holds the prose, and receives the tables.
"""
