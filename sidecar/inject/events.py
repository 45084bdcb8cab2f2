"""Kubernetes Events about pods that got no sidecar: `kubectl describe` shows them where people look.

Nobody waits for them: they are queued, and dropped and counted if there are too many. One that says the same of the
same object has the same name, so replicas and repetitions make one Event.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections import Counter
from datetime import UTC, datetime

from sidecar.inject.cluster import Cluster, ClusterError
from sidecar.inject.shape import Json

_WAITING = 500
_MESSAGE_LENGTH = 1000
"""The API refuses messages of more than 1024 bytes."""
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,198}[a-z0-9])?")
_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_SOURCE = "drift-sidecar-webhook"


class Recorder:
    """Writes Events, one after the other."""

    def __init__(self, cluster: Cluster) -> None:
        self.results: Counter[str] = Counter()
        """Events by result: `sent`, `repeated`, `dropped`, `failed`."""
        self._cluster = cluster
        self._queue: asyncio.Queue[tuple[str, Json]] = asyncio.Queue(_WAITING)

    def note(self, namespace: str, about: Json, reason: str, message: str) -> None:
        """Say something of an object of which there is a reference; returns at once.

        The names come with a review, and so perhaps from anyone: what cannot be a name is dropped.
        """
        event = make_event(namespace, about, reason, message, datetime.now(UTC))
        if event is None or self._queue.full():
            self.results["dropped"] += 1
            return
        self._queue.put_nowait((f"/api/v1/namespaces/{namespace}/events", event))

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            path, event = await self._queue.get()
            try:
                await self._cluster.create(path, event)
                self.results["sent"] += 1
            except ClusterError as error:
                self.results["repeated" if error.status == 409 else "failed"] += 1


def make_event(namespace: str, about: Json, reason: str, message: str, now: datetime) -> Json | None:
    """An Event of the core API; None if the object's names cannot be names."""
    involved = {key: str(about.get(key) or "") for key in ("apiVersion", "kind", "name", "uid")}
    if not _NAMESPACE.fullmatch(namespace) or not _NAME.fullmatch(involved["name"]):
        return None
    content = "\n".join([*involved.values(), reason, message])
    digest = hashlib.blake2s(content.encode(), digest_size=8).hexdigest()
    at = now.isoformat(timespec="seconds").replace("+00:00", "Z")
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{involved['name']}.{digest}", "namespace": namespace},
        "involvedObject": {**involved, "namespace": namespace},
        "reason": reason,
        "message": message.encode()[:_MESSAGE_LENGTH].decode(errors="ignore"),
        "type": "Warning",
        "count": 1,
        "firstTimestamp": at,
        "lastTimestamp": at,
        "source": {"component": _SOURCE},
        "reportingComponent": _SOURCE,
        "reportingInstance": _SOURCE,
    }
