"""The webhook over real TLS, beside a small real API server: reviews, certificates, Events, surveys, metrics and its end."""

from __future__ import annotations

import asyncio
import base64
import copy
import json
import re
import socket
import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
import jsonpatch
import pytest

from harness.apiserver import EVENTS, ApiServer
from sidecar.inject import webhook as module
from sidecar.inject.certificate_rotation import trusted_by
from sidecar.inject.certificates import advance
from sidecar.inject.cluster import Cluster
from sidecar.inject.options import Options
from sidecar.inject.patch import inject
from sidecar.inject.survey import has_sidecar
from sidecar.inject.webhook import serve
from sidecar.inject.webhook_log import make_log
from tests.inject.hostile import review_of
from tests.inject.test_review import POD, pod
from tests.inject.webhook_client import (
    ARGUMENTS,
    CONFIG,
    QUICK,
    SECRET,
    Client,
    Json,
    access,
    is_ready,
    running_cluster,
    settle,
    with_webhook,
)

ROOT = Path(__file__).parents[2]
OWNER = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "fraud-7f9", "uid": "u"}


@pytest.fixture
def api(tmp_path: Path) -> Iterator[ApiServer]:
    with running_cluster(tmp_path) as server:
        yield server


def test_a_pod_is_patched_over_tls_that_the_configuration_s_authority_vouches_for(api: ApiServer) -> None:
    async def act(client: Client) -> None:
        answer = await client.review(POD)

        patched = jsonpatch.apply_patch(POD, json.loads(base64.b64decode(answer["patch"])))
        assert has_sidecar(patched)
        (line,) = client.lines("review")
        assert (line["result"], line["namespace"], line["owner"]) == ("injected", "fraud", "ReplicaSet/fraud-7f9")
        assert list(line)[:3] == ["timestamp", "level", "event"]

    with_webhook(api, act)


def test_a_stranger_s_authority_vouches_for_nothing(api: ApiServer) -> None:
    async def act(client: Client) -> None:
        stranger = advance(None, ["hook.system.svc"], b"", datetime.now(UTC)).bundle
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await client.ask("GET", "/livez", bundle=stranger)

    with_webhook(api, act)


