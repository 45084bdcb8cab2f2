"""The admission webhook: reviews over TLS, health and metrics on the same port, and the tasks that run beside.

A review is answered from memory; the cluster is asked by tasks only, so that a slow API server, which waits for us,
never waits for itself. A fault of ours is a 500: the failure policy of the namespace decides what that means.
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
from sidecar.inject.census import take
from sidecar.inject.certificates import make_context
from sidecar.inject.cluster import Cluster
from sidecar.inject.events import Recorder
from sidecar.inject.keeper import FileKeeper, Keeper, SecretKeeper
from sidecar.inject.options import Options
from sidecar.inject.review import Reviewed, review
from sidecar.inject.survey import Service
from sidecar.inject.webhook_log import Log
from sidecar.inject.webhook_metrics import WebhookMetrics

_BODY_LIMIT = 8 * 2**20
"""The API server takes objects of 3 MiB, and a review may hold an old one too."""
_BODY_SECONDS = 5
_KEEPALIVE_SECONDS = 120
_SHUTDOWN_SECONDS = 5


class Wanted(NamedTuple):
    """What the command line says."""

    namespace: str
    """The webhook's own, which it leaves alone."""
    service: str
    webhook_config: str
    certificate: str = ""
    """File of a certificate that somebody else renews, with `key`; empty means one of our own."""
    key: str = ""


class Pace(NamedTuple):
    """Seconds between what happens by itself."""

    certificate: float = 30.0
    survey: float = 60.0
    again: float = 2.0
    """After a failure."""
    notice: float = 5.0
    """At the end: served on, but not ready, until the API server has heard of it."""


class Webhook:
    """What the handlers and the tasks share."""

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
        """The application."""
        app = web.Application(client_max_size=_BODY_LIMIT)
        app.router.add_post("/mutate", self.mutate)
        app.router.add_get("/livez", self.live)
        app.router.add_get("/readyz", self.ready)
        app.router.add_get("/metrics", self.show_metrics)
        return app

    async def mutate(self, request: web.Request) -> web.Response:
        """One review."""
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                body = await request.read()
        except TimeoutError:
            raise web.HTTPRequestTimeout from None
        started = time.perf_counter()
        try:
            reviewed = review(body, self.options, self.services)
        except Exception as error:  # a fault of ours must not be mistaken for an answer
            self.metrics.reviews.labels("failed").inc()
            self.log.error("review_failed", error=repr(error), trace=traceback.format_exc(limit=-5))
            raise web.HTTPInternalServerError(text="the review failed; the webhook's log says why") from error
        seconds = time.perf_counter() - started
        self.metrics.seconds.observe(seconds)
        self._tell(reviewed, seconds)
        kind = "application/json" if reviewed.status == 200 else "text/plain"
        return web.Response(body=reviewed.body, status=reviewed.status, content_type=kind)

    def _tell(self, reviewed: Reviewed, seconds: float) -> None:
        """Count a review, log it, and write Events of what its owner should know."""
        self.metrics.reviews.labels(reviewed.result).inc()
        told = {"namespace": reviewed.namespace, "pod": reviewed.pod, "dry_run": reviewed.dry_run, "why": reviewed.why}
        owner = reviewed.owner or {}
        about = f"{owner.get('kind')}/{owner.get('name')}" if owner else ""
        milliseconds = round(seconds * 1000, 3)
        self.log.info("review", result=reviewed.result, owner=about, **told, milliseconds=milliseconds)
        if self.recorder and owner and not reviewed.dry_run:
            if reviewed.why:
                reason = "SidecarRefused" if reviewed.result == "refused" else "SidecarSkipped"
                self.recorder.note(reviewed.namespace, owner, reason, f"no drift-sidecar: {reviewed.why}")
            for text in reviewed.bypasses:
                self.recorder.note(reviewed.namespace, owner, "SidecarBypassed", text)

    async def live(self, request: web.Request) -> web.Response:
        """Whether the process answers at all."""
        return web.json_response({"status": "alive"})

    async def ready(self, request: web.Request) -> web.Response:
        """Whether the API server should come here."""
        reason = self.unready()
        return web.json_response({"status": reason or "ready"}, status=503 if reason else 200)

    def unready(self) -> str:
        """Why not; empty if it should."""
        if self.ending:
            return "draining"
        if not self.trusted_until:
            return "no certificate that the API server trusts, yet"
        return "" if time.time() < self.trusted_until else "the certificate has ended"

    async def show_metrics(self, request: web.Request) -> web.Response:
        """For Prometheus."""
        return web.Response(body=self.metrics.text(), headers={"Content-Type": "text/plain; version=0.0.4"})

    async def renew(self, keeper: Keeper) -> None:
        """Look after the certificate."""
        until = await keeper.look()
        if until != self.trusted_until:
            self.log.info("certificate", until=datetime.fromtimestamp(until, UTC).isoformat())
        self.trusted_until = until
        self.metrics.expiry.set(until)

    async def survey(self, cluster: Cluster, own: str) -> None:
        """Look for pods without a sidecar, and for Services that go past one."""
        if self.options.kubernetes_version is None:
            self.options = replace(self.options, kubernetes_version=await cluster.version())
        census = await take(cluster, self.options, own)
        self.services = census.services
        self.metrics.found(census.namespaces, census.findings, time.time())
        for finding in census.findings:
            told = {"namespace": finding.namespace, "where": finding.where, "why": finding.why, "mend": finding.mend}
            self.log.warning(finding.kind, **told)
            if self.recorder and finding.service:
                service = finding.service.metadata
                about = {"apiVersion": "v1", "kind": "Service", "name": service.name, "uid": service.uid}
                self.recorder.note(finding.namespace, about, "SidecarBypassed", finding.why)


