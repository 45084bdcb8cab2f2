"""Certificates: made, renewed in time, and never one that the API server does not trust yet."""

from __future__ import annotations

import asyncio
import base64
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from harness.apiserver import CONFIGS, TOKEN, ApiServer, running
from sidecar.inject.certificate_rotation import FileCertificate, SecretCertificate, read_secret, trusted_by
from sidecar.inject.certificates import (
    CertificateError,
    CertificateState,
    Pair,
    advance,
    expiry,
    make_context,
    trusts,
    use,
)
from sidecar.inject.cluster import Access, Cluster, ClusterError

NAMES = ["hook.system.svc", "hook"]
SECRET = "/api/v1/namespaces/system/secrets/hook-tls"
CONFIG = f"{CONFIGS}/hook"
START = datetime.now(UTC)


def days(number: float) -> datetime:
    return START + timedelta(days=number)


@pytest.fixture
def api(tmp_path: Path) -> Iterator[ApiServer]:
    with running(tmp_path) as server:
        server.put(SECRET, {})
        server.put(CONFIG, {"webhooks": [{"name": "open", "clientConfig": {}}, {"name": "closed", "clientConfig": {}}]})
        yield server


def access(api: ApiServer) -> Access:
    tls = ssl.create_default_context(cadata=api.authority.decode())
    return Access(f"https://localhost:{api.port}", tls, lambda: (api.mount / "token").read_text().strip())


def with_cluster(api: ApiServer, act: Callable[[Cluster], Awaitable[None]]) -> None:
    async def run() -> None:
        async with Cluster(access(api)) as cluster:
            await act(cluster)

    asyncio.run(run())


class Replica:
    """A source, the context it keeps, and a clock that a test sets."""

    def __init__(self, cluster: Cluster) -> None:
        self.now = START
        self.context = make_context()
        self.source = SecretCertificate(self.context, cluster, lambda: self.now, "system", "hook", "hook")


def shake_hands(context: ssl.SSLContext, bundle: bytes, name: str = "hook.system.svc") -> bytes:
    """The certificate (DER) that a client sees who trusts only `bundle`; raises ssl.SSLError if it does not trust."""
    ours, theirs = socket.socketpair()
    client = ssl.create_default_context(cadata=bundle.decode())

    def serve() -> None:
        try:
            context.wrap_socket(theirs, server_side=True).close()
        except OSError:
            theirs.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with client.wrap_socket(ours, server_hostname=name) as wrapped:
            return wrapped.getpeercert(binary_form=True) or b""
    finally:
        ours.close()
        thread.join(10)


def kept_in(api: ApiServer) -> CertificateState:
    kept = read_secret(api.objects[SECRET])
    assert kept is not None
    return kept


def trusted(api: ApiServer) -> bytes:
    return trusted_by(api.objects[CONFIG])


def authorities(bundle: bytes) -> int:
    return bundle.count(b"BEGIN CERTIFICATE")


def test_a_fresh_certificate_is_for_the_service_s_names_and_trusted_by_its_authority() -> None:
    kept = advance(None, NAMES, b"", START)
    context = make_context()
    use(context, kept.leaf)

    assert shake_hands(context, kept.bundle)
    assert shake_hands(context, kept.bundle, "hook")
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        shake_hands(context, kept.bundle, "other")
    assert expiry(kept.leaf.certificate) == pytest.approx(days(30).timestamp(), abs=1)


def test_nothing_changes_before_two_thirds_of_a_life_and_a_leaf_is_renewed_after() -> None:
    kept = advance(None, NAMES, b"", START)

    assert advance(kept, NAMES, kept.bundle, days(19)) == kept
    later = advance(kept, NAMES, kept.bundle, days(21))
    assert later.bundle == kept.bundle
    assert later.leaf != kept.leaf
    assert trusts(kept.bundle, later.leaf.certificate)


def test_a_new_authority_signs_only_when_it_is_trusted() -> None:
    kept = advance(None, NAMES, b"", START)
    for day in range(0, 241, 15):
        kept = advance(kept, NAMES, kept.bundle, days(day))
    overlap = advance(kept, NAMES, kept.bundle, days(245))
    waiting = advance(overlap, NAMES, kept.bundle, days(245.1))
    signed = advance(waiting, NAMES, overlap.bundle, days(245.2))

    assert authorities(overlap.bundle) == 2
    assert (overlap.leaf, waiting) == (kept.leaf, overlap)
    assert trusts(kept.bundle, waiting.leaf.certificate), "whoever trusts the old authority only is served as before"
    assert not trusts(kept.bundle, signed.leaf.certificate)
    assert trusts(overlap.bundle, signed.leaf.certificate)


def test_an_old_authority_is_forgotten_when_it_has_ended() -> None:
    kept = advance(None, NAMES, b"", START)
    both = advance(kept, NAMES, kept.bundle, days(300))

    assert authorities(both.bundle) == 2
    assert authorities(advance(both, NAMES, both.bundle, days(366)).bundle) == 1


@pytest.mark.parametrize("damage", ["bundle", "authority_key", "leaf", "other_key", "names"])
def test_whatever_is_damaged_is_made_anew_at_once(damage: str) -> None:
    good, other = advance(None, NAMES, b"", START), advance(None, NAMES, b"", START)
    broken = {
        "bundle": good._replace(bundle=b"no certificate"),
        "authority_key": good._replace(authority_key=other.authority_key),
        "leaf": good._replace(leaf=Pair(b"", b"")),
        "other_key": good._replace(leaf=Pair(good.leaf.certificate, other.leaf.key)),
        "names": advance(good, ["elsewhere"], good.bundle, START),
    }[damage]
    mended = advance(broken, NAMES, good.bundle, START)

    assert mended != broken
    context = make_context()
    use(context, mended.leaf)
    assert shake_hands(context, mended.bundle)


def test_a_certificate_without_its_key_is_refused_and_the_old_one_stays() -> None:
    good, other = advance(None, NAMES, b"", START), advance(None, NAMES, b"", START)
    context = make_context()
    use(context, good.leaf)

    for bad in (Pair(other.leaf.certificate, good.leaf.key), Pair(b"", b""), Pair(b"rubbish", other.leaf.key)):
        with pytest.raises(CertificateError, match="cannot be used"):
            use(context, bad)
        assert shake_hands(context, good.bundle)


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
