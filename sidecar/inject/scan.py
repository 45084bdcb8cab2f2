"""Scans the cluster for what `survey` judges: namespaces, Services and pods, read page by page.

It must not judge by itself, and keeps no pod longer than it takes to judge it: a cluster's pods may not fit into memory.
"""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import quote

import msgspec

from sidecar.inject.cluster import Cluster
from sidecar.inject.options import Options
from sidecar.inject.pod import Json, labels_of
from sidecar.inject.survey import Finding, Pod, Service, has_sidecar, is_enabled, survey


class Scan(NamedTuple):
    """The result of a scan."""

    namespaces: list[str]
    """Namespaces whose pods are sent to the webhook, without the webhook's own."""
    services: list[Service]
    """Every Service of the namespaces scanned."""
    findings: list[Finding]
    with_sidecar: int
    """How many pods have a sidecar."""


async def scan_cluster(cluster: Cluster, options: Options, own: str = "", only: str = "") -> Scan:
    """Scan every namespace whose pods are sent to the webhook, or just the namespace `only`, labelled or not.

    `own` is the webhook's namespace, which is not scanned. Raises ClusterError.
    """
    if only:
        watched = [only]
        sent = [only] if is_enabled(labels_of(await cluster.get(f"/api/v1/namespaces/{quote(only, safe='')}"))) else []
    else:
        known = [one async for one in cluster.each("/api/v1/namespaces")]
        watched = sent = [one["metadata"]["name"] for one in known if is_enabled(labels_of(one))]
    scan = Scan([name for name in sent if name != own], [], [], 0)
    for namespace in watched:
        if namespace != own:
            scan = await _add(scan, cluster, options, namespace)
    return scan


async def _add(scan: Scan, cluster: Cluster, options: Options, namespace: str) -> Scan:
    path = f"/api/v1/namespaces/{namespace}"
    services = [msgspec.convert(one, Service) async for one in cluster.each(f"{path}/services")]
    findings: list[Finding] = []
    with_sidecar = 0
    async for pod in cluster.each(f"{path}/pods"):
        has = has_sidecar(pod)
        with_sidecar += has
        if has or namespace in scan.namespaces:
            findings += survey([_pod(namespace, pod)], services, options)
    return scan._replace(
        services=[*scan.services, *services],
        findings=[*scan.findings, *findings],
        with_sidecar=scan.with_sidecar + with_sidecar,
    )


def _pod(namespace: str, pod: Json) -> Pod:
    return Pod(f"pod {namespace}/{pod['metadata']['name']}", namespace, pod)
