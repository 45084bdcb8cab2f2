"""From exchanges to frames: picks the decoder, unpacks bodies, counts results, and reports failures at a bounded rate.

No payload can raise an exception through here. The monitor interprets the frames.
"""

from __future__ import annotations

from collections import Counter

from sidecar.core.reading.decoder import Decoder
from sidecar.core.reading.model_versions import ModelVersions
from sidecar.core.reading.payload import payload
from sidecar.core.words.events import DecodeFailed
from sidecar.core.words.exchange import Exchange, Message, Outcome
from sidecar.core.words.frame import Frame
from sidecar.errors import DecodeError
from sidecar.settings import DecodeSettings

COMPLAINT_SECONDS = 60.0
"""A failure is reported at most this often per decoder and reason."""
NOBODY = "none"
"""Label value `decoder` if no decoder claims an exchange."""
_MAX_CHOICES = 1024
_REMEMBERED_BYTES = 2048
"""Bounds of the cache of decoders by head: clients repeat heads, and may also send any number of different ones."""


class Intake:
    """Turns exchanges into frames. `results` counts messages by (decoder, result), `model_versions` by the version they name."""

    def __init__(self, settings: DecodeSettings, decoders: tuple[Decoder, ...]) -> None:
        self.results: Counter[tuple[str, str]] = Counter()
        self.model_versions = ModelVersions()
        self._limit = settings.inflated_limit_bytes
        self._decoders = decoders
        self._choices: dict[bytes, Decoder | None] = {}  # by the request's head
        self._complaints: dict[tuple[str, str], _Complaint] = {}

    def frames(self, exchange: Exchange, now: float, failures: list[DecodeFailed]) -> list[Frame]:
        """The frames of an exchange: none, input, or input and output. Failures that are due are added to `failures`."""
        request, response = exchange.request, exchange.response
        try:
            decoder = self._choices[request.head]
        except KeyError:
            decoder = self._choose(exchange)
        frames: list[Frame] = []
        if decoder is None:
            if request.body_bytes:
                error = DecodeError("no_decoder", f"{exchange.method} {exchange.path}")
                self._failed(NOBODY, error, exchange, now, failures)
            return frames
        whole = exchange.outcome is Outcome.COMPLETE
        for message, decode in ((request, decoder.request), (response, decoder.response)):
            if not message.body and not message.truncated:
                continue  # nothing was sent, or it was not sampled: no failure
            if message is response and not 0 < exchange.status < 400:
                continue
            try:
                frame = decode(exchange, self._payload(message, whole))
            except DecodeError as error:
                self._failed(decoder.name, error, exchange, now, failures)
            else:
                frames.append(frame)
                self.results[decoder.name, "ok"] += 1
                self.model_versions.add(frame.version)
        return frames

    def _payload(self, message: Message, whole: bool) -> bytes:
        if message.truncated or not whole:
            raise DecodeError("truncated", f"{len(message.body)} of at least {message.body_bytes} bytes were kept")
        return payload(message, self._limit)

    def _choose(self, exchange: Exchange) -> Decoder | None:
        ranked = [(decoder.priority(exchange), -at, decoder) for at, decoder in enumerate(self._decoders)]
        priority, _, best = max(ranked, default=(0.0, 0, None))
        chosen = best if priority > 0 else None
        if 0 < len(exchange.request.head) <= _REMEMBERED_BYTES:
            if len(self._choices) >= _MAX_CHOICES:
                self._choices.clear()
            self._choices[exchange.request.head] = chosen
        return chosen

    def _failed(
        self, decoder: str, error: DecodeError, exchange: Exchange, now: float, failures: list[DecodeFailed]
    ) -> None:
        key = (decoder, error.reason)
        self.results[key] += 1
        complaint = self._complaints.setdefault(key, _Complaint())
        if complaint.due(now):
            trace_id = exchange.trace.trace_id if exchange.trace else ""
            failures.append(DecodeFailed(now, decoder, error.reason, str(error), complaint.held_back, trace_id))
            complaint.mark_reported(now)
        else:
            complaint.held_back += 1


class _Complaint:
    """When one kind of failure was last reported, and how many were not reported since."""

    def __init__(self) -> None:
        self.held_back = 0
        self._last = -float("inf")

    def due(self, now: float) -> bool:
        return now - self._last >= COMPLAINT_SECONDS

    def mark_reported(self, now: float) -> None:
        self._last = now
        self.held_back = 0
