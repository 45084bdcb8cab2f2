from __future__ import annotations

import asyncio
import random
import re
from hashlib import sha256
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson
import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer
from yarl import URL

from harness.observed import SEGMENTED, SETTINGS, STARTED, drifted_monitor, monitor, reference, snapshot
from harness.profiles import frame
from sidecar.core.reference.builder import Builder, Recount
from sidecar.core.reference.choices import Choices
from sidecar.core.reference.profile_file import loads
from sidecar.core.watching.monitor import Monitor
from sidecar.core.words.frame import Side
from sidecar.core.words.snapshot import Snapshot
from sidecar.observer.admin import make_app
from sidecar.observer.complaints import Complaints
from sidecar.observer.worker import Worker
from sidecar.settings import Settings, TraceSettings
from sidecar.sinks.prometheus import PrometheusSink

HOSTILE = '"><script>alert(1)</script>/../%2e ?#&'
UPLOT = "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f"
"""SHA-256 of dist/uPlot.iife.min.js of npm's uplot 1.6.32."""


def get(
    path: str | URL,
    machine: Monitor | None = None,
    last: Snapshot | None = None,
    settings: Settings = SETTINGS,
    **options: Any,
) -> tuple[ClientResponse, bytes]:
    """One answer of the admin server, asked over a real connection."""
    worker = Worker(machine or monitor(), [PrometheusSink(settings)], lambda: STARTED, Complaints())
    if last is not None:
        worker.snapshot(last)

    async def ask() -> tuple[ClientResponse, bytes]:
        async with TestClient(TestServer(make_app(settings, worker, lambda: STARTED))) as client:
            response = await client.request(options.pop("method", "GET"), path, **options)
            return response, await response.read()

    return asyncio.run(ask())


def get_json(path: str | URL, **options: Any) -> Any:
    response, body = get(path, **options)
    assert response.content_type == "application/json"
    return orjson.loads(body)


def test_the_page_and_all_its_parts_are_served() -> None:
    _, page = get("/")
    parts = set(re.findall(r'(?:href|src)="(static/[^"]+)"', page.decode()))
    assert {"static/page.css", "static/page.js", "static/uplot.js", "static/icon.svg"} <= parts
    for part in parts:
        response, body = get(f"/{part}")
        assert response.status == 200, part
        assert body


def test_every_answer_forbids_foreign_and_inline_code_and_markup_made_of_text() -> None:
    for path in ("/", "/static/page.js", "/metrics", "/api/v1/status", "/absent"):
        response, _ = get(path)
        policy = response.headers["Content-Security-Policy"].split("; ")
        assert policy[0] == "default-src 'none'"
        assert {"script-src 'self'", "style-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"} <= set(policy)
        assert policy[-2:] == ["require-trusted-types-for 'script'", "trusted-types 'none'"]
        assert "unsafe" not in str(policy)
        assert response.headers["X-Content-Type-Options"] == "nosniff"


def page_files() -> dict[str, str]:
    folder = resources.files("sidecar.observer") / "page"
    return {path.name: path.read_text() for path in folder.iterdir() if path.is_file()}


def test_the_page_is_small_names_nobody_outside_and_has_no_inline_code() -> None:
    files = page_files()
    assert sum(len(text.encode()) for text in files.values()) < 150_000
    known = {"http://www.w3.org/2000/svg", "https://github.com/leeoniya/uPlot"}  # a name, and the head of the library
    for name, text in files.items():
        assert set(re.findall(r"https?://[^\s\"'<>)]+", text)) <= known, name
        assert not re.search(r"[\"'(=]//\w", text), name
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", files["index.html"])


def test_no_script_makes_markup_or_code_of_text() -> None:
    scripts = {name: text for name, text in page_files().items() if name.endswith(".js")}
    assert len(scripts) > 5
    for name, text in scripts.items():
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text), (
            name
        )


def test_the_plotting_library_is_the_release_that_it_says_and_brings_its_licence() -> None:
    files = page_files()
    assert files["uplot.js"].startswith("/*! https://github.com/leeoniya/uPlot (v1.6.32) */")
    assert sha256(files["uplot.js"].encode()).hexdigest() == UPLOT
    assert "The MIT License" in files["uplot.LICENSE.txt"]


