"""The admission webhook: serves reviews over TLS, health and metrics on the same port, and runs the background tasks.

A review is answered from memory, and only tasks call the API server: it waits for the review, so a review that waited for it
would deadlock when it is slow. An internal error is a 500, and then the webhook's failure policy decides. Neighbours: `review`
answers, `certificate_rotation` renews, `scan` looks for pods without a sidecar, `events` reports to the pod's owner.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
import traceback
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import NamedTuple

from aiohttp import web
from msgspec.structs import replace

from sidecar.errors import UserError
from sidecar.inject.bypass import Service
from sidecar.inject.certificate_rotation import CertificateSource, FileCertificate, SecretCertificate
from sidecar.inject.certificates import make_context
from sidecar.inject.cluster import Cluster
from sidecar.inject.events import Recorder
from sidecar.inject.options import Options
from sidecar.inject.review import Reviewed, review
from sidecar.inject.scan import scan_cluster
from sidecar.inject.webhook_log import Log
from sidecar.inject.webhook_metrics import WebhookMetrics

_BODY_LIMIT = 8 * 2**20
"""Bytes. The API server accepts objects of 3 MiB, and a review may hold an old one too."""
_BODY_SECONDS = 5
_KEEPALIVE_SECONDS = 120
_SHUTDOWN_SECONDS = 5


class Arguments(NamedTuple):
    """Arguments of the command."""

    namespace: str
    """The webhook's own namespace, whose pods are never patched."""
    service: str
    webhook_config: str
    certificate: str = ""
    """File of a certificate that is renewed by others, and `key` its key; empty means that the webhook makes its own."""
    key: str = ""
    revision: str = ""
    """Value of the namespaces' label `drift-sidecar/revision` that is this webhook's; empty for those without the label."""


class Intervals(NamedTuple):
    """Seconds between runs of the background tasks."""

    certificate: float = 30.0
    survey: float = 60.0
    retry: float = 2.0
    """Before a task that failed runs again."""
    notice: float = 5.0
    """Seconds at the end during which reviews are served, but readiness fails, until no more reviews are sent here."""


class Webhook:
    """State shared by handlers and tasks."""

    def __init__(self, options: Options, log: Log, recorder: Recorder | None) -> None:
        self.options = options
        self.log = log
        self.recorder = recorder
        self.metrics = WebhookMetrics(recorder.results if recorder else {})
        self.services: list[Service] = []
        self.trusted_until = 0.0
        """Unix time at which the certificate ends; 0 until there is one that the API server trusts."""
        self.ending = False

    def make_app(self) -> web.Application:
        """Routes of the server."""
        app = web.Application(client_max_size=_BODY_LIMIT)
        app.router.add_post("/mutate", self.mutate)
        app.router.add_get("/livez", self.live)
        app.router.add_get("/readyz", self.ready)
        app.router.add_get("/metrics", self.show_metrics)
        return app

    async def mutate(self, request: web.Request) -> web.Response:
        """POST /mutate: answer one review."""
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                body = await request.read()
        except TimeoutError:
            raise web.HTTPRequestTimeout from None
        started = time.perf_counter()
        try:
            reviewed = review(body, self.options, self.services)
        except Exception as error:  # an internal error must not be mistaken for an answer
            self.metrics.reviews.labels("failed").inc()
            self.log.error("review_failed", error=repr(error), trace=traceback.format_exc(limit=-5))
            raise web.HTTPInternalServerError(text="the review failed; the webhook's log says why") from error
        seconds = time.perf_counter() - started
        self.metrics.seconds.observe(seconds)
        self._report(reviewed, seconds)
        kind = "application/json" if reviewed.status == 200 else "text/plain"
        return web.Response(body=reviewed.body, status=reviewed.status, content_type=kind)

    def _report(self, reviewed: Reviewed, seconds: float) -> None:
        """Count a review, log it, and write Events that its owner should see."""
        self.metrics.reviews.labels(reviewed.result).inc()
        fields = {
            "namespace": reviewed.namespace,
            "pod": reviewed.pod,
            "dry_run": reviewed.dry_run,
            "why": reviewed.why,
        }
        owner = reviewed.owner or {}
        about = f"{owner.get('kind')}/{owner.get('name')}" if owner else ""
        milliseconds = round(seconds * 1000, 3)
        self.log.info("review", result=reviewed.result, owner=about, **fields, milliseconds=milliseconds)
        if self.recorder and owner and not reviewed.dry_run:
            if reviewed.why:
                reason = "SidecarRefused" if reviewed.result == "refused" else "SidecarSkipped"
                self.recorder.record(reviewed.namespace, owner, reason, f"no drift-sidecar: {reviewed.why}")
            if reviewed.bypasses:
                self.recorder.record(reviewed.namespace, owner, "SidecarBypassed", "; ".join(reviewed.bypasses))

    async def live(self, request: web.Request) -> web.Response:
        """GET /livez: whether the process answers."""
        return web.json_response({"status": "alive"})

    async def ready(self, request: web.Request) -> web.Response:
        """GET /readyz: whether reviews should be sent here."""
        reason = self.unready()
        return web.json_response({"status": reason or "ready"}, status=503 if reason else 200)

    def unready(self) -> str:
        """Why no reviews should be sent here; empty if they should."""
        if self.ending:
            return "draining"
        if not self.trusted_until:
            return "no certificate that the API server trusts, yet"
        return "" if time.time() < self.trusted_until else "the certificate has ended"

    async def show_metrics(self, request: web.Request) -> web.Response:
        """GET /metrics, for Prometheus."""
        return web.Response(body=self.metrics.text(), headers={"Content-Type": "text/plain; version=0.0.4"})

    async def renew(self, source: CertificateSource) -> None:
        """Task: bring the certificate up to date."""
        until = await source.refresh()
        if until != self.trusted_until:
            self.log.info("certificate", until=datetime.fromtimestamp(until, UTC).isoformat())
        self.trusted_until = until
        self.metrics.expiry.set(until)

    async def survey(self, cluster: Cluster, own: str, revision: str) -> None:
        """Task: find pods without a sidecar, and Services that bypass one."""
        if self.options.kubernetes_version is None:
            self.options = replace(self.options, kubernetes_version=await cluster.version())
        scan = await scan_cluster(cluster, self.options, own, revision=revision)
        self.services = scan.services
        self.metrics.found(scan.namespaces, scan.findings, time.time())
        for finding in scan.findings:
            fields = {"namespace": finding.namespace, "where": finding.where, "why": finding.why, "mend": finding.mend}
            self.log.warning(finding.kind, **fields)
            if self.recorder and finding.service:
                service = finding.service.metadata
                about = {"apiVersion": "v1", "kind": "Service", "name": service.name, "uid": service.uid}
                self.recorder.record(finding.namespace, about, "SidecarBypassed", finding.why)


