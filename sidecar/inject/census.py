"""Reads from the cluster what `survey` judges: namespaces, Services and pods, a page at a time."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import quote

import msgspec

from sidecar.inject.cluster import Cluster
from sidecar.inject.options import Options
from sidecar.inject.shape import Json, labels_of
from sidecar.inject.survey import Finding, Pod, Service, enabled, has_sidecar, survey


class Census(NamedTuple):
    """What was found."""

    namespaces: list[str]
    """Those whose pods the webhook is sent."""
    services: list[Service]
    findings: list[Finding]
    with_sidecar: int
    """Pods that have one."""


async def take(cluster: Cluster, options: Options, own: str = "", only: str = "") -> Census:
    """Look at every namespace whose pods are sent to the webhook; at one if `only` names it, whether they are or not.

    `own` is the webhook's namespace, which it leaves alone. Raises ClusterError.
    """
    if only:
        watched = [only]
        sent = [only] if enabled(labels_of(await cluster.get(f"/api/v1/namespaces/{quote(only, safe='')}"))) else []
    else:
        known = [one async for one in cluster.each("/api/v1/namespaces")]
        watched = sent = [one["metadata"]["name"] for one in known if enabled(labels_of(one))]
    census = Census([name for name in sent if name != own], [], [], 0)
    for namespace in watched:
        if namespace != own:
            census = await _add(census, cluster, options, namespace)
    return census


async def _add(census: Census, cluster: Cluster, options: Options, namespace: str) -> Census:
    path = f"/api/v1/namespaces/{namespace}"
    services = [msgspec.convert(one, Service) async for one in cluster.each(f"{path}/services")]
    findings: list[Finding] = []
    with_sidecar = 0
    async for pod in cluster.each(f"{path}/pods"):
        has = has_sidecar(pod)
        with_sidecar += has
        if has or namespace in census.namespaces:
            findings += survey([_pod(namespace, pod)], services, options)
    return census._replace(
        services=[*census.services, *services],
        findings=[*census.findings, *findings],
        with_sidecar=census.with_sidecar + with_sidecar,
    )


def _pod(namespace: str, pod: Json) -> Pod:
    return Pod(f"pod {namespace}/{pod['metadata']['name']}", namespace, pod)
