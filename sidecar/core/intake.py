"""From exchanges to frames: picks the decoder, takes bodies apart, counts what came of it, and complains rarely.

Nothing that a payload holds gets out of here as an exception. What frames mean is the monitor's business.
"""

from __future__ import annotations

from collections import Counter

from sidecar.core.decoder import Decoder
from sidecar.core.events import DecodeFailed
from sidecar.core.exchange import Exchange, Message, Outcome
from sidecar.core.frame import Frame
from sidecar.core.payload import payload
from sidecar.errors import DecodeError
from sidecar.settings import DecodeSettings

COMPLAINT_SECONDS = 60.0
"""A failure is told at most this often per decoder and reason."""
NOBODY = "none"
"""Label value `decoder` where no decoder claims an exchange."""
_MAX_CHOICES = 1024
"""Paths whose decoder is remembered; a client that invents paths must not fill the memory."""


class Intake:
    """Turns exchanges into frames. `results` counts messages by (decoder, result)."""

    def __init__(self, settings: DecodeSettings, decoders: tuple[Decoder, ...]) -> None:
        self.results: Counter[tuple[str, str]] = Counter()
        self._limit = settings.inflated_limit_bytes
        self._decoders = decoders
        self._choices: dict[tuple[str, str, bytes | None], Decoder | None] = {}
        self._complaints: dict[tuple[str, str], _Complaint] = {}

    def frames(self, exchange: Exchange, now: float, failures: list[DecodeFailed]) -> list[Frame]:
        """The frames of an exchange: none, its input, or its input and output. Failures are added to the list."""
        decoder = self._choose(exchange)
        if decoder is None:
            if exchange.request.body_bytes:
                self._failed(NOBODY, DecodeError("no_decoder", f"{exchange.method} {exchange.path}"), now, failures)
            return []
        whole = exchange.outcome is Outcome.COMPLETE
        frames = []
        for message, decode, wanted in (
            (exchange.request, decoder.request, True),
            (exchange.response, decoder.response, 0 < exchange.status < 400),
        ):
            if not wanted or not message.body_bytes or _was_not_chosen(message):
                continue
            try:
                frame = decode(exchange, self._payload(message, whole))
                if len(frame.values) != frame.rows * frame.width:
                    raise DecodeError("shape", f"{len(frame.values)} values for {frame.rows} x {frame.width}")
            except DecodeError as error:
                self._failed(decoder.name, error, now, failures)
            else:
                self.results[decoder.name, "ok"] += 1
                frames.append(frame)
        return frames

    def _payload(self, message: Message, whole: bool) -> bytes:
        if message.truncated or not whole:
            raise DecodeError("truncated", f"{len(message.body)} of at least {message.body_bytes} bytes were kept")
        return payload(message, self._limit)

    def _choose(self, exchange: Exchange) -> Decoder | None:
        key = (exchange.method, exchange.path, exchange.request.header(b"content-type"))
        try:
            return self._choices[key]
        except KeyError:
            pass
        if len(self._choices) >= _MAX_CHOICES:
            self._choices.clear()
        ranked = [(decoder.priority(exchange), -at, decoder) for at, decoder in enumerate(self._decoders)]
        priority, _, best = max(ranked, default=(0.0, 0, None))
        self._choices[key] = best if priority > 0 else None
        return self._choices[key]

    def _failed(self, decoder: str, error: DecodeError, now: float, failures: list[DecodeFailed]) -> None:
        key = (decoder, error.reason)
        self.results[key] += 1
        complaint = self._complaints.setdefault(key, _Complaint())
        if complaint.due(now):
            failures.append(DecodeFailed(now, decoder, error.reason, str(error), complaint.held_back))
            complaint.told(now)
        else:
            complaint.held_back += 1


class _Complaint:
    """When one kind of failure was last told, and how many were held back since."""

    def __init__(self) -> None:
        self.held_back = 0
        self._last = -float("inf")

    def due(self, now: float) -> bool:
        return now - self._last >= COMPLAINT_SECONDS

    def told(self, now: float) -> None:
        self._last = now
        self.held_back = 0


def _was_not_chosen(message: Message) -> bool:
    """Sampling left this body out: that is no failure."""
    return not message.body and not message.truncated
