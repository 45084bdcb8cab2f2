"""A cluster on which nothing is wrong, and how to put pods and webhooks on it."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from harness.apiserver import CONFIGS, SLICES, ApiServer, running
from sidecar.inject.certificates import CertificateState, advance
from sidecar.inject.options import Options
from sidecar.inject.patch import inject
from tests.inject.test_review import POD

Json = dict[str, Any]
SECRET, CONFIG = "/api/v1/namespaces/system/secrets/hook-tls", f"{CONFIGS}/drift-sidecar-webhook"
NAMES = ["hook.system.svc"]


def made(days_ago: float = 0.0) -> CertificateState:
    return advance(None, NAMES, b"", datetime.now(UTC) - timedelta(days=days_ago))


def text(pem: bytes) -> str:
    return base64.b64encode(pem).decode()


def put_webhook(api: ApiServer, kept: CertificateState, bundle: bytes) -> None:
    client = {"service": {"name": "hook", "namespace": "system"}, **({"caBundle": text(bundle)} if bundle else {})}
    api.put(CONFIG, {"webhooks": [{"name": "open", "clientConfig": client}]})
    api.put(SECRET, {"data": {"tls.crt": text(kept.leaf.certificate)}})


def put_pod(api: ApiServer, name: str, thing: Json) -> None:
    metadata = {**thing.get("metadata", {}), "namespace": "fraud"}
    api.put(f"/api/v1/namespaces/fraud/pods/{name}", {**thing, "metadata": metadata})


@contextmanager
def cluster_in_order(folder: Path) -> Iterator[ApiServer]:
    """A cluster on which nothing is wrong."""
    with running(folder) as server:
        kept = made()
        put_webhook(server, kept, kept.bundle)
        server.put(
            f"{SLICES}/hook-1", {"endpoints": [{"conditions": {"ready": True}}, {"conditions": {"ready": False}}]}
        )
        server.put("/api/v1/namespaces/fraud", {"metadata": {"labels": {"drift-sidecar/inject": "enabled"}}})
        server.put("/api/v1/namespaces/system", {"metadata": {"labels": {}}})
        put_pod(server, "with", inject(POD, Options()).pod)
        yield server
