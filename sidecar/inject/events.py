"""Kubernetes Events about pods without a sidecar and Services that bypass one: `kubectl describe` shows them.

Reviews never wait for them: Events are queued, and dropped and counted when the queue is full. An Event's name is a hash of
its content, so replicas and repetitions create one Event.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections import Counter
from datetime import UTC, datetime

from sidecar.inject.cluster import Cluster, ClusterError
from sidecar.inject.pod import Json

_QUEUE_LENGTH = 500
_MESSAGE_LENGTH = 1000
"""Bytes; the API refuses messages of more than 1024."""
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,198}[a-z0-9])?")
_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_SOURCE = "drift-sidecar-webhook"


class Recorder:
    """Queues Events, and writes them one after the other."""

    def __init__(self, cluster: Cluster) -> None:
        self.results: Counter[str] = Counter()
        """Events by result: `sent`, `repeated`, `dropped`, `failed`."""
        self._cluster = cluster
        self._queue: asyncio.Queue[tuple[str, Json]] = asyncio.Queue(_QUEUE_LENGTH)

    def record(self, namespace: str, about: Json, reason: str, message: str) -> None:
        """Queue an Event about the object that `about` refers to; returns at once.

        Names come with a review, so perhaps from anyone: an Event with an invalid name is dropped.
        """
        event = make_event(namespace, about, reason, message, datetime.now(UTC))
        if event is None or self._queue.full():
            self.results["dropped"] += 1
            return
        self._queue.put_nowait((f"/api/v1/namespaces/{namespace}/events", event))

    async def run(self) -> None:
        """Write queued Events until cancelled."""
        while True:
            path, event = await self._queue.get()
            try:
                await self._cluster.create(path, event)
                self.results["sent"] += 1
            except ClusterError as error:
                self.results["repeated" if error.status == 409 else "failed"] += 1


def make_event(namespace: str, about: Json, reason: str, message: str, now: datetime) -> Json | None:
    """An Event (`v1`); None if the namespace or the object's name is invalid."""
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
