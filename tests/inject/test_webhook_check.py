"""The webhook itself, as the cluster shows it: configuration, pods, certificate."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from harness.apiserver import SLICES, ApiServer
from sidecar.inject.certificates import LEAF_DAYS
from sidecar.inject.cluster import Cluster, ClusterError
from sidecar.inject.survey import Report
from sidecar.inject.webhook_check import _SOON_SECONDS, check_webhook
from tests.inject.clusters import CONFIG, SECRET, cluster_in_order, made, put_webhook
from tests.inject.trust import access


@pytest.fixture
def api(tmp_path: Path) -> Iterator[ApiServer]:
    with cluster_in_order(tmp_path) as server:
        yield server


def check(api: ApiServer, now: float | None = None) -> Report:
    async def run() -> Report:
        async with Cluster(access(api)) as cluster:
            return await check_webhook(cluster, CONFIG.rpartition("/")[2], time.time() if now is None else now)

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ("no_config", "there is none"),
        ("no_webhooks", "leads to no Service"),
        ("no_bundle", "no common caBundle"),
        ("stranger", "does not trust the webhook's certificate"),
        ("old", "should have been renewed"),
        ("empty", "there is no certificate in it"),
        ("no_pods", "no pod of the webhook is ready"),
        ("no_secret", "not found"),
    ],
)
def test_a_webhook_out_of_order_is_found(wrong: str, why: str, api: ApiServer) -> None:
    kept, old = made(), made(days_ago=25)
    ways: dict[str, Callable[[], object]] = {
        "no_config": lambda: api.objects.pop(CONFIG),
        "no_webhooks": lambda: api.put(CONFIG, {"webhooks": []}),
        "no_bundle": lambda: put_webhook(api, kept, b""),
        "stranger": lambda: put_webhook(api, kept, made().bundle),
        "old": lambda: put_webhook(api, old, old.bundle),
        "empty": lambda: api.put(SECRET, {}),
        "no_pods": lambda: api.put(f"{SLICES}/hook-1", {"endpoints": [{"conditions": {"ready": False}}]}),
        "no_secret": lambda: api.objects.pop(SECRET),
    }
    ways[wrong]()

    (finding,) = check(api).findings

    assert finding.kind == "webhook"
    assert why in finding.why
    assert finding.mend


def test_a_webhook_in_order_is_said_to_be_so_with_the_last_day_of_its_certificate(api: ApiServer) -> None:
    report = check(api)

    assert report.findings == []
    pods, certificate = report.notes
    assert "1 pods of the webhook are ready" in pods
    last = (datetime.now(UTC) + timedelta(days=LEAF_DAYS)).date()
    assert certificate.endswith(f"trusted, and good until {last}")


def test_a_certificate_is_old_a_week_before_its_end(api: ApiServer) -> None:
    end = time.time() + LEAF_DAYS * 86_400
    assert check(api, end - 8 * 86_400).findings == []
    assert len(check(api, end - 6 * 86_400).findings) == 1


def test_a_secret_that_may_not_be_read_is_no_finding_but_is_said(api: ApiServer) -> None:
    api.forbidden.add(SECRET)
    report = check(api)

    assert report.findings == []
    assert "the certificate was not looked at" in report.notes[-1]


def test_a_configuration_that_may_not_be_read_is_said_so_and_is_not_absent(api: ApiServer) -> None:
    api.forbidden.add(CONFIG)

    report = check(api)

    assert report.findings == []
    assert "cannot get resource" in report.notes[0]


def test_a_cluster_that_does_not_answer_is_an_error(api: ApiServer) -> None:
    api.down = True

    with pytest.raises(ClusterError, match="status 503"):
        check(api)


def test_our_own_certificates_are_renewed_well_before_the_doctor_complains() -> None:
    assert LEAF_DAYS / 3 * 86_400 > _SOON_SECONDS
