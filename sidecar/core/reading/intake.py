"""From exchanges to frames: picks the decoder, unpacks bodies, counts results, and reports failures at a bounded rate.

It also says to which stream an exchange belongs and what became of its request, since the same heads tell that. No payload can
raise an exception through here. The monitor interprets the frames.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from sidecar.core.reading.classes import with_classes
from sidecar.core.reading.decoder import Decoder
from sidecar.core.reading.decoders import DECODERS
from sidecar.core.reading.decoders import decoders as make_decoders
from sidecar.core.reading.decoders.csv import Csv
from sidecar.core.reading.decoders.generic_json import GenericJson
from sidecar.core.reading.decoders.json_lines import JsonLines
from sidecar.core.reading.inference_like import GUESS, looks_like_inference, reads_as_request
from sidecar.core.reading.payload import payload
from sidecar.core.reading.statuses import Statuses
from sidecar.core.reading.stream_keys import Place, StreamKeys, body_model, without_ids
from sidecar.core.words.events import DecodeFailed
from sidecar.core.words.exchange import Exchange, Message
from sidecar.core.words.frame import Frame, Side
from sidecar.core.words.lookalikes import scrubbed
from sidecar.core.words.stream import Answered, StreamKey
from sidecar.errors import DecodeError, SettingsError
from sidecar.settings import DecodeSettings, RouteSettings

COMPLAINT_SECONDS = 60.0
"""A failure is reported at most this often per decoder and reason."""
NOBODY = "none"
"""Label value `decoder` if no decoder claims an exchange."""
_BOTH = len(Side)
_MAX_CHOICES = 1024
_REMEMBERED_BYTES = 2048
"""Bounds of the cache of decoders by head: clients repeat heads, and may also send any number of different ones."""


class Reading(msgspec.Struct, frozen=True, gc=False):
    """An exchange taken apart: its stream, what became of its request, and its frames (input, output)."""

    key: StreamKey
    declared: str
    """The template of `decode.routes` that it is of; empty if none."""
    answered: Answered
    frames: list[Frame]
    unread: tuple[Side, ...] = ()
    """The sides of an accepted exchange that were sent and could not be read."""


class _Choice(NamedTuple):
    decoder: Decoder
    place: Place
    guessed: bool
    """Nobody declared it: it counts only if it looks like an inference."""


class Intake:
    """Turns exchanges into frames. `results` counts messages by (decoder, result)."""

    def __init__(self, settings: DecodeSettings, decoders: tuple[Decoder, ...]) -> None:
        """Raises SettingsError if a route names a decoder that there is not."""
        self.results: Counter[tuple[str, str]] = Counter()
        self._limit = settings.inflated_limit_bytes
        self._statuses = Statuses(settings.statuses)
        self._keys = StreamKeys((template, route.model) for template, route in settings.routes.items())
        self._decoders = decoders
        self._routes = {
            template: (_checked(template, route), make_decoders(settings_of(settings, template)))
            for template, route in settings.routes.items()
        }
        self._choices: dict[bytes, _Choice | None] = {}  # by the request's head
        self._complaints: dict[tuple[str, str], _Complaint] = {}

    def read(self, exchange: Exchange, now: float, failures: list[DecodeFailed]) -> Reading | None:
        """An exchange taken apart; None where no decoder claims it and nothing was sent. Failures are added to the list."""
        request = exchange.request
        try:
            choice = self._choices[request.head]
        except KeyError:
            choice = self._choose(exchange)
        if choice is None:
            return self._unclaimed(exchange, now, failures) if request.body_bytes else None
        decoder, place, _ = choice
        answered = self._statuses.answered(exchange)
        frames, errors = self._frames(choice, answered, exchange)
        for error in errors:
            self._failed(decoder.name, error, exchange, now, failures)
        unread: tuple[Side, ...] = ()
        if answered is Answered.ACCEPTED:
            self._count(decoder.name, frames, exchange, now, failures)
            unread = _unread(exchange, frames) if len(frames) < _BOTH else ()
        key = self._by_body(place.key, request) if place.by_body else place.key
        return Reading(key, place.declared, answered, frames, unread)

    def _unclaimed(self, exchange: Exchange, now: float, failures: list[DecodeFailed]) -> Reading:
        """What no decoder claims was not read."""
        self._failed(NOBODY, DecodeError("no_decoder", _told(exchange)), exchange, now, failures)
        place, answered = self._keys.place(exchange), self._statuses.answered(exchange)
        unread = (Side.INPUT,) if answered is Answered.ACCEPTED else ()
        return Reading(place.key, "", answered, [], unread)

    def _frames(self, choice: _Choice, answered: Answered, exchange: Exchange) -> tuple[list[Frame], list[DecodeError]]:
        """What can be read, and what cannot; of what nobody declared only what looks like an inference."""
        if answered is not Answered.ACCEPTED:
            return self._not_accepted(choice, exchange, answered), []
        frames, errors = self._read(choice.decoder, exchange)
        if not choice.guessed or looks_like_inference(exchange, frames):
            return frames, errors
        if frames and not errors:
            errors.append(DecodeError("not_inference", _told(exchange)))
        return [], errors

    def _read(self, decoder: Decoder, exchange: Exchange) -> tuple[list[Frame], list[DecodeError]]:
        """What a decoder reads of both messages, and what it does not."""
        frames: list[Frame] = []
        errors: list[DecodeError] = []
        for message, decode in ((exchange.request, decoder.request), (exchange.response, decoder.response)):
            if not message.body and not message.truncated:
                continue  # nothing was sent, or it was not sampled: no failure
            try:
                frame = decode(exchange, payload(message, self._limit))
                if message is exchange.response:
                    frame = _of_answer(frame, frames)
                frames.append(frame)
            except DecodeError as error:
                errors.append(error)
        return frames, errors

    def _count(
        self, name: str, frames: list[Frame], exchange: Exchange, now: float, failures: list[DecodeFailed]
    ) -> None:
        whole = 0
        for frame in frames:
            if frame.lost is None:
                whole += 1
            else:
                self._failed(name, DecodeError("partial", frame.lost.first), exchange, now, failures)
        if whole:
            self.results[name, "ok"] += whole

    def _not_accepted(self, choice: _Choice, exchange: Exchange, answered: Answered) -> list[Frame]:
        """The input alone, to be counted. One that cannot be read is no failure of ours: that may be why it was refused."""
        decoder, request = choice.decoder, exchange.request
        if not request.body and not request.truncated:
            return []
        try:
            frame = decoder.request(exchange, payload(request, self._limit))
        except DecodeError:
            self.results[decoder.name, answered.value] += 1
            return []
        if choice.guessed and not reads_as_request(exchange, frame):
            self.results[decoder.name, "not_inference"] += 1
            return []
        self.results[decoder.name, "ok" if frame.lost is None else "partial"] += 1
        return [frame]

    def _by_body(self, key: StreamKey, request: Message) -> StreamKey:
        try:
            return key._replace(model=body_model(payload(request, self._limit)))
        except DecodeError:
            return key

    def _choose(self, exchange: Exchange) -> _Choice | None:
        place = self._keys.place(exchange)
        route = self._routes.get(place.declared)
        decoder, priority = (_of_route(*route, exchange), 1.0) if route else _surest(self._decoders, exchange)
        guessed = priority <= GUESS
        chosen = _Choice(decoder, place, guessed) if decoder else None
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
            failures.append(
                DecodeFailed(now, decoder, error.reason, scrubbed(str(error)), complaint.held_back, trace_id)
            )
            complaint.mark_reported(now)
        else:
            complaint.held_back += 1


def _unread(exchange: Exchange, frames: Sequence[Frame]) -> tuple[Side, ...]:
    """The sides of which something was sent, and nothing was read."""
    sent = ((Side.INPUT, exchange.request), (Side.OUTPUT, exchange.response))
    read = {frame.side for frame in frames}
    return tuple(side for side, message in sent if (message.body or message.truncated) and side not in read)


def _of_answer(frame: Frame, asked: list[Frame]) -> Frame:
    """An answer with the classes that its probabilities are of; `asked` are the rows of its request, if they could be read."""
    if frame.width == 1 and frame.rows == 1:
        return frame
    return with_classes(frame, asked[0].rows if asked and asked[0].lost is None else None)


def _told(exchange: Exchange) -> str:
    """Method and path for a complaint, without what clients put into the path."""
    return f"{exchange.method} {without_ids(exchange.path)}"


def _checked(template: str, route: RouteSettings) -> RouteSettings:
    known = sorted(make.name for make in DECODERS)
    if route.decoder and route.decoder not in known:
        what = f"decode.routes: {template}: decoder = {route.decoder!r}"
        raise SettingsError(what, "is no decoder", f"Known are {', '.join(known)}")
    return route


def settings_of(settings: DecodeSettings, template: str) -> DecodeSettings:
    """The settings for a route of `decode.routes`: its own where it has them. The template may be none of them."""
    route = settings.routes.get(template)
    if route is None:
        return settings
    pointers = route if route.has_pointers else settings
    return msgspec.structs.replace(
        settings,
        rows_pointer=pointers.rows_pointer,
        names_pointer=pointers.names_pointer,
        predictions_pointer=pointers.predictions_pointer,
        feature_names=route.feature_names or settings.feature_names,
        paths=(),
    )


def _of_route(route: RouteSettings, decoders: Sequence[Decoder], exchange: Exchange) -> Decoder | None:
    """The decoder of a declared route: the named one, or the one that reads pointers, unless the request is CSV or JSON Lines."""
    surest, _ = _surest(decoders, exchange)
    if exchange.method not in ("POST", "PUT"):
        return surest
    if surest is None:
        surest = next(one for one in decoders if one.name == GenericJson.name)
    named = route.decoder or (
        GenericJson.name if route.has_pointers and not isinstance(surest, Csv | JsonLines) else ""
    )
    return next((one for one in decoders if one.name == named), surest)


def _surest(decoders: Sequence[Decoder], exchange: Exchange) -> tuple[Decoder | None, float]:
    """The decoder with the highest priority, and that; None where none claims the exchange."""
    ranked = [(decoder.priority(exchange), -at, decoder) for at, decoder in enumerate(decoders)]
    priority, _, best = max(ranked, default=(0.0, 0, None))
    return (best if priority > 0 else None), priority


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