async def serve(
    listener: socket.socket,
    arguments: Arguments,
    options: Options,
    cluster: Cluster | None,
    log: Log,
    ended: asyncio.Event,
    intervals: Intervals,
) -> None:
    """Serve until `ended`. Without a cluster there are no surveys and no Events, and the certificate comes from files."""
    recorder = Recorder(cluster) if cluster else None
    webhook = Webhook(options, log, recorder)
    context = make_context()
    source = make_certificate_source(context, arguments, cluster)
    runner = web.AppRunner(
        webhook.make_app(),
        access_log=None,
        keepalive_timeout=_KEEPALIVE_SECONDS,
        shutdown_timeout=_SHUTDOWN_SECONDS,
    )
    await runner.setup()
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(
                _repeat(webhook, "certificate", lambda: webhook.renew(source), intervals.certificate, intervals)
            )
        ]
        if cluster and recorder:
            own, revision = arguments.namespace, arguments.revision
            survey = _repeat(
                webhook, "survey", lambda: webhook.survey(cluster, own, revision), intervals.survey, intervals
            )
            tasks += [group.create_task(survey), group.create_task(recorder.run())]
        await web.SockSite(runner, listener, ssl_context=context).start()
        log.info("listening", address="{}:{}".format(*listener.getsockname()[:2]))
        await ended.wait()
        webhook.ending = True
        await asyncio.sleep(intervals.notice)
        await runner.cleanup()
        for task in tasks:
            task.cancel()
    log.info("ended")


def make_certificate_source(
    context: ssl.SSLContext, arguments: Arguments, cluster: Cluster | None
) -> CertificateSource:
    """Certificate files if given, else the Secret. Raises UserError if there is neither files nor cluster."""
    if arguments.certificate or arguments.key:
        return FileCertificate(context, arguments.certificate, arguments.key)
    if cluster is None:
        raise UserError("--cert", "is missing, and this is no pod with a service account", "Give --cert and --key")
    return SecretCertificate(
        context, cluster, lambda: datetime.now(UTC), arguments.namespace, arguments.service, arguments.webhook_config
    )


async def _repeat(
    webhook: Webhook, name: str, act: Callable[[], Awaitable[None]], seconds: float, intervals: Intervals
) -> None:
    """Run a task for ever. A failure is logged and counted, and the task runs again soon."""
    while True:
        try:
            await act()
            rest = seconds
        except Exception as error:  # noqa: BLE001  # reviews go on, whatever a task raises
            webhook.metrics.failures.labels(name).inc()
            webhook.log.warning("task_failed", task=name, error=str(error) or repr(error))
            rest = min(seconds, intervals.retry)
        await asyncio.sleep(rest)
