"""What all sinks that send over OTLP share: who we are, how to send, and a count of what became of it.

Encoding and sending are the SDK's, in its threads. A collector that fails or hangs costs what was to be sent, which is
counted, and never more than that.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.util.types import AttributeValue

from sidecar.errors import SettingsError
from sidecar.settings import ModelSettings, without_credentials

TIMEOUT_SECONDS = 5.0
FLUSH_SHARE = 0.6
"""Share of `drain.flush_seconds` that sending may take at the end; the rest is for the other sinks."""
_COMPLAIN_SECONDS = 60.0

_log = logging.getLogger("sidecar.export")


def check(setting: str, endpoint: str) -> None:
    """Raises SettingsError if an endpoint is no URL."""
    if not endpoint.startswith(("http://", "https://")):
        mend = "Give the whole URL, e.g. `http://otel-collector:4318/v1/traces`, with grpc `http://otel-collector:4317`"
        raise SettingsError(setting, f"{without_credentials(endpoint)!r} is no http or https URL", mend)
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)  # it logs each failure; we ration and count


def resource(model: ModelSettings) -> Resource:
    """The model is the service. What the environment says (`OTEL_RESOURCE_ATTRIBUTES`, `OTEL_SERVICE_NAME`) wins."""
    ours: dict[str, AttributeValue] = {"service.name": model.name, "model.name": model.name}
    if model.version:
        ours |= {"service.version": model.version, "model.version": model.version}
    return Resource.create(ours).merge(OTELResourceDetector().detect())


class Counted:
    """Sends batches with `send`, counts what was sent and failed, and complains rarely. `made` is its owner's, the rest the
    sending thread's.
    """

    def __init__(self, what: str, send: Callable[[Sequence[Any]], bool]) -> None:
        """`what` the batches hold, e.g. `spans`; `send` says whether they were taken."""
        self.results: Counter[str] = Counter()
        self.made = 0
        self._what = what
        self._send = send
        self._settled = 0
        self._complained = float("-inf")
        self._given_up = False

    @property
    def waiting(self) -> int:
        """How many were made and are neither sent nor failed."""
        return self.made - self._settled

    def send(self, batch: Sequence[Any]) -> bool:
        """Send a batch; an exception is a failure like any other."""
        error: object = "the collector did not take them"
        try:
            taken = self._send(batch)
        except Exception as caught:  # noqa: BLE001  # whatever the exporter's network brings
            taken, error = False, caught
        if not self._given_up:
            self._settled += len(batch)
            self.results["sent" if taken else "failed"] += len(batch)
            if not taken:
                self._complain(len(batch), error)
        return taken

    def close(self, end: Callable[[], object], seconds: float) -> None:
        """Let `end` send what waits, as far as that goes in so many seconds; what is still waiting then counts as failed."""
        # The SDK's shutdown waits for an export under way, however long; a daemon thread can be left behind.
        closing = threading.Thread(target=end, name=f"end of {self._what}", daemon=True)
        closing.start()
        closing.join(seconds)
        self._given_up = True
        self.results["failed"] += self.waiting
        self._settled = self.made

    def _complain(self, count: int, error: object) -> None:
        now = time.monotonic()
        if now - self._complained >= _COMPLAIN_SECONDS:
            self._complained = now
            _log.warning("%d %s could not be sent: %s (said at most once a minute)", count, self._what, error)