def test_every_file_of_the_page_can_be_asked_for_and_no_other() -> None:
    folder = resources.files("sidecar.observer") / "page"
    for file in folder.iterdir():
        assert get(f"/static/{file.name}")[0].status == 200, file.name
    for path in ("/static/../worker.py", "/static/%2e%2e/worker.py", "/static/", "/static/__init__.py"):
        assert get(path)[0].status == 404, path


def test_status_says_how_traffic_and_model_are() -> None:
    status = get_json("/api/v1/status", machine=drifted_monitor(), last=snapshot(100))
    assert status["model"] == {"name": "loans", "version": "7", "upstream": "127.0.0.1:8080"}
    assert status["traffic"]["requests"][0]["count"] == 100
    assert status["traffic"]["latency_seconds"]["p50"] == pytest.approx(0.0175)
    assert [(side["side"], side["rows_total"], side["drifted"]) for side in status["sides"]] == [
        ("input", 3000, 1),
        ("output", 3000, 0),
    ]


def test_status_before_the_first_snapshot_has_no_traffic() -> None:
    assert get_json("/api/v1/status")["traffic"] is None


def test_features_are_listed_with_their_verdicts() -> None:
    features = get_json("/api/v1/features", machine=drifted_monitor())["features"]
    assert {one["feature"]: one["state"] for one in features if one["side"] == "input"} == {
        "age": "drift",
        "income": "ok",
    }
    assert features[0]["scores"]["psi"]["rows"] > 0


def test_a_feature_has_its_bins_with_both_shares() -> None:
    feature = get_json("/api/v1/features/input/age", machine=drifted_monitor())
    assert sum(one["reference_ratio"] for one in feature["bins"]) == pytest.approx(1)
    assert sum(one["live_ratio"] for one in feature["bins"]) == pytest.approx(1)
    assert sum(one["live_rows"] for one in feature["bins"]) == 3000


@pytest.mark.parametrize("name", [HOSTILE, "", "a/b", "größe", "%41"])
def test_a_feature_of_any_name_can_be_asked_for(name: str) -> None:
    machine = monitor(reference((name, "income")))
    path = URL(f"/api/v1/features/input/{quote(name, safe='')}", encoded=True)
    assert get_json(path, machine=machine)["feature"] == name


def test_an_unknown_feature_is_404() -> None:
    response, _ = get("/api/v1/features/input/absent")
    assert response.status == 404


def test_without_history_nothing_is_told_of_it() -> None:
    assert get_json("/api/v1/changes") == {"changes": []}
    assert get_json("/api/v1/exchanges") == {"exchanges": []}
    assert get_json("/api/v1/trail/input/age")["at"] == []
    assert get("/api/v1/trail/sideways/age")[0].status == 404


def test_the_live_profile_is_a_reference_of_what_came() -> None:
    machine = drifted_monitor()
    response, body = get("/api/v1/profile", machine=machine)
    assert response.headers["Content-Disposition"] == 'attachment; filename="live-profile.json"'
    made = loads(body)
    assert (made.name, made.created) == ("loans live", "2023-11-14T22:13:20Z")
    for side in Side:
        live = machine.live_profile(side)
        assert live is not None
        assert made.sides[side].counts.tolist() == live.counts.tolist()
        assert made.sides[side].features == live.features


def test_the_live_profile_has_no_rare_names_nor_their_key_and_compares_with_the_reference() -> None:
    rng = random.Random(5)
    column = [*rng.choices(["red", "blue"], k=960), *[f"shade {at % 20}" for at in range(40)]]
    secret = "0123456789abcdef" * 2
    builder = Builder(Choices(secret=secret))
    rows = frame({"colour": column, "x": [rng.gauss(0, 1) for _ in column]})
    builder.add(rows)
    recount = Recount(builder.build(), own=True)
    recount.add(rows)
    reference = recount.profile()
    machine = monitor(reference)
    new = [*rng.choices(["red", "blue"], k=480), *[f"shade {at % 20}" for at in range(16)], *["mauve"] * 4]
    machine.feed_frames([frame({"colour": new, "x": [rng.gauss(0, 1) for _ in new]})], STARTED)
    machine.tick(STARTED + 61)

    _, body = get("/api/v1/profile", machine=machine)

    feature = reference.sides[Side.INPUT].features[0]
    assert feature.rare_secret == secret
    assert len(feature.rare) == 20
    text = body.decode()
    assert secret not in text
    assert not any(f'"{key}"' in text for key in feature.rare)
    made = loads(body).sides[Side.INPUT]
    assert made.counts[0, made.features[0].other] == 20
    assert made.features == reference.without_rare().sides[Side.INPUT].features


