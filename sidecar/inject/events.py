"""Kubernetes Events about pods without a sidecar and Services that bypass one: `kubectl describe` shows them.

Reviews never wait for them: Events are queued, and dropped and counted when the queue is full. An owner is told each reason once
an hour, however many pods it tries, and what was told does not enter the queue, so that one busy owner takes no other's room.
An Event's name is a hash of its content, so replicas create one Event.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime

from sidecar.inject.cluster import Cluster, ClusterError
from sidecar.inject.pod import Json

_QUEUE_LENGTH = 500
_REMEMBERED = 20_000
"""Owners and reasons; the oldest are forgotten first, and may be told again."""
_TOLD_SECONDS = 3600.0
"""The API server keeps Events for an hour by default."""
_MESSAGE_LENGTH = 1000
"""Bytes; the API refuses messages of more than 1024."""
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,198}[a-z0-9])?")
_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_SOURCE = "drift-sidecar-webhook"
_Key = tuple[str, str, str, str, str]
"""Namespace, kind, name and uid of the owner, and the reason."""


class Recorder:
    """Queues Events, and writes them one after the other."""

    def __init__(self, cluster: Cluster, clock: Callable[[], float] = time.monotonic) -> None:
        self.results: Counter[str] = Counter()
        """Events by result: `sent`, `repeated`, `dropped`, `failed`."""
        self._cluster = cluster
        self._clock = clock
        self._queue: asyncio.Queue[tuple[_Key, Json]] = asyncio.Queue(_QUEUE_LENGTH)
        self._told: OrderedDict[_Key, float] = OrderedDict()
        """Until when an owner is not told a reason again."""

    def record(self, namespace: str, about: Json, reason: str, message: str) -> None:
        """Queue an Event about the object that `about` refers to, unless it was told this reason; returns at once.

        Names come with a review, so perhaps from anyone: an Event with an invalid name is dropped.
        """
        key = (namespace, str(about.get("kind")), str(about.get("name")), str(about.get("uid")), reason)
        if self._told.get(key, 0.0) > self._clock():
            self.results["repeated"] += 1
            return
        event = make_event(namespace, about, reason, message, datetime.now(UTC))
        if event is None or self._queue.full():
            self.results["dropped"] += 1
            return
        self._queue.put_nowait((key, event))
        self._told.pop(key, None)
        self._told[key] = self._clock() + _TOLD_SECONDS
        if len(self._told) > _REMEMBERED:
            self._told.popitem(last=False)

    async def run(self) -> None:
        """Write queued Events until cancelled."""
        while True:
            key, event = await self._queue.get()
            try:
                await self._cluster.create(f"/api/v1/namespaces/{key[0]}/events", event)
                self.results["sent"] += 1
            except ClusterError as error:
                known = error.status == 409
                self.results["repeated" if known else "failed"] += 1
                if not known:
                    self._told.pop(key, None)


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
