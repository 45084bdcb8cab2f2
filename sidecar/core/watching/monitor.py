"""The monitor: exchanges and the time come in, events and a view go out. No socket, no clock, no log, no thread.

It takes exchanges apart (`intake`) and hands their rows to the watch of their stream (`streams`). All of them share
one budget of false alarms. Whoever runs it calls `feed_many` with what came and `tick` a few times a second.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import msgspec

from sidecar.core.reading.decoder import Decoder
from sidecar.core.reading.intake import Intake, Reading
from sidecar.core.reading.stream_keys import without_ids
from sidecar.core.reference.profile import Lineage, Profile, SideProfile
from sidecar.core.reference.profile_file import digest
from sidecar.core.watching.budget import Budget
from sidecar.core.watching.stream_watch import StreamWatch
from sidecar.core.watching.streams import Streams
from sidecar.core.words.events import DecodeFailed, Event, ExchangeSeen, ReferenceLearned, StreamsFull
from sidecar.core.words.exchange import Exchange
from sidecar.core.words.frame import Frame, Side
from sidecar.core.words.stream import Answered, StreamKey
from sidecar.core.words.view import FULL, MonitorView, UnwatchedView
from sidecar.settings import Settings

FULL_SECONDS = 60.0
"""That there are too many streams is told at most this often."""

_Waiting = dict[StreamWatch, list[list[Frame]]]
"""The frames of each exchange, by stream."""


def _result(reading: Reading | None, stream: StreamWatch | None) -> str:
    """What became of an exchange that was taken apart; one of `OBSERVED`."""
    if reading is None:
        return "empty"
    if reading.answered is not Answered.ACCEPTED:
        return "refused"
    if not reading.frames:
        return "unread" if reading.unread else "empty"
    return "analysed" if stream else "unwatched"


def _raised(error: Exception) -> None:
    raise error


class Monitor:
    """Watches all models behind one port. Times are Unix seconds and must not go back."""

    def __init__(
        self,
        settings: Settings,
        reference: Profile | None,
        decoders: tuple[Decoder, ...],
        now: float,
        label_key: bytes = b"",
        on_fault: Callable[[Exception], None] = _raised,
    ) -> None:
        """`label_key`: random bytes for the labels of learned categories; without it features that need them are not learned.
        `on_fault` is told of a fault of ours that costs an exchange; it may be raised.

        Raises SettingsError if `decode.routes` names a decoder that there is not.
        """
        self._intake = Intake(settings.decode, decoders)
        self._streams = Streams(settings, reference, Budget(settings), now, label_key)
        self._most = settings.streams.max
        self._unwatched: Counter[str] = Counter()
        self._unwatched_rows: Counter[tuple[Side, Answered]] = Counter()
        self._beyond = 0  # exchanges since that was told
        self._told = -float("inf")
        self._on_fault = on_fault
        self.results: Counter[str] = Counter()
        """Exchanges by what became of them, one of `OBSERVED`."""

    def switch(self, reference: Profile, now: float) -> list[Event]:
        """Compare with another reference from now on; nothing happens if it is the same. What was learned is dropped, except by
        streams that the reference says nothing of.
        """
        told = self._streams.switch(reference, now)
        return [event for stream, events in told for event in self._named(stream, events)]

    @property
    def reference(self) -> Profile | None:
        """What live is compared with: the file's profiles, or what was learned so far; None while there is nothing."""
        return self._gathered({stream: stream.reference for stream in self._streams.names})

    def live(self) -> Profile | None:
        """What came since the references were taken up, as profiles in their bins; None where nothing came."""
        return self._gathered({stream: stream.live() for stream in self._streams.names})

    def since(self, time: float, now: float) -> Profile | None:
        """The rows since `time` (Unix seconds) as the next reference, with their lineage; None where none came."""
        parts = {stream: stream.since(time, now) for stream in self._streams.names}
        found, reference = self._gathered(parts), self.reference
        began = [part.lineage.since for part in parts.values() if part and part.lineage]
        if not found or not reference:
            return None
        return replace(found, lineage=Lineage(digest(reference), min(began), now))

    def live_profile(self, side: Side) -> SideProfile | None:
        """What came on a side of the primary stream; None where there is no reference yet."""
        return self._streams.primary.live_profile(side) if self._streams.primary else None

    def feed(self, exchange: Exchange, now: float) -> list[Event]:
        """Take one exchange."""
        return self.feed_many((exchange,), now)

    def feed_many(self, exchanges: Iterable[Exchange], now: float) -> list[Event]:
        """Take many at once, which costs much less than one by one."""
        drifted = {stream: stream.drifted for stream in self._streams.names}
        of_all = sum(drifted.values())
        failures: list[DecodeFailed] = []
        seen: list[Event] = []
        events: list[Event] = []
        waiting: _Waiting = {}
        for exchange in exchanges:
            stream = self._read(exchange, now, waiting, failures, events)
            if stream is None:
                seen.append(ExchangeSeen(exchange, of_all))
            elif stream is self._streams.primary:
                seen.append(ExchangeSeen(exchange, drifted.get(stream, 0)))
            else:
                seen.append(ExchangeSeen(exchange, drifted.get(stream, 0), self._streams.names[stream]))
        return [*seen, *failures, *events, *self._take(waiting, now)]

    def feed_frames(self, frames: Sequence[Frame], now: float) -> list[Event]:
        """Take accepted rows that are decoded already and of no particular model or endpoint."""
        events: list[Event] = []
        reading = Reading(StreamKey(), "", Answered.ACCEPTED, list(frames))
        stream = self._streams.of(reading) or self._placed(reading, now, {}, events)
        return [*events, *self._take({stream: [reading.frames]}, now)] if stream else events

    def tick(self, now: float) -> list[Event]:
        """Do what is due by time: blocks that waited, windows that are over."""
        events = [event for one in self._streams.names for event in self._named(one, one.tick(now))]
        if self._beyond and now - self._told >= FULL_SECONDS:
            events.append(StreamsFull(now, self._most, self._beyond))
            self._told, self._beyond = now, 0
        return events

    def finish(self, now: float) -> list[Event]:
        """Close what is open; nothing is fed after it."""
        return [event for one in self._streams.names for event in self._named(one, one.finish(now))]

    def view(self) -> MonitorView:
        """Every figure as of now."""
        primary = self._streams.primary
        return MonitorView(
            streams=tuple(
                stream.view("" if stream is primary else name, name) for stream, name in self._streams.names.items()
            ),
            decoded=dict(self._intake.results),
            unwatched=UnwatchedView(dict(self._unwatched), dict(self._unwatched_rows)),
        )

    def _read(
        self, exchange: Exchange, now: float, waiting: _Waiting, failures: list[DecodeFailed], events: list[Event]
    ) -> StreamWatch | None:
        """The stream of an exchange, whose rows wait for it then. A fault costs this exchange and no other."""
        try:
            reading = self._intake.read(exchange, now, failures)
            stream = self._sort(reading, exchange, now, waiting, events) if reading else None
        except MemoryError:  # not this exchange's alone
            raise
        except Exception as error:  # noqa: BLE001  # whatever a message brings about
            self._fail(error, f"of {exchange.method} {without_ids(exchange.path)}")
            return None
        self.results[_result(reading, stream)] += 1
        return stream

    def _fail(self, error: Exception, what: str) -> None:
        self.results["error"] += 1
        error.add_note(what)
        self._on_fault(error)

    def _sort(
        self, reading: Reading, exchange: Exchange, now: float, waiting: _Waiting, events: list[Event]
    ) -> StreamWatch | None:
        """The stream of an exchange, whose rows wait for it then; what has none, or was not accepted, is counted."""
        stream = self._streams.of(reading) or self._placed(reading, now, waiting, events)
        if reading.unread and (expected := stream or self._streams.expected(reading)):
            expected.count_unread(reading.unread)
        if stream is None:
            self._count_unwatched(reading)
        elif reading.answered is Answered.ACCEPTED:
            waiting.setdefault(stream, []).append(stream.route(exchange, reading.frames))
        else:
            stream.count(reading.answered, sum(frame.rows for frame in reading.frames))
        return stream

    def _placed(self, reading: Reading, now: float, waiting: _Waiting, events: list[Event]) -> StreamWatch | None:
        def flush() -> None:
            events.extend(self._take(waiting, now))
            waiting.clear()

        stream, told = self._streams.place(reading, now, flush)
        events += self._named(stream, told) if stream else told
        return stream

    def _take(self, waiting: _Waiting, now: float) -> list[Event]:
        events: list[Event] = []
        for stream, exchanges in waiting.items():
            found = self._taken(stream, exchanges, now)
            if any(isinstance(event, ReferenceLearned) for event in found):
                self._streams.learned(stream)
            events += self._named(stream, found)
        return events

    def _taken(self, stream: StreamWatch, exchanges: list[list[Frame]], now: float) -> list[Event]:
        """What a stream says of the rows of exchanges: of all at once, or if that raises of each by itself."""
        try:
            return stream.take([frame for frames in exchanges for frame in frames], now)
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001  # as in `_read`
            if len(exchanges) > 1:
                return [event for one in exchanges for event in self._taken(stream, [one], now)]
            self.results["analysed"] -= 1
            self._fail(error, f"in rows of {' and '.join(str(frame.width) for frame in exchanges[0])} columns")
            return []

    def _named(self, stream: StreamWatch, events: list[Event]) -> list[Event]:
        """The events of a stream, with its name; those of the primary one carry none."""
        if stream is self._streams.primary:
            return events
        name = self._streams.names[stream]
        return [event if event.stream else msgspec.structs.replace(event, stream=name) for event in events]

    def _count_unwatched(self, reading: Reading) -> None:
        if not reading.frames:
            return  # nothing was read, and why is counted already
        accepted = reading.answered is Answered.ACCEPTED
        self._unwatched[FULL if accepted else reading.answered.value] += 1
        self._beyond += accepted
        for frame in reading.frames:
            self._unwatched_rows[frame.side, reading.answered] += frame.rows

    def _gathered(self, profiles: dict[StreamWatch, Profile | None]) -> Profile | None:
        """One profile of the streams that have one; the primary's stands at the top."""
        primary = self._streams.primary
        found = {self._streams.names[one]: profile for one, profile in profiles.items() if profile}
        first = found.pop(self._streams.names[primary], None) if primary else None
        return Profile((first or Profile()).sides, streams=found) if first or found else None
