"""Is the webhook itself in order? What a cluster says about its configuration, its pods and its certificate.

A webhook that is not trusted, or not there, is silent under the failure policy Ignore: pods start without a sidecar.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sidecar.inject.certificates import CertificateError, expiry, trusts
from sidecar.inject.cluster import Cluster, ClusterError
from sidecar.inject.keeper import configuration_path, decoded, secret_name, trusted_by
from sidecar.inject.shape import Json
from sidecar.inject.survey import Checked, Finding

_SOON_SECONDS = 7 * 86_400
"""Our own certificate is renewed ten days before its end."""
_INSTALL = "Install the chart k8s/chart, or name yours with --webhook-config"


async def check_webhook(cluster: Cluster, name: str, now: float) -> Checked:
    """Look at a webhook configuration and what it leads to, at Unix time `now`. Raises ClusterError if it may not be read."""
    where = f"MutatingWebhookConfiguration {name}"
    try:
        config = await cluster.get(configuration_path(name))
    except ClusterError as error:
        if error.status != 404:
            raise
        return Checked([_wrong(where, "there is none, so no new pod gets a sidecar", _INSTALL)], [])
    services = [(one.get("clientConfig") or {}).get("service") for one in config.get("webhooks") or []]
    if not services or not services[0]:
        return Checked([_wrong(where, "it leads to no Service, so no new pod gets a sidecar", _INSTALL)], [])
    namespace, service = services[0]["namespace"], services[0]["name"]
    ready = await _check_pods(cluster, namespace, service)
    certificate = await _check_certificate(cluster, namespace, service, where, trusted_by(config), now)
    return Checked(ready.findings + certificate.findings, ready.notes + certificate.notes)


async def _check_pods(cluster: Cluster, namespace: str, service: str) -> Checked:
    where = f"Service {namespace}/{service}"
    path = f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices"
    slices = await cluster.get(f"{path}?labelSelector=kubernetes.io/service-name%3D{service}")
    ready = sum(_ready(endpoint) for one in slices.get("items") or [] for endpoint in one.get("endpoints") or [])
    if ready:
        return Checked([], [f"{where}: {ready} pods of the webhook are ready"])
    mend = f"kubectl logs -n {namespace} deployment/{service} says why"
    return Checked([_wrong(where, "no pod of the webhook is ready, so no new pod gets a sidecar", mend)], [])


def _ready(endpoint: Json) -> bool:
    return (endpoint.get("conditions") or {}).get("ready") is not False  # absent means ready


async def _check_certificate(
    cluster: Cluster, namespace: str, service: str, where: str, bundle: bytes, now: float
) -> Checked:
    mend = f"kubectl logs -n {namespace} deployment/{service} says why the webhook, or cert-manager, does not renew it"
    if not bundle:
        return Checked([_wrong(where, "its webhooks have no common caBundle, so the API server trusts none", mend)], [])
    path = f"/api/v1/namespaces/{namespace}/secrets/{secret_name(service)}"
    try:
        certificate = decoded((await cluster.get(path)).get("data", {}).get("tls.crt"))
        until = expiry(certificate)
    except ClusterError as error:
        if error.status not in (401, 403):
            return Checked([_wrong(f"Secret {namespace}/{secret_name(service)}", str(error), mend)], [])
        return Checked([], [f"the certificate was not looked at: {error}"])
    except CertificateError as error:
        return Checked([_wrong(f"Secret {namespace}/{secret_name(service)}", f"tls.crt: {error}", mend)], [])
    day = datetime.fromtimestamp(until, UTC).date()
    if until < now + _SOON_SECONDS:
        return Checked([_wrong(where, f"the certificate ends on {day}, and should have been renewed", mend)], [])
    if not trusts(bundle, certificate):
        return Checked([_wrong(where, "its caBundle does not trust the webhook's certificate", mend)], [])
    return Checked([], [f"{where}: the certificate is trusted, and good until {day}"])


def _wrong(where: str, why: str, mend: str) -> Finding:
    return Finding("webhook", "", where, why, mend)