@pytest.mark.slow
def test_certificates_rotate_under_reviews_and_none_fails(api: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """An authority lives for three seconds here, and a leaf for half of that."""
    monkeypatch.setattr("sidecar.inject.certificates.AUTHORITY_DAYS", 3 / 86_400)
    monkeypatch.setattr("sidecar.inject.certificates.LEAF_DAYS", 1.5 / 86_400)
    monkeypatch.setattr("sidecar.inject.certificates._CLOCK_SKEW", timedelta(0))
    seen: set[str] = set()

    async def act(client: Client) -> None:
        ends = time.monotonic() + 5
        while time.monotonic() < ends:
            seen.add(api.objects[SECRET]["data"]["ca.crt"])
            assert (await client.review(POD))["allowed"] is True
            await asyncio.sleep(0.005)

    with_webhook(api, act)
    assert len(seen) >= 3, "authorities came and went"


def test_it_is_alive_but_not_ready_while_the_cluster_does_not_answer_and_says_so(api: ApiServer) -> None:
    api.down = True

    async def act(client: Client) -> None:
        own = advance(None, ["x"], b"", datetime.now(UTC)).bundle  # nobody can vouch for it yet
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await client.ask("GET", "/livez", bundle=own)
        await client.until(lambda: "certificate" in [line["task"] for line in client.lines("task_failed")])
        assert "status 503: the server is starting" in client.lines("task_failed")[0]["error"]
        api.down = False
        await client.until(lambda: trusted_by(api.objects[CONFIG]))
        await client.until(lambda: is_ready(client))
        assert (await client.metrics())['drift_sidecar_webhook_task_failures_total{task="certificate"}'] >= 1

    with_webhook(api, act, wait=False)


def test_the_owner_of_a_skipped_or_refused_pod_hears_of_it_once_however_often_it_is_tried(api: ApiServer) -> None:
    async def act(client: Client) -> None:
        host = {**POD, "spec": {**POD["spec"], "hostNetwork": True}}
        for _ in range(3):
            await client.review(host)
        await client.review(pod(traffic="take-ovr"))
        await client.until(lambda: len(api.under(EVENTS.format("fraud"))) == 2)
        await client.until(lambda: _sent(client, "repeated", 2))

        events = {one["reason"]: one for one in api.under(EVENTS.format("fraud"))}
        assert events.keys() == {"SidecarSkipped", "SidecarRefused"}
        assert events["SidecarSkipped"]["involvedObject"] == {**OWNER, "namespace": "fraud"}
        assert "hostNetwork" in events["SidecarSkipped"]["message"]
        assert "take-ovr" in events["SidecarRefused"]["message"]

    with_webhook(api, act, intervals=QUICK._replace(survey=3600))


async def _sent(client: Client, result: str, count: int) -> bool:
    return (await client.metrics())[f'drift_sidecar_webhook_events_total{{result="{result}"}}'] >= count


def test_a_dry_run_leaves_no_trace(api: ApiServer) -> None:
    async def act(client: Client) -> None:
        await client.review(pod(traffic="take-ovr"), dryRun=True)
        await client.review(pod(traffic="again-wrong"))
        await client.until(lambda: api.under(EVENTS.format("fraud")))

        (event,) = api.under(EVENTS.format("fraud"))
        assert "again-wrong" in event["message"]

    with_webhook(api, act)


def test_names_that_are_none_never_reach_the_cluster(api: ApiServer) -> None:
    async def act(client: Client) -> None:
        wrong = pod(traffic="take-ovr")
        await client.review(wrong, namespace="../../namespaces/other")
        bad = copy.deepcopy(wrong)
        bad["metadata"]["ownerReferences"][0]["name"] = "a/../../b"
        await client.review(bad)
        await client.until(lambda: _sent(client, "dropped", 2))
        assert not [call for call in api.calls if call.startswith("POST")]

    with_webhook(api, act)


def test_a_service_that_goes_past_the_sidecar_is_warned_of_at_admission_and_gets_an_event(api: ApiServer) -> None:
    spec = {"selector": {"app": "fraud"}, "ports": [{"port": 80, "targetPort": 8080}]}
    api.put("/api/v1/namespaces/fraud/services/front", {"metadata": {"namespace": "fraud"}, "spec": spec})

    async def act(client: Client) -> None:
        await client.until(lambda: _surveyed(client))
        answer = await client.review(POD)
        assert any("Service front has targetPort 8080" in text for text in answer["warnings"])
        await client.until(lambda: api.under(EVENTS.format("fraud")))
        assert api.under(EVENTS.format("fraud"))[0]["reason"] == "SidecarBypassed"

    with_webhook(api, act)


async def _surveyed(client: Client) -> bool:
    return (await client.metrics())["drift_sidecar_webhook_survey_timestamp_seconds"] > 0


def test_pods_without_a_sidecar_and_services_past_one_are_metrics_by_namespace(api: ApiServer) -> None:
    def put(namespace: str, name: str, thing: Json, **more: Any) -> None:
        metadata = {**thing.get("metadata", {}), "namespace": namespace}
        api.put(f"/api/v1/namespaces/{namespace}/pods/{name}", {**thing, "metadata": metadata, **more})

    spec = {"selector": {"app": "fraud"}, "ports": [{"port": 80, "targetPort": 8080}]}
    api.put("/api/v1/namespaces/fraud/services/front", {"metadata": {"namespace": "fraud"}, "spec": spec})
    put("fraud", "missed", POD)
    put("fraud", "missed-too", POD)
    put("fraud", "ended", POD, status={"phase": "Succeeded"})
    put("fraud", "own-wish", pod(inject="disabled"))
    put("fraud", "host", {**POD, "spec": {**POD["spec"], "hostNetwork": True}})
    put("fraud", "with", inject(POD, Options()).pod)
    put("other", "elsewhere", POD)

    async def act(client: Client) -> None:
        await client.until(lambda: _surveyed(client))
        found = await client.metrics()
        assert found['drift_sidecar_webhook_pods_without_sidecar{namespace="fraud"}'] == 2
        assert found['drift_sidecar_webhook_bypassing_services{namespace="fraud"}'] == 1
        assert not [name for name in found if 'namespace="other"' in name]
        told = {line["where"] for line in client.lines("no_sidecar")}
        assert told == {"pod fraud/missed", "pod fraud/missed-too"}
        del api.objects["/api/v1/namespaces/fraud/pods/missed"]
        await client.until(lambda: _missing(client, 1))
        events = [one for one in api.under(EVENTS.format("fraud")) if one["involvedObject"]["kind"] == "Service"]
        assert events[0]["involvedObject"]["uid"] == "uid-front"

    with_webhook(api, act)


async def _missing(client: Client, count: int) -> bool:
    return (await client.metrics())['drift_sidecar_webhook_pods_without_sidecar{namespace="fraud"}'] == count


def test_the_cluster_s_version_decides_for_a_native_sidecar_where_the_options_do_not(api: ApiServer) -> None:
    async def act(client: Client) -> None:
        await client.until(lambda: _surveyed(client))
        operations = json.loads(base64.b64decode((await client.review(POD))["patch"]))
        assert "/spec/initContainers" in {one["path"] for one in operations}

    with_webhook(api, act)


def test_hostile_requests_get_their_status_and_harm_nobody(api: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BODY_SECONDS", 0.3)

    async def act(client: Client) -> None:
        assert (await client.ask("POST", "/mutate", b"nonsense"))[0] == 400
        assert (await client.ask("POST", "/mutate", b"x" * (8 * 2**20 + 1)))[0] == 413
        assert (await client.ask("GET", "/mutate"))[0] == 405
        assert (await client.ask("GET", "/secrets"))[0] == 404
        tls = ssl.create_default_context(cadata=trusted_by(api.objects[CONFIG]).decode())
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", client.port, ssl=tls, server_hostname="hook.system.svc"
        )
        writer.write(b"POST /mutate HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        assert b" 408 " in await reader.readline(), "a body that never comes is not waited for"
        writer.close()
        await writer.wait_closed()
        assert (await client.review(POD))["allowed"] is True

    with_webhook(api, act)


def test_a_fault_of_ours_is_a_500_so_that_the_failure_policy_decides(
    api: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(module, "review", broken)

    async def act(client: Client) -> None:
        status, text = await client.ask("POST", "/mutate", json.dumps(review_of(POD)).encode())
        assert (status, "log" in text) == (500, True)
        assert "a bug" in client.lines("review_failed")[0]["error"]
        assert (await client.metrics())['drift_sidecar_webhook_reviews_total{result="failed"}'] == 1

    with_webhook(api, act)


def test_the_page_says_which_metrics_there_are(api: ApiServer) -> None:
    async def act(client: Client) -> None:
        _, text = await client.ask("GET", "/metrics")
        emitted = dict(re.findall(r"^# TYPE (\w+) (\w+)$", text, re.MULTILINE))
        page = (ROOT / "docs" / "webhook.md").read_text(encoding="utf-8")
        documented = dict(re.findall(r"^\| `(drift_\w+)` \| (\w+) \|", page, re.MULTILINE))
        assert documented == {name: kind for name, kind in emitted.items() if not name.endswith("_created")}

    with_webhook(api, act)


_VERBS = {"GET": "get", "PUT": "update", "PATCH": "patch", "POST": "create"}

_LISTS = ("namespaces", "pods", "services")


def test_it_asks_for_no_more_than_the_rights_that_the_page_names(api: ApiServer) -> None:
    async def act(client: Client) -> None:
        await client.review(pod(traffic="take-ovr"))
        await client.until(lambda: api.under(EVENTS.format("fraud")))
        await client.until(lambda: _surveyed(client))

    with_webhook(api, act)
    used = {_right(*call.split(" ", 1)) for call in set(api.calls) - {"GET /version"}}
    page = (
        (ROOT / "docs" / "webhook.md").read_text(encoding="utf-8").partition("## Rights")[2].partition("## Metrics")[0]
    )
    rows = re.findall(r"^\| (`.*?) \| .*?\| (.*?) \|$", page, re.MULTILINE)
    documented = {
        (resource, verb)
        for names, verbs in rows
        for resource in re.findall(r"`(\w+)`", names)
        for verb in verbs.split(", ")
    }
    assert used == documented


def _right(method: str, path: str) -> tuple[str, str]:
    *_, above, last = path.split("/")
    if last in _LISTS:
        return last, "list"
    return (last, "create") if method == "POST" else (above, _VERBS[method])


def test_without_a_cluster_it_serves_the_certificate_of_files(api: ApiServer, tmp_path: Path) -> None:
    kept = advance(None, ["hook.system.svc"], b"", datetime.now(UTC))
    certificate, key = tmp_path / "tls.crt", tmp_path / "tls.key"
    certificate.write_bytes(kept.leaf.certificate)
    key.write_bytes(kept.leaf.key)

    async def run() -> None:
        listener, log, ended = socket.create_server(("127.0.0.1", 0)), BytesIO(), asyncio.Event()
        client = Client(listener.getsockname()[1], log, api)
        wanted = ARGUMENTS._replace(certificate=str(certificate), key=str(key))
        task = asyncio.create_task(serve(listener, wanted, Options(), None, make_log(log), ended, QUICK))
        await client.until(lambda: client.lines("certificate"))
        assert (await client.ask("GET", "/readyz", bundle=kept.bundle))[0] == 200
        body = json.dumps(review_of(pod(traffic="take-ovr"))).encode()
        assert "take-ovr" in (await client.ask("POST", "/mutate", body, bundle=kept.bundle))[1]
        ended.set()
        await task
        await settle()

    asyncio.run(run())
    assert api.calls == []


def test_at_its_end_it_is_no_longer_ready_but_serves_on_for_the_notice(api: ApiServer) -> None:
    async def run() -> None:
        listener, log, ended = socket.create_server(("127.0.0.1", 0)), BytesIO(), asyncio.Event()
        client = Client(listener.getsockname()[1], log, api)
        async with Cluster(access(api)) as cluster:
            intervals = QUICK._replace(notice=0.5)
            task = asyncio.create_task(serve(listener, ARGUMENTS, Options(), cluster, make_log(log), ended, intervals))
            await client.until(lambda: trusted_by(api.objects[CONFIG]))
            await client.until(lambda: is_ready(client))
            ended.set()
            await client.until(lambda: _draining(client))
            assert (await client.review(POD))["allowed"] is True
            await task
            with pytest.raises(aiohttp.ClientConnectorError):
                await client.ask("GET", "/livez")
        await settle()

    asyncio.run(run())


async def _draining(client: Client) -> bool:
    return (await client.ask("GET", "/readyz")) == (503, '{"status": "draining"}')