def test_there_is_no_live_profile_before_there_are_rows() -> None:
    response, body = get("/api/v1/profile")
    assert response.status == 404
    assert b"no rows" in body


def test_segments_are_listed_with_what_they_are_compared_with_and_what_drifts() -> None:
    assert get_json("/api/v1/segments") == {"segments": []}
    segments = get_json("/api/v1/segments", machine=drifted_monitor(SEGMENTED))["segments"]
    assert [(one["segment"], one["side"]) for one in segments] == [
        ("acme", "input"), ("other", "input"), ("acme", "output"), ("other", "output"),
    ]  # fmt: skip
    assert [(one["rows_total"], one["reference"], one["drifted"]) for one in segments[:2]] == [
        (0, "whole", []), (3000, "whole", ["age"]),
    ]  # fmt: skip


def test_settings_are_shown_without_the_password_of_an_endpoint() -> None:
    settings = Settings(trace=TraceSettings(endpoint="https://me:hush@collector:4318/v1/traces?key=hush"))
    _, body = get("/api/v1/settings", settings=settings)
    assert b"hush" not in body
    assert orjson.loads(body)["trace"]["endpoint"] == "https://collector:4318/v1/traces"


def test_the_api_describes_itself() -> None:
    document = get_json("/api/v1/schema")
    assert document["openapi"] == "3.1.0"
    assert set(document["paths"]) >= {"/api/v1/status", "/api/v1/features/{side}/{name}"}


def test_metrics_are_openmetrics_for_who_asks() -> None:
    response, body = get("/metrics", headers={"Accept": "application/openmetrics-text;version=1.0.0"})
    assert response.headers["Content-Type"].startswith("application/openmetrics-text")
    assert body.endswith(b"# EOF\n")
    assert get("/metrics")[0].headers["Content-Type"].startswith("text/plain")


@pytest.mark.parametrize(
    ("last", "status"),
    [
        (None, 503),
        (snapshot(), 200),
        (snapshot(draining=True), 503),
        (snapshot(ready=False), 503),
    ],
    ids=["starting", "ready", "draining", "not listening"],
)
def test_ready_is_what_the_last_snapshot_says(last: Snapshot | None, status: int) -> None:
    assert get("/readyz", last=last)[0].status == status
    assert get("/livez", last=last)[0].status == 200


def test_the_documentation_names_every_path_of_the_api_and_no_other() -> None:
    worker = Worker(monitor(), [PrometheusSink(SETTINGS)], lambda: STARTED, Complaints())
    routes = (resource.canonical for resource in make_app(SETTINGS, worker, lambda: STARTED).router.resources())
    page = (Path(__file__).parents[2] / "docs" / "live-page.md").read_text()
    documented = re.findall(r"^\| `(/api/v1/[^`]+)`", page, re.MULTILINE)
    assert sorted(documented) == sorted(route for route in routes if route.startswith("/api/"))


def test_nothing_can_be_changed() -> None:
    for path in ("/", "/metrics", "/api/v1/settings", "/api/v1/features/input/age"):
        assert get(path, method="POST")[0].status == 405


@pytest.mark.parametrize("path", ["/metrics", "/api/v1/live"])
def test_a_fault_of_a_page_is_a_500_that_is_complained_about(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = monitor()
    monkeypatch.setattr(machine, "view", lambda: 1 / 0)
    response, body = get(path, machine=machine)
    assert response.status == 500
    assert b"ZeroDivisionError" not in body


def test_long_answers_are_compressed_for_who_can_read_that() -> None:
    response, _ = get("/metrics", headers={"Accept-Encoding": "gzip"})
    assert response.headers["Content-Encoding"] == "gzip"
