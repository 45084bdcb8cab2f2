"""What the sinks that send over OTLP share: the resource that names us, and a sender that counts what became of each batch.

The SDK encodes and sends, in threads of its own. A collector that fails or hangs loses what was to be sent, which is
counted, and affects nothing else. The neighbours are the `otlp` modules in `sidecar/sinks`.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.util.types import AttributeValue

from sidecar.errors import SettingsError
from sidecar.plain_text import told, without_credentials
from sidecar.rationed import Rationed
from sidecar.settings import ModelSettings

TIMEOUT_SECONDS = 5.0

_log = logging.getLogger("sidecar.export")


def check(setting: str, endpoint: str) -> None:
    """Raise SettingsError if `endpoint`, the value of `setting`, is not a URL."""
    if not endpoint.startswith(("http://", "https://")):
        mend = "Give the whole URL, e.g. `http://otel-collector:4318/v1/traces`, with grpc `http://otel-collector:4317`"
        raise SettingsError(setting, f"{without_credentials(endpoint)!r} is no http or https URL", mend)
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)  # it logs each failure; we ration and count


def resource(model: ModelSettings) -> Resource:
    """The resource of all that is sent: the model is the service. `OTEL_RESOURCE_ATTRIBUTES` and `OTEL_SERVICE_NAME` win."""
    ours: dict[str, AttributeValue] = {"service.name": model.name, "model.name": model.name}
    if model.version:
        ours |= {"service.version": model.version, "model.version": model.version}
    return Resource.create(ours).merge(OTELResourceDetector().detect())


class Counted:
    """Sends batches, counts what was sent and what failed, and logs failures at most once a minute.

    `made` is written by the owner's thread, everything else by the thread that sends.
    """

    def __init__(self, what: str, send: Callable[[Sequence[Any]], bool]) -> None:
        """`what` names the content of a batch, e.g. `spans`; `send` returns whether the collector took it."""
        self.results: Counter[str] = Counter()
        self.made = 0
        self._what = what
        self._send = send
        self._settled = 0
        self._failures = Rationed(_log)
        self._given_up = False

    @property
    def waiting(self) -> int:
        """How many were made and have neither been sent nor failed yet."""
        return self.made - self._settled

    def send(self, batch: Sequence[Any]) -> bool:
        """Send a batch; an exception is a failure like any other."""
        why = "the collector did not take them"
        try:
            taken = self._send(batch)
        except Exception as caught:  # noqa: BLE001  # whatever the exporter's network brings
            taken, why = False, told(caught)
        if not self._given_up:
            self._settled += len(batch)
            self.results["sent" if taken else "failed"] += len(batch)
            if not taken:
                self._failures.warn(f"{len(batch)} {self._what} could not be sent: {why}")
        return taken

    def close(self, end: Callable[[], object], seconds: float) -> None:
        """Call `end`, which sends what waits, for at most so many seconds; what is still waiting then counts as failed."""
        # The SDK's shutdown waits for an export under way, however long; a daemon thread can be left behind.
        closing = threading.Thread(target=end, name=f"end of {self._what}", daemon=True)
        closing.start()
        closing.join(seconds)
        self._given_up = True
        self.results["failed"] += self.waiting
        self._settled = self.made
