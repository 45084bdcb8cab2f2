"""What is read from the cluster: which namespaces, whose pods, and what of it without the right to read all."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.apiserver import ApiServer
from sidecar.inject.cluster import Cluster, ClusterError
from sidecar.inject.options import Options
from sidecar.inject.scan import Scan, scan_cluster
from tests.inject.clusters import cluster_in_order, put_pod
from tests.inject.test_review import POD, pod
from tests.inject.trust import access

SENT = {"metadata": {"labels": {"drift-sidecar/inject": "enabled"}}}


@pytest.fixture
def api(tmp_path: Path) -> Iterator[ApiServer]:
    """The namespace `fraud` is sent to the webhook, and has a pod with a sidecar; `system` is not."""
    with cluster_in_order(tmp_path) as server:
        yield server


def scan(api: ApiServer, own: str = "", only: str = "", revision: str | None = None) -> Scan:
    async def run() -> Scan:
        async with Cluster(access(api)) as cluster:
            return await scan_cluster(cluster, Options(), own, only, revision=revision)

    return asyncio.run(run())


def test_pods_of_every_namespace_are_judged_by_what_their_namespace_and_they_themselves_say(api: ApiServer) -> None:
    put_pod(api, "missed", POD)
    labelled = {**POD, "metadata": {**POD["metadata"], "labels": {"drift-sidecar/inject": "yes"}}}
    api.put("/api/v1/namespaces/system/pods/asks", labelled)
    api.put("/api/v1/namespaces/system/pods/wishes", pod(inject="true"))
    api.put("/api/v1/namespaces/system/pods/left-alone", POD)
    for namespace in ("fraud", "system"):
        api.put(f"/api/v1/namespaces/{namespace}/services/front", {"metadata": {"namespace": namespace}, "spec": {}})

    found = scan(api)

    assert (found.namespaces, found.with_sidecar) == (["fraud"], 1)
    assert [(one.kind, one.where) for one in found.findings] == [
        ("no_sidecar", "pod fraud/missed"),
        ("no_sidecar", "pod system/asks"),
        ("unmet", "pod system/wishes"),
    ]
    assert [service.metadata.namespace for service in found.services] == ["fraud", "system"]
    assert found.unread == []
    assert sorted(set(api.calls)) == ["GET /api/v1/namespaces", "GET /api/v1/pods", "GET /api/v1/services"]


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


def test_kubernetes_own_namespaces_are_not_judged_whatever_their_label(api: ApiServer) -> None:
    api.put("/api/v1/namespaces/kube-system", SENT)
    api.put("/api/v1/namespaces/kube-system/pods/dns", POD)

    assert (scan(api).namespaces, scan(api).findings) == (["fraud"], [])


def test_where_the_whole_cluster_may_not_be_read_it_is_read_by_namespace_and_what_may_not_is_named(
    api: ApiServer,
) -> None:
    put_pod(api, "missed", POD)
    api.forbidden = {"/api/v1/pods", "/api/v1/services", "/api/v1/namespaces/system/pods"}

    found = scan(api)

    assert [one.where for one in found.findings] == ["pod fraud/missed"]
    (unread,) = found.unread
    assert unread.startswith("pods of namespace system: ")
    assert "cannot get resource" in unread


def test_without_the_right_to_list_namespaces_one_that_is_named_is_read_all_the_same(api: ApiServer) -> None:
    put_pod(api, "missed", POD)
    api.forbidden = {"/api/v1/namespaces", "/api/v1/pods", "/api/v1/services"}

    named = scan(api, only="fraud")
    assert ([one.where for one in named.findings], named.unread) == (["pod fraud/missed"], [])
    unnamed = scan(api)
    assert [one.partition(":")[0] for one in unnamed.unread] == [
        "namespaces",
        "services of the cluster",
        "pods of the cluster",
    ]


def test_a_label_that_is_no_word_is_found_at_the_namespace(api: ApiServer) -> None:
    api.put("/api/v1/namespaces/risk", {"metadata": {"labels": {"drift-sidecar/inject": "enable"}}})

    (finding,) = scan(api).findings

    assert (finding.kind, finding.where) == ("unmet", "namespace risk")
    assert "'enable' is neither enabled nor disabled" in finding.why


def test_a_cluster_that_does_not_answer_is_an_error_and_nothing_that_was_not_read(api: ApiServer) -> None:
    api.down = True

    with pytest.raises(ClusterError):
        scan(api)


def test_a_canary_looks_after_its_own_namespaces_and_the_first_release_leaves_them_alone(api: ApiServer) -> None:
    labels = {"drift-sidecar/inject": "enabled", "drift-sidecar/revision": "canary"}
    api.put("/api/v1/namespaces/risk", {"metadata": {"labels": labels}})
    api.put("/api/v1/namespaces/risk/pods/missed", POD)

    assert (scan(api, revision="").namespaces, scan(api, revision="").findings) == (["fraud"], [])
    assert scan(api, revision="canary").namespaces == ["risk"]
    assert [one.where for one in scan(api, revision="canary").findings] == ["pod risk/missed"]
    assert scan(api).namespaces == ["fraud", "risk"], "doctor looks at all"
