"""Models to try the sidecar on."""
