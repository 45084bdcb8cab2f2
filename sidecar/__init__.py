"""drift-sidecar: measures the traffic of a model container and says when it drifts."""

__version__ = "0.1.0"