async def serve(
    listener: socket.socket,
    wanted: Wanted,
    options: Options,
    cluster: Cluster | None,
    log: Log,
    ended: asyncio.Event,
    pace: Pace,
) -> None:
    """Serve until `ended`. Without a cluster there are no surveys and no Events, and the certificate is in files."""
    recorder = Recorder(cluster) if cluster else None
    webhook = Webhook(options, log, recorder)
    context = make_context()
    keeper = make_keeper(context, wanted, cluster)
    runner = web.AppRunner(
        webhook.make_app(),
        access_log=None,
        keepalive_timeout=_KEEPALIVE_SECONDS,
        shutdown_timeout=_SHUTDOWN_SECONDS,
    )
    await runner.setup()
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(_repeat(webhook, "certificate", lambda: webhook.renew(keeper), pace.certificate, pace))
        ]
        if cluster and recorder:
            survey = _repeat(webhook, "survey", lambda: webhook.survey(cluster, wanted.namespace), pace.survey, pace)
            tasks += [group.create_task(survey), group.create_task(recorder.run())]
        await web.SockSite(runner, listener, ssl_context=context).start()
        log.info("listening", address="{}:{}".format(*listener.getsockname()[:2]))
        await ended.wait()
        webhook.ending = True
        await asyncio.sleep(pace.notice)
        await runner.cleanup()
        for task in tasks:
            task.cancel()
    log.info("ended")


def make_keeper(context: ssl.SSLContext, wanted: Wanted, cluster: Cluster | None) -> Keeper:
    """Files if they are given, the Secret otherwise. Raises UserError if there is neither."""
    if wanted.certificate or wanted.key:
        return FileKeeper(context, wanted.certificate, wanted.key)
    if cluster is None:
        raise UserError("--cert", "is missing, and this is no pod with a service account", "Give --cert and --key")
    return SecretKeeper(
        context, cluster, lambda: datetime.now(UTC), wanted.namespace, wanted.service, wanted.webhook_config
    )


async def _repeat(webhook: Webhook, name: str, act: Callable[[], Awaitable[None]], seconds: float, pace: Pace) -> None:
    """Do something for ever; what fails is logged and counted, and tried again soon."""
    while True:
        try:
            await act()
            rest = seconds
        except Exception as error:  # noqa: BLE001  # the reviews go on, whatever a task meets
            webhook.metrics.failures.labels(name).inc()
            webhook.log.warning("task_failed", task=name, error=str(error) or repr(error))
            rest = min(seconds, pace.again)
        await asyncio.sleep(rest)
