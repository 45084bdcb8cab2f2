"""The certificate that is served: shared by replicas, renewed in time, and trusted at every moment."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.apiserver import ApiServer, running
from sidecar.inject.certificate_rotation import FileCertificate, SecretCertificate, read_secret, trusted_by
from sidecar.inject.certificates import CertificateError, CertificateState, advance, expiry, make_context, trusts
from sidecar.inject.cluster import Cluster, ClusterError
from tests.inject.trust import CONFIG, NAMES, SECRET, START, authorities, days, shake_hands, with_cluster


@pytest.fixture
def api(tmp_path: Path) -> Iterator[ApiServer]:
    with running(tmp_path) as server:
        server.put(SECRET, {})
        server.put(CONFIG, {"webhooks": [{"name": "open", "clientConfig": {}}, {"name": "closed", "clientConfig": {}}]})
        yield server


class Replica:
    """A source, the context it keeps, and a clock that a test sets."""

    def __init__(self, cluster: Cluster) -> None:
        self.now = START
        self.context = make_context()
        self.source = SecretCertificate(self.context, cluster, lambda: self.now, "system", "hook", "hook")


def kept_in(api: ApiServer) -> CertificateState:
    kept = read_secret(api.objects[SECRET])
    assert kept is not None
    return kept


def trusted(api: ApiServer) -> bytes:
    return trusted_by(api.objects[CONFIG])


def test_the_first_look_fills_the_secret_and_every_webhook_of_the_configuration(api: ApiServer) -> None:
    async def act(cluster: Cluster) -> None:
        replica = Replica(cluster)
        until = await replica.source.refresh()

        assert until == expiry(kept_in(api).leaf.certificate)
        assert trusted(api) == kept_in(api).bundle
        assert shake_hands(replica.context, trusted(api))
        written = api.objects[SECRET]["metadata"]["resourceVersion"], api.objects[CONFIG]["metadata"]["resourceVersion"]
        await replica.source.refresh()
        now = api.objects[SECRET]["metadata"]["resourceVersion"], api.objects[CONFIG]["metadata"]["resourceVersion"]
        assert now == written, "a look that finds nothing amiss writes nothing"

    with_cluster(api, act)


def test_two_replicas_come_to_serve_one_certificate(api: ApiServer) -> None:
    async def act(cluster: Cluster) -> None:
        replicas = Replica(cluster), Replica(cluster)
        await asyncio.gather(*(one.source.refresh() for one in replicas), return_exceptions=True)
        for one in replicas:
            await one.source.refresh()

        seen = {shake_hands(one.context, trusted(api)) for one in replicas}
        assert len(seen) == 1
        assert authorities(trusted(api)) == 1

    with_cluster(api, act)


@pytest.mark.slow  # 220 days, each with two replicas
def test_over_three_years_of_rotations_no_handshake_fails_for_whoever_trusts_the_configuration(api: ApiServer) -> None:
    async def act(cluster: Cluster) -> None:
        replicas = Replica(cluster), Replica(cluster)
        leaves, bundles = set(), set()
        for day in range(0, 1100, 5):
            for one in replicas:
                one.now = days(day)
                await one.source.refresh()
                for served in (two.source.served for two in replicas if two.source.served):
                    assert trusts(trusted(api), served.certificate), "at no moment, not only when both have looked"
                    assert expiry(served.certificate) > one.now.timestamp() + 86_400
            leaves.add(kept_in(api).leaf)
            bundles.add(trusted(api))
        assert len(leaves) >= 50
        assert len(bundles) >= 4
        assert max(map(authorities, bundles)) == 2

    with_cluster(api, act)


def test_an_authority_that_somebody_takes_out_of_the_configuration_comes_back(api: ApiServer) -> None:
    async def act(cluster: Cluster) -> None:
        replica = Replica(cluster)
        await replica.source.refresh()
        del api.objects[CONFIG]["webhooks"][1]["clientConfig"]["caBundle"]
        await replica.source.refresh()

        assert trusted(api) == kept_in(api).bundle

    with_cluster(api, act)


def test_what_the_cluster_refuses_is_named_and_the_certificate_of_before_is_served_on(api: ApiServer) -> None:
    async def act(cluster: Cluster) -> None:
        replica = Replica(cluster)
        await replica.source.refresh()
        api.down = True
        with pytest.raises(ClusterError, match=rf"GET {CONFIG}: status 503: the server is starting"):
            await replica.source.refresh()
        assert shake_hands(replica.context, trusted(api))
        api.down = False
        api.forbidden.add(SECRET)
        with pytest.raises(ClusterError, match="cannot get resource"):
            await replica.source.refresh()

    with_cluster(api, act)


def test_files_that_somebody_renews_are_taken_up_and_halves_of_them_are_not(tmp_path: Path) -> None:
    first, second = advance(None, NAMES, b"", START), advance(None, NAMES, b"", START)
    certificate, key = tmp_path / "tls.crt", tmp_path / "tls.key"
    certificate.write_bytes(first.leaf.certificate)
    key.write_bytes(first.leaf.key)
    context = make_context()
    source = FileCertificate(context, str(certificate), str(key))

    asyncio.run(source.refresh())
    assert shake_hands(context, first.bundle)
    certificate.write_bytes(second.leaf.certificate)
    with pytest.raises(CertificateError):
        asyncio.run(source.refresh())
    assert shake_hands(context, first.bundle)
    key.write_bytes(second.leaf.key)
    asyncio.run(source.refresh())
    assert shake_hands(context, second.bundle)
    key.unlink()
    with pytest.raises(CertificateError, match=r"tls\.key: cannot be read"):
        asyncio.run(source.refresh())


def test_a_secret_that_holds_rubbish_is_as_good_as_an_empty_one(api: ApiServer) -> None:
    rubbish = base64.b64encode(b"rubbish").decode()
    api.put(SECRET, {"data": dict.fromkeys(["ca.crt", "ca.key", "tls.crt", "tls.key"], rubbish)})

    async def act(cluster: Cluster) -> None:
        replica = Replica(cluster)
        await replica.source.refresh()
        assert shake_hands(replica.context, trusted(api))

    with_cluster(api, act)
