"""Checks the webhook itself: its configuration, its ready pods and its certificate, as the cluster shows them.

A webhook that is missing or not trusted raises no error under the failure policy Ignore: pods just start without a sidecar.
Nothing is changed here. Neighbour: `survey`, which checks the pods.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sidecar.inject.certificate_rotation import configuration_path, decode_base64, secret_name, trusted_by
from sidecar.inject.certificates import CertificateError, expiry, trusts
from sidecar.inject.cluster import Cluster, ClusterError
from sidecar.inject.pod import Json
from sidecar.inject.survey import Finding, Report

_SOON_SECONDS = 7 * 86_400
"""Our own certificate is renewed ten days before its end."""
_FORBIDDEN = 403
_INSTALL = "Install the chart k8s/chart, or name yours with --webhook-config"


async def check_webhook(cluster: Cluster, name: str, now: float) -> Report:
    """Check the MutatingWebhookConfiguration `name`, the Service it calls, and the certificate at Unix time `now`.

    What may not be read is a note: rights to view do not reach so far. Raises ClusterError if the cluster does not answer.
    """
    where = f"MutatingWebhookConfiguration {name}"
    try:
        config = await cluster.get(configuration_path(name))
    except ClusterError as error:
        if error.status == _FORBIDDEN:
            return Report([], [f"the webhook was not looked at: {error}"])
        if error.status != 404:
            raise
        return Report([_finding(where, "there is none, so no new pod gets a sidecar", _INSTALL)], [])
    installed = str(config["metadata"].get("creationTimestamp") or "")
    services = [(one.get("clientConfig") or {}).get("service") for one in config.get("webhooks") or []]
    if not services or not services[0]:
        return Report([_finding(where, "it leads to no Service, so no new pod gets a sidecar", _INSTALL)], [])
    namespace, service = services[0]["namespace"], services[0]["name"]
    ready = await _check_pods(cluster, namespace, service)
    certificate = await _check_certificate(cluster, namespace, service, where, trusted_by(config), now)
    return Report(ready.findings + certificate.findings, ready.notes + certificate.notes, installed=installed)


async def _check_pods(cluster: Cluster, namespace: str, service: str) -> Report:
    where = f"Service {namespace}/{service}"
    path = f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices"
    try:
        slices = await cluster.get(f"{path}?labelSelector=kubernetes.io/service-name%3D{service}")
    except ClusterError as error:
        if error.status != _FORBIDDEN:
            raise
        return Report([], [f"the webhook's pods were not looked at: {error}"])
    ready = sum(_ready(endpoint) for one in slices.get("items") or [] for endpoint in one.get("endpoints") or [])
    if ready:
        return Report([], [f"{where}: {ready} pods of the webhook are ready"])
    fix = f"kubectl logs -n {namespace} deployment/{service} says why"
    return Report([_finding(where, "no pod of the webhook is ready, so no new pod gets a sidecar", fix)], [])


def _ready(endpoint: Json) -> bool:
    return (endpoint.get("conditions") or {}).get("ready") is not False  # absent means ready


async def _check_certificate(
    cluster: Cluster, namespace: str, service: str, where: str, bundle: bytes, now: float
) -> Report:
    fix = f"kubectl logs -n {namespace} deployment/{service} says why the webhook, or cert-manager, does not renew it"
    if not bundle:
        return Report([_finding(where, "its webhooks have no common caBundle, so the API server trusts none", fix)], [])
    path = f"/api/v1/namespaces/{namespace}/secrets/{secret_name(service)}"
    try:
        certificate = decode_base64((await cluster.get(path)).get("data", {}).get("tls.crt"))
        until = expiry(certificate)
    except ClusterError as error:
        if error.status not in (401, 403):
            return Report([_finding(f"Secret {namespace}/{secret_name(service)}", str(error), fix)], [])
        return Report([], [f"the certificate was not looked at: {error}"])
    except CertificateError as error:
        return Report([_finding(f"Secret {namespace}/{secret_name(service)}", f"tls.crt: {error}", fix)], [])
    day = datetime.fromtimestamp(until, UTC).date()
    if until < now + _SOON_SECONDS:
        return Report([_finding(where, f"the certificate ends on {day}, and should have been renewed", fix)], [])
    if not trusts(bundle, certificate):
        return Report([_finding(where, "its caBundle does not trust the webhook's certificate", fix)], [])
    return Report([], [f"{where}: the certificate is trusted, and good until {day}"])


def _finding(where: str, why: str, fix: str) -> Finding:
    return Finding("webhook", "", where, why, fix)
