"""Scans the cluster for what `survey` judges: namespaces, Services and pods, read page by page.

It must not judge by itself, and keeps no pod longer than it takes to judge it: a cluster's pods may not fit into memory. What
may not be read is named, and the rest is read all the same: whoever looks may have rights for one namespace, or for views alone.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import NamedTuple
from urllib.parse import quote

import msgspec

from sidecar.inject.bypass import Service
from sidecar.inject.cluster import Cluster, ClusterError
from sidecar.inject.options import Options
from sidecar.inject.pod import Json, labels_of
from sidecar.inject.survey import Finding, Namespace, Pod, examine, examine_namespace, has_sidecar, label_written
from sidecar.inject.wishes import REVISION, SYSTEM_NAMESPACES, namespace_word

_FORBIDDEN = 403


class Scan(NamedTuple):
    """The result of a scan."""

    namespaces: list[str]
    """Namespaces all whose pods are sent to the webhook, without the webhook's own."""
    services: list[Service]
    """Every Service of the namespaces scanned."""
    findings: list[Finding]
    with_sidecar: int
    """How many pods have a sidecar."""
    unread: list[str]
    """What the rights did not suffice for, with the API server's words."""


async def scan_cluster(
    cluster: Cluster, options: Options, own: str = "", only: str = "", installed: str = "", revision: str | None = None
) -> Scan:
    """Scan every namespace, or just the namespace `only`. `own` is the webhook's namespace, which is not scanned.

    `installed` is when the webhook was, if known; with a `revision`, namespaces of others are left out. Raises ClusterError for
    all but what is forbidden.
    """
    reader = _Reader(cluster, only)
    await reader.read_namespaces()
    others = {one.name for one in reader.namespaces.values() if revision not in (None, one.labels.get(REVISION, ""))}
    left_out = SYSTEM_NAMESPACES | others | {own}
    known = {name: one for name, one in reader.namespaces.items() if name not in left_out}
    services = [msgspec.convert(one, Service) async for one in reader.each("services")]
    findings = [finding for one in known.values() for finding in examine_namespace(one)]
    with_sidecar = 0
    async for pod in reader.each("pods"):
        where = pod["metadata"]["namespace"]
        if where not in left_out:
            with_sidecar += has_sidecar(pod)
            findings += examine(locate(pod, known.get(where, Namespace(where, {}))), services, options, installed)
    sent = [name for name, one in known.items() if namespace_word(one.labels) == "on"]
    return Scan(sent, services, findings, with_sidecar, reader.unread)


def locate(pod: Json, namespace: Namespace) -> Pod:
    """A pod of the cluster, as `survey` takes it."""
    return Pod(f"pod {namespace.name}/{pod['metadata']['name']}", namespace, pod)


def namespace_of(thing: Json) -> Namespace:
    """A Namespace of the API."""
    return Namespace(thing["metadata"]["name"], labels_of(thing), label_written(thing))


class _Reader:
    """Reads a list of the whole cluster, or else, where that is forbidden, namespace by namespace."""

    def __init__(self, cluster: Cluster, only: str) -> None:
        self._cluster = cluster
        self._only = only
        self.namespaces: dict[str, Namespace] = {only: Namespace(only, {})} if only else {}
        self.unread: list[str] = []

    async def read_namespaces(self) -> None:
        """Fill `namespaces`; the one that is asked for stays there, without labels, where it may not be read."""
        try:
            if self._only:
                found = [await self._cluster.get(f"/api/v1/namespaces/{quote(self._only, safe='')}")]
            else:
                found = [one async for one in self._cluster.each("/api/v1/namespaces")]
        except ClusterError as error:
            self._note(f"label of namespace {self._only}" if self._only else "namespaces", error)
            return
        self.namespaces = {one.name: one for one in map(namespace_of, found)}

    async def each(self, resource: str) -> AsyncIterator[Json]:
        """Yield every object of a namespaced resource."""
        if not self._only:
            try:
                async for one in self._cluster.each(f"/api/v1/{resource}"):
                    yield one
                return
            except ClusterError as error:
                if error.status != _FORBIDDEN or not self.namespaces:
                    self._note(f"{resource} of the cluster", error)
        for name in self.namespaces:
            try:
                async for one in self._cluster.each(f"/api/v1/namespaces/{quote(name, safe='')}/{resource}"):
                    yield one
            except ClusterError as error:
                self._note(f"{resource} of namespace {name}", error)

    def _note(self, what: str, error: ClusterError) -> None:
        if error.status != _FORBIDDEN:
            raise error
        self.unread.append(f"{what}: {error}")
