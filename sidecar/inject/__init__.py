"""Puts the sidecar into pods. `patch` is pure: a pod and options in, a JSON patch out."""
