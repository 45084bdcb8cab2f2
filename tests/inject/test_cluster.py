"""The client of the Kubernetes API: tokens, pages, errors, and the way in from within a pod."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.apiserver import TOKEN, ApiServer, running
from sidecar.inject.cluster import Access, Cluster, ClusterError, in_cluster
from tests.inject.trust import SECRET, with_cluster


@pytest.fixture
def api(tmp_path: Path) -> Iterator[ApiServer]:
    with running(tmp_path) as server:
        server.put(SECRET, {})
        yield server


def test_a_token_that_is_replaced_is_taken_up(api: ApiServer) -> None:
    async def act(cluster: Cluster) -> None:
        await cluster.get(SECRET)
        api.set_token("the-next-one")
        await cluster.get(SECRET)
        api.token = TOKEN
        with pytest.raises(ClusterError, match="status 401"):
            await cluster.get(SECRET)

    with_cluster(api, act)


def test_lists_are_read_to_their_last_page(api: ApiServer) -> None:
    for number in range(250):
        api.put(f"/api/v1/namespaces/a/pods/p{number:03}", {})

    async def act(cluster: Cluster) -> None:
        names = [pod["metadata"]["name"] async for pod in cluster.each("/api/v1/namespaces/a/pods")]
        assert names == [f"p{number:03}" for number in range(250)]

    with_cluster(api, act)
    assert api.calls.count("GET /api/v1/namespaces/a/pods") == 5


def test_a_server_that_nobody_vouches_for_is_not_talked_to(api: ApiServer) -> None:
    async def run() -> None:
        stranger = Access(f"https://localhost:{api.port}", ssl.create_default_context(), lambda: TOKEN)
        async with Cluster(stranger) as cluster:
            with pytest.raises(ClusterError, match=r"gave no answer.*certificate"):
                await cluster.get(SECRET)

    asyncio.run(run())
    assert api.calls == []


@pytest.mark.parametrize(
    ("host", "server"), [("10.0.0.1", "https://10.0.0.1:6443"), ("fd00::1", "https://[fd00::1]:6443")]
)
def test_a_pod_s_service_account_is_the_way_in_and_its_token_is_read_anew(
    host: str, server: str, api: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", host)
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "6443")

    found = in_cluster(api.mount)

    assert found is not None
    assert found.server == server
    assert found.token() == TOKEN
    api.set_token("the-next-one")
    assert found.token() == "the-next-one"


def test_outside_a_pod_there_is_no_way_in(tmp_path: Path, api: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    assert in_cluster(tmp_path) is None
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST")
    assert in_cluster(api.mount) is None


def test_each_way_of_writing_says_what_it_did_and_a_conflict_has_its_status(api: ApiServer) -> None:
    async def act(cluster: Cluster) -> None:
        made = await cluster.create("/api/v1/namespaces/a/secrets", {"metadata": {"name": "b"}})
        path = "/api/v1/namespaces/a/secrets/b"
        changed = await cluster.update(path, {**made, "data": {"x": "1"}})
        assert changed["data"] == {"x": "1"}
        patched = await cluster.patch(path, [{"op": "add", "path": "/data/y", "value": "2"}])
        assert (await cluster.get(path))["data"] == patched["data"] == {"x": "1", "y": "2"}
        for again in (cluster.create("/api/v1/namespaces/a/secrets", made), cluster.update(path, made)):
            with pytest.raises(ClusterError) as error:
                await again
            assert error.value.status == 409
        assert await cluster.version() == "v1.33.2"

    with_cluster(api, act)


def test_what_is_not_there_is_an_error_that_names_the_call_without_its_query(api: ApiServer) -> None:
    async def act(cluster: Cluster) -> None:
        with pytest.raises(ClusterError, match=r"^GET /nowhere: status 404: /nowhere not found$"):
            await cluster.get("/nowhere?labelSelector=a")

    with_cluster(api, act)
