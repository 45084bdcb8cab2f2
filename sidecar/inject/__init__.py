"""Adds the sidecar to pods: by hand (`drift-sidecar inject`), or as they are created (`drift-sidecar webhook`).

A pod and `options` go into `patch`, and the pod with the sidecar comes out. `annotations`, `model_container`, `redirect`,
`reference_volume`, `sidecar_container` and `pod_diff` are its steps; all of them are pure. `review` wraps it for admission
reviews and `manifests` for workloads. `survey` finds pods without a sidecar. Only `cluster`, `kubeconfig`, `webhook` and
their helpers do I/O. Imports the settings and nothing else of the sidecar.
"""
