"""The admin pages: `/metrics`, the live page and its data. Read only; nothing is fetched from elsewhere, except the
model's metrics.

The traffic process owns the port and splices connections to the Unix socket of this server. Health is answered here
too, since a kept-alive connection may ask for it after something else.
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from importlib import resources

import msgspec
from aiohttp import web

from sidecar.access import CHALLENGE, HEADERS, Access
from sidecar.core.reference.profile_file import dumps
from sidecar.core.words.frame import Side
from sidecar.core.words.snapshot import Snapshot
from sidecar.observer import api
from sidecar.observer.answers import Problem
from sidecar.observer.complaints import Part
from sidecar.observer.live import LiveEvents
from sidecar.observer.model_scraper import ModelScraper, patience
from sidecar.observer.schema import schema_json
from sidecar.observer.worker import Worker
from sidecar.settings import Settings

_PAGE = {
    "index.html": "text/html; charset=utf-8",
    "page.css": "text/css; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
    "overview.js": "text/javascript; charset=utf-8",
    "features.js": "text/javascript; charset=utf-8",
    "streams.js": "text/javascript; charset=utf-8",
    "detail.js": "text/javascript; charset=utf-8",
    "panels.js": "text/javascript; charset=utf-8",
    "traffic.js": "text/javascript; charset=utf-8",
    "charts.js": "text/javascript; charset=utf-8",
    "plots.js": "text/javascript; charset=utf-8",
    "text.js": "text/javascript; charset=utf-8",
    "uplot.js": "text/javascript; charset=utf-8",
    "uplot.css": "text/css; charset=utf-8",
    "uplot.LICENSE.txt": "text/plain; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
"""All files of the page; nothing else is served."""

_HEADERS = HEADERS | {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "Server": "drift-sidecar",
}
"""Names of features and routes come from outside: even if the page failed to escape one, no script would run."""

_LONGEST_NAME = 256
_COMPRESS_BYTES = 4096
"""Shorter answers are not worth compressing."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def make_app(settings: Settings, worker: Worker, clock: Callable[[], float]) -> web.Application:
    """The application; `clock` gives Unix time."""
    pages = _Pages(settings, worker, clock)
    app = web.Application(middlewares=[pages.answer])
    app.on_response_prepare.append(_harden)
    app.router.add_get("/", functools.partial(_file, name="index.html"))
    for name in _PAGE:
        app.router.add_get(f"/static/{name}", functools.partial(_file, name=name))
    app.router.add_get("/metrics", pages.metrics)
    app.router.add_get("/livez", pages.live)
    app.router.add_get("/readyz", pages.ready)
    app.router.add_get("/api/v1/status", pages.status)
    app.router.add_get("/api/v1/history", pages.history)
    app.router.add_get("/api/v1/live", pages.live_page.serve)
    app.router.add_get("/api/v1/changes", pages.changes)
    app.router.add_get("/api/v1/faults", pages.faults)
    app.router.add_get("/api/v1/exchanges", pages.exchanges)
    app.router.add_get("/api/v1/trail/{side:input|output}/{name:.*}", pages.trail)
    app.router.add_get("/api/v1/profile", pages.profile)
    app.router.add_get("/api/v1/features", pages.features)
    app.router.add_get("/api/v1/features/{side}/{name:.*}", pages.feature)
    app.router.add_get("/api/v1/constraints", pages.constraints)
    app.router.add_get("/api/v1/segments", pages.segments)
    app.router.add_get("/api/v1/settings", pages.settings)
    app.router.add_get("/api/v1/schema", pages.schema)
    return app


class Asked(web.RequestHandler):
    """One connection, whose malformed requests are answered as others are, and not logged: that would be an asker's log."""

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """aiohttp: what it cannot parse never becomes a request of the application."""
        response = _json(Problem("this is no request that can be understood"), status)
        response.headers.update(_HEADERS)
        response.force_close()
        return response


