"""What is read from the cluster: which namespaces, whose pods, and how often."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.apiserver import ApiServer
from sidecar.inject.cluster import Cluster
from sidecar.inject.options import Options
from sidecar.inject.scan import Scan, scan_cluster
from tests.inject.clusters import cluster_in_order, put_pod
from tests.inject.test_review import POD
from tests.inject.trust import access

SENT = {"metadata": {"labels": {"drift-sidecar/inject": "enabled"}}}


@pytest.fixture
def api(tmp_path: Path) -> Iterator[ApiServer]:
    """The namespace `fraud` is sent to the webhook, and has a pod with a sidecar; `system` is not."""
    with cluster_in_order(tmp_path) as server:
        yield server


def scan(api: ApiServer, own: str = "", only: str = "") -> Scan:
    async def run() -> Scan:
        async with Cluster(access(api)) as cluster:
            return await scan_cluster(cluster, Options(), own, only)

    return asyncio.run(run())


def test_pods_and_services_of_the_namespaces_that_are_sent_are_judged_and_of_no_others(api: ApiServer) -> None:
    put_pod(api, "missed", POD)
    api.put("/api/v1/namespaces/system/pods/left-alone", POD)
    for namespace in ("fraud", "system"):
        api.put(f"/api/v1/namespaces/{namespace}/services/front", {"metadata": {"namespace": namespace}, "spec": {}})

    found = scan(api)

    assert (found.namespaces, found.with_sidecar) == (["fraud"], 1)
    assert [one.where for one in found.findings] == ["pod fraud/missed"]
    assert [service.metadata.namespace for service in found.services] == ["fraud"]
    assert not [call for call in api.calls if "/system/" in call]


def test_the_webhook_s_own_namespace_is_not_looked_at(api: ApiServer) -> None:
    put_pod(api, "missed", POD)
    api.put("/api/v1/namespaces/other", SENT)

    found = scan(api, own="fraud")

    assert (found.namespaces, found.findings, found.with_sidecar) == (["other"], [], 0)


def test_one_namespace_is_looked_at_whether_it_is_sent_or_not(api: ApiServer) -> None:
    put_pod(api, "missed", POD)
    api.put("/api/v1/namespaces/system/pods/left-alone", POD)

    assert len(scan(api, only="fraud").findings) == 1
    unsent = scan(api, only="system")
    assert (unsent.namespaces, unsent.findings) == ([], []), "its pods lack a sidecar on purpose"
