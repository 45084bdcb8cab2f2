"""What tests and benchmarks share: real programs to start, traffic to send them, and rows to simulate with.

It imports the sidecar and is imported by `tests` and `benchmarks`, which never import each other.
"""