class _Pages:
    """The handlers; each reads the worker and formats."""

    def __init__(self, settings: Settings, worker: Worker, clock: Callable[[], float]) -> None:
        self._settings = settings
        self._worker = worker
        self._clock = clock
        self._access = Access(settings.access)
        self.live_page = LiveEvents(self._look)
        complain = functools.partial(worker.complaints.add, Part.MERGE, "merging the model's metrics")
        self._model_scraper = (
            ModelScraper(settings, lambda error: complain(error, clock())) if settings.metrics.merge else None
        )

    @web.middleware
    async def answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer errors and those who may not ask in JSON; log our own faults as the worker does."""
        refused = self._access.to_read(request.path, request.headers)
        if refused:
            response = _json(Problem(refused.detail), refused.status)
            if refused.status == 401:
                response.headers["WWW-Authenticate"] = CHALLENGE
            return response
        try:
            return await handler(request)
        except web.HTTPException as error:
            return _json(Problem(error.reason), error.status)
        except MemoryError:
            self._worker.exhausted()
            raise
        except Exception as error:  # noqa: BLE001  # a fault in a page must not stop the analysis
            self._worker.complaints.add(Part.PAGE, "admin page", error, self._clock())
            return _json(Problem("the observer failed to answer; its log says why"), 500)

    def _look(self) -> bytes:
        worker = self._worker
        known = (worker.overview(), worker.history.points, worker.memory, worker.started, self._clock())
        return msgspec.json.encode(api.look(self._settings, *known))

    async def metrics(self, request: web.Request) -> web.Response:
        accept = request.headers.get("Accept", "")
        seconds = patience(request.headers.get("X-Prometheus-Scrape-Timeout-Seconds", ""))
        merges = self._model_scraper if request.query.get("merge") != "no" else None
        merging = await merges.scrape(accept, seconds) if merges else None
        body, content_type = self._worker.metrics(accept, merging)
        return _answer(body, content_type)

    async def live(self, request: web.Request) -> web.Response:
        return _json({"status": "alive"})

    async def ready(self, request: web.Request) -> web.Response:
        reason = _unready(self._worker.last_snapshot)
        return _json({"status": reason or "ready"}, 503 if reason else 200)

    async def status(self, request: web.Request) -> web.Response:
        worker = self._worker
        now = self._clock()
        return _json(api.status(self._settings, worker.overview(), worker.history.points, worker.started, now))

    async def history(self, request: web.Request) -> web.Response:
        return _json(api.history(self._worker.history.points))

    async def changes(self, request: web.Request) -> web.Response:
        return _json(api.changes(self._worker.memory.changes))

    async def faults(self, request: web.Request) -> web.Response:
        return _json(api.faults(self._worker.complaints.last.values()))

    async def exchanges(self, request: web.Request) -> web.Response:
        return _json(api.exchanges(self._worker.memory.exchanges))

    async def trail(self, request: web.Request) -> web.Response:
        named = request.match_info
        return _json(self._worker.memory.score_history(_stream_of(request), Side(named["side"])).of(named["name"]))

    async def profile(self, request: web.Request) -> web.Response:
        """The live profile as a reference file, for `--reference` or `drift-sidecar compare`; since a time if asked for. Rare
        names are left out: whoever had their key could try names.
        """
        try:
            since = float(request.query["since"]) if "since" in request.query else None
        except ValueError:
            return _json(Problem("`since` is a time in Unix seconds"), 400)
        live = self._worker.live() if since is None else self._worker.since(since)
        if live is None:
            return _json(
                Problem("no rows were compared with a reference in that time, so there is no live profile"), 404
            )
        if live.lineage:
            by = request.query.get("by", "")[:_LONGEST_NAME]
            live = replace(live, lineage=replace(live.lineage, accepted_by=by))
        made = datetime.fromtimestamp(self._clock(), UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        named = replace(live, name=f"{self._settings.model.name} live", created=made)
        answer = _answer(dumps(named.without_rare()), "application/json")
        answer.headers["Content-Disposition"] = 'attachment; filename="live-profile.json"'
        return answer

    async def features(self, request: web.Request) -> web.Response:
        return _json(api.features(self._worker.overview().view))

    async def feature(self, request: web.Request) -> web.Response:
        named = request.match_info
        found = api.feature(self._worker.overview().view, _stream_of(request), named["side"], named["name"])
        return _json(found or Problem("the reference has no such feature"), 200 if found else 404)

    async def constraints(self, request: web.Request) -> web.Response:
        return _json(api.constraints(self._worker.overview().view))

    async def segments(self, request: web.Request) -> web.Response:
        return _json(api.segments(self._worker.overview().view))

    async def settings(self, request: web.Request) -> web.Response:
        return _json(api.effective(self._settings))

    async def schema(self, request: web.Request) -> web.Response:
        return _answer(schema_json(), "application/json")


def _stream_of(request: web.Request) -> str:
    """The stream that is asked for; without one, the primary."""
    return request.query.get("stream", "")


async def _harden(request: web.Request, response: web.StreamResponse) -> None:
    """Add the security headers to every answer, also to streams."""
    response.headers.update(_HEADERS)


async def _file(request: web.Request, name: str) -> web.Response:
    return _answer(_read(name), _PAGE[name])


@functools.cache
def _read(name: str) -> bytes:
    return (resources.files("sidecar.observer") / "page" / name).read_bytes()


def _json(value: msgspec.Struct | Mapping[str, str], status: int = 200) -> web.Response:
    return _answer(msgspec.json.encode(value), "application/json", status)


def _answer(body: bytes, content_type: str, status: int = 200) -> web.Response:
    response = web.Response(body=body, status=status, headers={"Content-Type": content_type})
    if len(body) >= _COMPRESS_BYTES:
        response.enable_compression()
    return response


def _unready(snapshot: Snapshot | None) -> str:
    """Why the sidecar is not ready, as far as the observer knows; empty if it is ready."""
    if snapshot is None:
        return "starting"
    if snapshot.draining:
        return "draining"
    return "" if snapshot.ready else "not listening"
