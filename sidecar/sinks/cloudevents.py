"""The CloudEvents sink: a request and a response event of each chosen exchange, posted as KServe's logger does. See
docs/captures.md.

Events wait in memory, or in a spool that outlives a restart, until the receiver has them; a thread posts.
`capturing.cloud_events` says what they look like, and `core.reading.capture` what of an exchange may be in them.
"""

from __future__ import annotations

import random
import socket
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from sidecar.capturing.chosen import Chosen
from sidecar.capturing.cloud_events import Origin, events
from sidecar.capturing.courier import Answer, Courier, Delivery
from sidecar.capturing.disk import DiskMark
from sidecar.capturing.http_post import Poster
from sidecar.capturing.outbox import MemoryOutbox, Outbox
from sidecar.capturing.outcomes import Outcomes
from sidecar.capturing.spool import Spool
from sidecar.core.reading.capture import encode
from sidecar.core.words.events import Event, ExchangeSeen
from sidecar.errors import DataError, SettingsError
from sidecar.plain_text import told, without_credentials
from sidecar.settings import CloudEventsSettings, Settings
from sidecar.sink import FLUSH_SHARE

_WAITING = 1_000
_WAITING_BYTES = 8_388_608
"""Of what waits in memory; both bound it."""
_FOR_ITS_CONTENT = frozenset({400, 413, 415, 422})
"""Statuses that the same event would get again, whoever mends the receiver."""


def make(settings: Settings) -> CloudEvents:
    """The sink for these settings. Raises SettingsError for a bad URL, or a spool that cannot be written."""
    of = settings.cloudevents
    source = f"/models/{quote(settings.model.name, safe='')}/pods/{quote(socket.gethostname(), safe='')}"
    origin = Origin(source, of.service or settings.model.name, of.namespace, of.component, of.endpoint)
    try:
        poster = Poster(of.url, of.timeout_seconds)
    except ValueError as error:
        fix = "Give the whole URL, e.g. `http://receiver.monitoring/`"
        raise SettingsError("cloudevents.url", f"{without_credentials(of.url)!r} {error}", fix) from error
    chosen = Chosen(of, settings.capture.mask, random.Random())
    return CloudEvents(chosen, _outbox(of), poster, origin, settings.drain.flush_seconds * FLUSH_SHARE)


class CloudEvents:
    """Chooses exchanges and hands their lines to a courier."""

    name = "cloudevents"
    every_exchange = True

    def __init__(self, chosen: Chosen, outbox: Outbox, poster: Poster, origin: Origin, flush_seconds: float) -> None:
        outcomes = Outcomes(self.name)
        self.results: Mapping[str, int] = outcomes.results
        self._chosen = chosen
        self._poster = poster
        self._origin = origin
        self._flush_seconds = flush_seconds
        self._courier = Courier(outbox, self._deliver, outcomes, self.name)

    def handle(self, event: Event) -> None:
        """Take a line, if the event is an exchange and it is chosen."""
        if isinstance(event, ExchangeSeen) and (record := self._chosen.record(event.exchange)) is not None:
            self._courier.put(encode(record))

    def flush(self) -> None:
        """Send what waits, as far as the time allows."""
        self._courier.close(self._flush_seconds)
        self._poster.close()

    def _deliver(self, line: bytes) -> Delivery:
        """Both events of an exchange; if the second is not taken, both are sent again."""
        try:
            pair = events(line, self._origin)
        except DataError as error:
            return Delivery(Answer.REFUSED, told(error))
        try:
            for event in pair:
                status = self._poster.post(event.headers, event.body)
                if not 200 <= status < 300:
                    refused = status in _FOR_ITS_CONTENT
                    return Delivery(Answer.REFUSED if refused else Answer.AWAY, f"the receiver answered {status}")
        except OSError as error:
            return Delivery(Answer.AWAY, told(error))
        return Delivery(Answer.TAKEN)


def _outbox(settings: CloudEventsSettings) -> Outbox:
    if not settings.spool:
        return MemoryOutbox(_WAITING, _WAITING_BYTES)
    try:
        return Spool(Path(settings.spool), settings.max_bytes, DiskMark(settings.spool, settings.min_free_ratio))
    except OSError as error:
        fix = "Give a directory that the sidecar may write to"
        raise SettingsError("cloudevents.spool", f"{settings.spool} cannot be used ({error.strerror})", fix) from error
